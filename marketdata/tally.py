"""What market data counts about itself; plain numbers that /metrics reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from marketdata.book import FAULTS
from marketdata.venues import btcturk

ATTEMPTS = ("open", "refused", "timeout", "rejected", "error")
RESYNC_REASONS = (*FAULTS, "no_first_data", "resync_timeout", "worker_failure")
LOOPS = ("socket", "worker", "watchdog", "instruments")


def _zeros(names: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 0))


@dataclass
class Tally:
    """Counts since the start. Each is written by one thread alone; names are there from the beginning, at zero."""

    attempts: Counter[str] = field(default_factory=lambda: _zeros(ATTEMPTS))
    frames: Counter[str] = field(default_factory=lambda: _zeros(btcturk.KINDS))
    decode_errors: Counter[str] = field(default_factory=lambda: _zeros(btcturk.REASONS))
    resyncs: Counter[str] = field(default_factory=lambda: _zeros(RESYNC_REASONS))
    failures: Counter[str] = field(default_factory=lambda: _zeros(LOOPS))
    book_gaps: int = 0
    dropped: int = 0
    refused_joins: int = 0
    silences: int = 0
    guard_waits: int = 0
    guard_wait_seconds: float = 0.0
    reconnect_delay_seconds: float = 0.0
