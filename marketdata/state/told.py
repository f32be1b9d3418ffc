"""The bars that a venue told, and the time that its answers prove: never more than it told. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from marketdata.events import Bar
from marketdata.state.bars import start_of
from marketdata.state.packed import PackedBars
from marketdata.state.spans import Span, Spans

SETTLED_SECONDS = 5.0
"""No bar is final before so long after its end: the venue may be slow, and its clock a little off."""


class Wanted(NamedTuple):
    """A span to ask the venue's bars of.

    since: its begin in unix seconds, which is the begin of a bar.
    until: its end; infinity for the present.
    newest: the begin of the newest span that is not known: when it changes, another one has come up.
    """

    since: int
    until: float
    newest: float


class News(NamedTuple):
    """The news in an answer.

    proved: true when it proved something that was not known.
    changed: the starts of the final bars that came, changed or went.
    """

    proved: bool
    changed: set[int]


class ToldBars:
    """The bars of one resolution that the venue told.

    An answer proves the time from its first bar to the start of its last one, which may still grow. It proves the time
    before its first bar only when that is the one from which was asked: venues cut long answers, and leave the oldest
    bars out. The older part is then asked for alone. When that brings nothing, the venue has no more: the gap stays,
    and is not asked for again.

    bars: the final ones, by their start.
    partial: the last bar of the newest answer, which may still grow; None before one came.
    gaps: the times that no answer proved.
    given_up: the times that the venue has nothing of.
    """

    def __init__(self, length: int, most: int) -> None:
        self._length, self._most = length, most
        self.bars = PackedBars()
        self.partial: Bar | None = None
        self.gaps = Spans([(-math.inf, math.inf)])
        self.given_up = Spans()
        self._older: float | None = None

    def wanted(self, now: float) -> Wanted | None:
        """Returns the span to ask for next, or None when nothing is missing that the venue may have."""
        settled, oldest = now - SETTLED_SECONDS - self._length, now - self._most * self._length
        open_gaps = Spans(self.gaps.within(oldest, math.inf))
        for since, until in self.given_up:
            open_gaps.remove(since, until)
        begins = [since for since, _ in open_gaps if since < settled]
        if not begins:
            return None
        since = start_of(begins[0], self._length, self.offset or 0)
        until = self._older if self._older is not None and since < self._older else math.inf
        return Wanted(since, until, begins[-1] if begins[-1] > oldest else -math.inf)

    @property
    def offset(self) -> int | None:
        """The seconds after midnight UTC at which one of the bars begins; None before one was told."""
        start = self.partial.start if self.partial is not None else max(self.bars, default=None)
        return None if start is None else start % self._length

    def merge(
        self,
        bars: Iterable[Bar],
        wanted: Wanted,
        asked_at: float,
        *,
        traded: Collection[int] = (),
        lost: Sequence[Span] = (),
    ) -> News:
        """Adds an answer to `wanted`.

        `traded` are starts of bars in which there were trades: an answer that has none of them proves nothing there.
        `lost` are spans of bars in the answer that can't be used.
        """
        found = sorted(bar for bar in bars if wanted.since <= bar.start)
        before, changed = list(self.gaps), set[int]()
        if found:
            changed = self._add(found, wanted, asked_at, [*lost, *self._missing(found, traded)])
        new = list(self.gaps) != before
        first = found[0].start if found else math.inf
        if new or wanted.until == math.inf:
            self._older = first if wanted.since < first < math.inf else None
        else:
            self._older = None
            self.given_up.add(wanted.since, wanted.until)
        return News(new, changed)

    def _add(self, found: list[Bar], wanted: Wanted, asked_at: float, unproved: Iterable[Span]) -> set[int]:
        first, last = found[0], found[-1]
        final = min(last.start, start_of(asked_at - SETTLED_SECONDS, self._length, last.start % self._length))
        changed = self._keep({bar.start: bar for bar in found if bar.start < final})
        if wanted.until == math.inf and (self.partial is None or last.start >= self.partial.start):
            self.partial = last
        proved = Spans([(first.start, final)])
        for since, until in unproved:
            proved.remove(since, until)
        for since, until in proved:
            self.gaps.remove(since, until)
        return changed

    def _keep(self, told: dict[int, Bar]) -> set[int]:
        """Keeps the newest of final bars. Returns the starts of those that came, changed or went."""
        changed = {start for start, bar in told.items() if self.bars.get(start) != bar}
        for start in sorted(changed):
            self.bars[start] = told[start]
        gone = list(self.bars)[: -self._most]
        for start in gone:
            del self.bars[start]
        return changed.union(gone)

    def _missing(self, found: Iterable[Bar], traded: Collection[int]) -> list[Span]:
        told = {bar.start for bar in found}
        return [(start, start + self._length) for start in traded if start not in told]
