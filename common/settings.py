"""Typed readers of the environment. Whatever is wrong is told at once: variable, value and rule."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(Exception):
    """One or more settings are wrong; the message has a line for each."""


class Reader:
    """Reads settings from `environment` (the process's own by default) and collects what is wrong.

    Each reader returns the default's type, so a settings object can be built in one expression;
    `check()` then raises `SettingsError` with every fault found.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._faults: list[str] = []

    def check(self) -> None:
        """Raises `SettingsError` when any setting read so far was wrong."""
        if self._faults:
            raise SettingsError("\n".join(self._faults))

    def fault(self, text: str) -> None:
        """Adds what the caller found wrong: variable, value and rule."""
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
        if value.isascii() and value.isdigit() and at_least <= int(value) <= at_most:
            return int(value)
        self._faults.append(f"{name}={value!r}: must be a whole number from {at_least} to {at_most}")
        return default

    def decimal(self, name: str, default: str, *, above: str, at_most: str) -> Decimal:
        """An exact decimal number within bounds."""
        value = self.text(name, default)
        try:
            number = Decimal(value)
            if number.is_finite() and Decimal(above) < number <= Decimal(at_most):
                return number
        except InvalidOperation:
            pass
        self._faults.append(f"{name}={value!r}: must be a number above {above} and at most {at_most}")
        return Decimal(default)

    def seconds(self, name: str, default: float, *, above: float = 0.0, at_most: float = 86_400.0) -> float:
        """A duration in seconds."""
        return float(self.decimal(name, str(default), above=str(above), at_most=str(at_most)))

    def names(self, name: str, default: str) -> tuple[str, ...]:
        """A comma-separated list without repeats, at least one name long."""
        value = self.text(name, default)
        found = tuple(part.strip() for part in value.split(","))
        if not all(found) or len(set(found)) != len(found):
            self._faults.append(f"{name}={value!r}: must be names separated by commas, none empty, none twice")
        return found

    def url(self, name: str, default: str | None = None, *, schemes: Sequence[str] = ("http", "https")) -> str:
        """An address with one of the schemes and a host, without a trailing slash."""
        value = self.text(name, default)
        parts = urlsplit(value)
        if value and (parts.scheme not in schemes or not parts.hostname):
            self._faults.append(f"{name}={value!r}: must be an address that begins with {'://, '.join(schemes)}://")
        return value.rstrip("/")

    def secret(self, name: str) -> str:
        """The content of the file that `<name>_FILE` names; no part of a secret is ever in an error."""
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
