"""Typed readers of the environment. All faults are told together: variable, value and rule."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit

from common.decimals import MOST_DIGITS, is_plain, plain_text
from common.market import Market

_VERIFIER = re.compile("[0-9a-f]{64}")


class SettingsError(Exception):
    """One or more settings are wrong; the message has a line for each."""


@dataclass(frozen=True)
class ServiceSettings:
    """The settings that every service has.

    name: the service's name, as in logs and metrics.
    replica: which replica of the service this is.
    market: the market that the stack runs on.
    recycle_mib: resident memory in MiB above which the server's worker is replaced; 0 for never.
    """

    name: str
    replica: str
    market: Market
    recycle_mib: int = 0


class Reader:
    """Reads settings from `environment`, by default the process's own, and collects every fault.

    Each reader returns a usable value even for a wrong setting, so a settings object can be built in one expression.
    `check` then raises `SettingsError` with all faults.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._faults: list[str] = []

    def check(self) -> None:
        """Raises `SettingsError` when any setting read so far was wrong."""
        if self._faults:
            raise SettingsError("\n".join(self._faults))

    def fault(self, text: str) -> None:
        """Adds a fault that the caller found: variable, value and rule."""
        self._faults.append(text)

    def text(self, name: str, default: str | None = None) -> str:
        """A non-empty text; without a default it is required."""
        value = self._environment.get(name, "").strip() or default
        if value is None:
            self._faults.append(f"{name} is not set: it is required and must not be empty")
            return ""
        return value

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of the given words."""
        value = self.text(name, default)
        if value not in choices:
            self._faults.append(f"{name}={value!r}: must be one of {', '.join(choices)}")
        return value

    def integer(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        """A whole number within bounds."""
        value = self.text(name, str(default))
        digits = value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS
        if digits and at_least <= int(value) <= at_most:
            return int(value)
        self._faults.append(f"{name}={value!r}: must be a whole number from {at_least} to {at_most}")
        return default

    def decimal(
        self, name: str, default: str, *, at_most: str, above: str | None = None, at_least: str | None = None
    ) -> Decimal:
        """An exact decimal number within bounds: above `above`, or at least `at_least`."""
        value = self.text(name, default)
        if is_plain(value):
            number = Decimal(value)
            large_enough = (above is None or number > Decimal(above)) and (
                at_least is None or number >= Decimal(at_least)
            )
            if large_enough and number <= Decimal(at_most):
                return number
        low = f"above {above}" if above is not None else f"of at least {at_least}"
        self._faults.append(f"{name}={value!r}: must be a number {low} and at most {at_most}")
        return Decimal(default)

    def seconds(
        self, name: str, default: float, *, above: float = 0.0, at_least: float | None = None, at_most: float = 86_400.0
    ) -> float:
        """A duration in seconds: larger than `above`, or, where that is given, at least `at_least`."""
        low = {"above": str(above)} if at_least is None else {"at_least": str(at_least)}
        return float(self.decimal(name, plain_text(Decimal(str(default))), at_most=str(at_most), **low))

    def names(self, name: str, default: str, *, at_most: int | None = None) -> tuple[str, ...]:
        """A comma-separated list without repeats, at least one name and `at_most` so many long."""
        value = self.text(name, default)
        found = tuple(part.strip() for part in value.split(","))
        if not all(found) or len(set(found)) != len(found):
            self._faults.append(f"{name}={value!r}: must be names separated by commas, none empty, none twice")
        if at_most is not None and len(found) > at_most:
            self._faults.append(f"{name}: must be at most {at_most} names, not {len(found)}")
        return found

    def url(self, name: str, default: str | None = None, *, schemes: Sequence[str] = ("http", "https")) -> str:
        """An address with one of the schemes and a host, without a trailing slash."""
        value = self.text(name, default)
        if value and not is_address(value, schemes):
            self._faults.append(f"{name}={value!r}: must be an address that begins with {'://, '.join(schemes)}://")
        return value.rstrip("/")

    def urls(self, name: str, default: str, *, schemes: Sequence[str] = ("http", "https")) -> tuple[str, ...]:
        """A comma-separated list of addresses, each as `url` reads it, none twice."""
        value = self.text(name, default)
        found = tuple(part.strip().rstrip("/") for part in value.split(","))
        if not all(is_address(part, schemes) for part in found) or len(set(found)) != len(found):
            rule = f"must be addresses separated by commas, none twice, each beginning with {'://, '.join(schemes)}://"
            self._faults.append(f"{name}={value!r}: {rule}")
        return found

    def service(self, name: str) -> ServiceSettings:
        """The settings that every service has; `name` is the service's own."""
        return ServiceSettings(
            name=self.text("SPARK_SERVICE", name),
            replica=self.text("SPARK_REPLICA", "1"),
            market=cast(Market, self.choice("SPARK_MARKET", "simulated", get_args(Market))),
            recycle_mib=self.integer("SPARK_RECYCLE_MIB", 0, at_least=0, at_most=1_000_000),
        )

    def secret(self, name: str) -> str:
        """The content of the file that `<name>_FILE` names. No part of a secret is ever in an error."""
        variable = f"{name}_FILE"
        path = self.text(variable)
        if not path:
            return ""
        try:
            secret = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._faults.append(f"{variable}={path!r}: the file can't be read ({type(error).__name__})")
            return ""
        if not secret:
            self._faults.append(f"{variable}={path!r}: the file is empty, it must hold the secret")
        return secret

    def verifier(self, name: str) -> str:
        """The content of the file that `<name>_FILE` names, which must be a token's SHA-256 in lower-case hex."""
        verifier = self.secret(name)
        if verifier and not _VERIFIER.fullmatch(verifier):
            path = self.text(f"{name}_FILE")
            self._faults.append(f"{name}_FILE={path!r}: the file must hold a token's SHA-256 in 64 small hex digits")
            return ""
        return verifier


def is_address(text: str, schemes: Sequence[str]) -> bool:
    """True for an address with one of the schemes and a host, without a query and without a fragment."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and parts.scheme in schemes and not (parts.query or parts.fragment)
