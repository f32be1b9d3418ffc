"""The file of probes on disk: read when it changes, so that an edit counts from the next round on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canary.probes.declared import LARGEST_FILE, ProbeFileError, read_file
from canary.probes.plan import Plan, plan_of
from common import wire

log = logging.getLogger(__name__)

OWN_FILE = Path(__file__).parents[1] / "config" / "probes.toml"
"""The file that the canary comes with."""


@dataclass(frozen=True)
class Declared:
    """The probes that are in force.

    plan: what is probed.
    text: the file that says so, as it is.
    trouble: why that is not the file that the user wants; None when it is.
    """

    plan: Plan
    text: str
    trouble: str | None


class ProbeSource:
    """Reads the file of probes. Where there is none, the canary's own is in force.

    While it has faults, or can't be read, the probes before it stay in force, and its faults are told.
    """

    def __init__(
        self, path: Path, constants: Mapping[str, str], addresses: Mapping[str, str] | None, market: wire.Market
    ) -> None:
        """`addresses` replaces the targets of the file; None keeps them."""
        self._path = path
        self._constants = dict(constants)
        self._addresses = addresses
        self._market = market
        self._stamp: tuple[int, ...] | None = None
        self._known: Declared | None = None

    def read(self) -> Declared:
        """Returns the probes of now. Raises ProbeFileError only when the canary's own file has a fault."""
        stamp = self._state()
        if self._known is None or stamp != self._stamp:
            before, self._stamp = self._known, stamp
            self._known = self._read_anew(before)
            if self._known.trouble is not None:
                log.warning("the file of probes is not used", extra={"trouble": self._known.trouble})
        return self._known

    def _read_anew(self, before: Declared | None) -> Declared:
        try:
            return self._declared(_text(self._path))
        except FileNotFoundError:
            return self._declared(_text(OWN_FILE))
        except (OSError, UnicodeError) as error:
            trouble = f"{self._path.name} can't be read: {getattr(error, 'strerror', None) or type(error).__name__}"
        except ProbeFileError as error:
            trouble = f"{self._path.name} has {len(error.faults)} faults: {error}"
        known = before or self._declared(_text(OWN_FILE), known_alone=True)
        return Declared(known.plan, known.text, trouble)

    def _declared(self, text: str, *, known_alone: bool = False) -> Declared:
        """Returns what a file declares. With `known_alone`, addresses of targets that it has not are left out."""
        file, addresses = read_file(text, self._constants), self._addresses
        if known_alone and addresses is not None:
            addresses = {name: address for name, address in addresses.items() if name in file.targets}
        return Declared(plan_of(file, addresses, self._market), text, None)

    def _state(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(4 * LARGEST_FILE + 1).decode()
