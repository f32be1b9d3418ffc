"""What market data counts about itself; plain numbers that /metrics reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from marketdata.link.failures import CLOSES, FAILED_DIALS
from marketdata.state.book import FAULTS

ATTEMPTS = ("open", *FAILED_DIALS)
DROPS = ("keep", "coalesce", "sequence", "plain", "heartbeat")
RESYNC_REASONS = (
    *FAULTS,
    "no_first_data",
    "resync_timeout",
    "worker_failure",
    "dropped",
    "unreadable",
    "audit",
    "no_data",
    "silence",
)
LOOPS = ("socket", "worker", "watchdog", "heartbeat", "instruments", "history", "audit", "session")
BACKFILLS = ("days", "minutes", "trades", "figures", "clock")


def _zeros(names: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 0))


@dataclass
class Tally:
    """Counts since the start. Each is written by one thread alone; names are there from the beginning, at zero."""

    attempts: Counter[str] = field(default_factory=lambda: _zeros(ATTEMPTS))
    closes: Counter[str] = field(default_factory=lambda: _zeros(CLOSES))
    drops: Counter[str] = field(default_factory=lambda: _zeros(DROPS))
    frames: Counter[str] = field(default_factory=Counter)
    decode_errors: Counter[str] = field(default_factory=Counter)
    resyncs: Counter[str] = field(default_factory=lambda: _zeros(RESYNC_REASONS))
    no_data: Counter[str] = field(default_factory=Counter)
    backfills: Counter[str] = field(default_factory=lambda: _zeros(BACKFILLS))
    backfill_failures: Counter[str] = field(default_factory=lambda: _zeros(BACKFILLS))
    failures: Counter[str] = field(default_factory=lambda: _zeros(LOOPS))
    book_gaps: int = 0
    trade_gaps: int = 0
    audits: int = 0
    audit_mismatches: int = 0
    refused_joins: int = 0
    silences: int = 0
    guard_waits: int = 0
    guard_wait_seconds: float = 0.0
    reconnect_delay_seconds: float = 0.0
    blocked_seconds: float = 0.0
    clock_offset_seconds: float = float("nan")

    @classmethod
    def of(
        cls, *, kinds: Iterable[str], reasons: Iterable[str], channels: Iterable[str] = (), faults: Iterable[str] = ()
    ) -> Tally:
        """A venue's own: its kinds of frames, why one can't be read, its channels, and what may be wrong with a book
        beside what every book's faults are."""
        return cls(
            frames=_zeros(kinds),
            decode_errors=_zeros(reasons),
            no_data=_zeros(channels),
            resyncs=_zeros((*RESYNC_REASONS, *faults)),
        )
