"""Keeps the last known instruments over restarts, so that a feed can begin while the venue's REST calls fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from common.files import replace_durably
from marketdata.venues.btcturk.frames import SOURCE
from marketdata.venues.btcturk.known_pairs import KnownPair

log = logging.getLogger(__name__)

VERSION = 1
CLOCK_SECONDS = 60.0
"""A file may be so much younger than the clock says: clocks are set back by a little now and then."""


class _Format(msgspec.Struct):
    """The part of the file that every version has.

    version: the version of the format.
    """

    version: int


class StoredInstruments(_Format):
    """The content of the file.

    told_at: when the venue told them, in unix seconds.
    address: the host that told them; the pairs of another market are not these.
    pairs: the pairs, by the venue's name.
    """

    told_at: float
    address: str
    pairs: dict[str, KnownPair]


@dataclass(frozen=True)
class InstrumentFile:
    """The file of the instruments of one host.

    path: its place; None keeps nothing.
    address: the address of the host.
    unix: the clock.
    """

    path: Path | None
    address: str
    unix: Callable[[], float]

    def load(self) -> StoredInstruments | None:
        """Returns what the file has; None without a usable one, which is logged. It never changes the file."""
        if self.path is None:
            return None
        try:
            stored = _decoded(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            log.warning("the stored instruments can't be used", extra={"reason": str(error)[:200]})
            return None
        refused = self._refused(stored)
        if refused is not None:
            log.warning("the stored instruments can't be used", extra={"reason": refused})
            return None
        return stored

    def save(self, pairs: Mapping[str, KnownPair]) -> None:
        """Stores the instruments. When the disk fails, the next start has to wait for the venue; nothing is lost."""
        if self.path is None:
            return
        stored = StoredInstruments(VERSION, self.unix(), self.address, dict(pairs))
        try:
            replace_durably(self.path, msgspec.json.encode(stored), mode=0o644)
        except OSError as error:
            log.warning("the instruments could not be stored", extra={"reason": str(error)[:200]})

    def _refused(self, stored: StoredInstruments) -> str | None:
        if stored.told_at < 0:
            return f"they are of the time {stored.told_at:.0f}"
        ahead = stored.told_at - self.unix()
        if ahead > CLOCK_SECONDS:
            return f"they are {ahead:.0f} s from the future"
        if stored.address != self.address:
            return f"they are of {stored.address}"
        return None


def utc(seconds: float) -> str:
    """Returns a time in unix seconds as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _decoded(content: bytes) -> StoredInstruments:
    """Raises `ValueError`, or what msgspec raises, for content that can't be used."""
    version = msgspec.json.decode(content, type=_Format).version
    if version != VERSION:
        raise ValueError(f"they have the format {version}, not {VERSION}")
    stored = msgspec.json.decode(content, type=StoredInstruments)
    for pair, known in stored.pairs.items():
        rules = known.instrument
        numbers = (rules.tick_size, rules.lot_size, rules.min_notional)
        finite = all(number.is_finite() for number in numbers)
        if not finite or min(numbers[:2]) <= 0 or numbers[2] < 0 or rules.symbol != f"{SOURCE}:{pair}":
            raise ValueError(f"the rules of {pair[:32]} can't be right")
    return stored
