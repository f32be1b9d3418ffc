"""The counts that a venue's parts keep of themselves; plain numbers that /metrics reads."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from marketdata.link.failures import CLOSES, FAILED_DIALS
from marketdata.listed import LeftOut
from marketdata.state.book import FAULTS

log = logging.getLogger(__name__)

MOST_NAMED = 1_000
"""Rows that are named in the log, since the start; later ones are only counted."""
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
    "contradicted",
    "unproved",
    "new_tick",
)
BACKFILLS = ("days", "minutes", "long_bars", "trades", "tickers", "clock")

C = TypeVar("C", bound="Counters")


def zeros(names: Iterable[str]) -> Counter[str]:
    """Returns a counter that has each name at zero, so that a first event shows as an increase."""
    return Counter(dict.fromkeys(names, 0))


@dataclass
class Counters:
    """Counts of one venue since the start. Each is written by one thread alone.

    attempts: dials, by result.
    closes: sockets that ended, by cause.
    drops: frames dropped because the queue was full, by their class.
    frames: frames, by the venue's type.
    decode_errors: frames that could not be used, by reason.
    resyncs: books asked for anew, by reason.
    no_data: subscriptions that brought nothing in time, by channel.
    backfills: histories fetched, by kind.
    backfill_failures: histories that could not be fetched, by kind.
    book_gaps: gaps in a book's sequence.
    trade_gaps: times that trades were missed.
    oddities: harmless oddities in frames, which were applied, by kind.
    left_out: rows of lists that could not be used, by list; the rest of the list stood.
    contradictions: books that another stream contradicted for too long, by that stream.
    instrument_changes: changes of instruments, by kind.
    audits: books compared with the venue's REST book.
    audit_mismatches: audits that found another book.
    refused_joins: subscriptions that the venue refused.
    silences: sockets ended because no frame came.
    guard_waits: dials that the dial guard held up.
    guard_wait_seconds: seconds that dials were held up.
    reconnect_delay_seconds: the newest back-off in seconds.
    blocked_seconds: seconds that the venue wanted no dial.
    clock_offset_seconds: seconds that the venue's clock is ahead of ours; NaN before it was first asked.
    """

    attempts: Counter[str] = field(default_factory=lambda: zeros(ATTEMPTS))
    closes: Counter[str] = field(default_factory=lambda: zeros(CLOSES))
    drops: Counter[str] = field(default_factory=lambda: zeros(DROPS))
    frames: Counter[str] = field(default_factory=Counter)
    decode_errors: Counter[str] = field(default_factory=Counter)
    resyncs: Counter[str] = field(default_factory=lambda: zeros(RESYNC_REASONS))
    no_data: Counter[str] = field(default_factory=Counter)
    backfills: Counter[str] = field(default_factory=lambda: zeros(BACKFILLS))
    backfill_failures: Counter[str] = field(default_factory=lambda: zeros(BACKFILLS))
    oddities: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    contradictions: Counter[str] = field(default_factory=Counter)
    instrument_changes: Counter[str] = field(default_factory=Counter)
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

    def __post_init__(self) -> None:
        self._named: set[LeftOut] = set()

    def leave_out(self, rows: Iterable[LeftOut]) -> None:
        """Counts rows that were left out, and names each in the log: once, as a venue repeats itself."""
        for row in rows:
            self.left_out[row.of] += 1
            if row not in self._named and len(self._named) < MOST_NAMED:
                self._named.add(row)
                log.warning("a row is left out", extra={"list": row.of, "row": row.row, "reason": row.reason})

    @classmethod
    def of(
        cls: type[C],
        *,
        kinds: Iterable[str],
        reasons: Iterable[str],
        channels: Iterable[str] = (),
        faults: Iterable[str] = (),
        oddities: Iterable[str] = (),
        lists: Iterable[str] = (),
        witnesses: Iterable[str] = (),
    ) -> C:
        """Returns a venue's own, with its kinds of frames, reasons, channels, faults of books, oddities, lists and
        witnesses at zero."""
        return cls(
            frames=zeros(kinds),
            decode_errors=zeros(reasons),
            no_data=zeros(channels),
            resyncs=zeros((*RESYNC_REASONS, *faults)),
            oddities=zeros(oddities),
            left_out=zeros(lists),
            contradictions=zeros(witnesses),
        )
