"""The figures of the last 24 hours, as the ticker shows them: open, high, low, volume, average."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from venue.btcturk.bars import PairBar

BUCKET_SECONDS = 300.0
BUCKETS = 288


@dataclass(slots=True)
class _Bucket:
    start: float
    open: int
    high: int
    low: int
    volume: int = 0
    turnover: int = 0


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The figures of the last 24 hours.

    open: the first price, in ticks.
    high: the highest price, in ticks.
    low: the lowest price, in ticks.
    volume: in units of the smallest fraction.
    turnover: in ticks times units.
    """

    open: int
    high: int
    low: int
    volume: int
    turnover: int


class RollingDay:
    """The last 24 hours in buckets of five minutes; older ones are dropped."""

    def __init__(self) -> None:
        self._buckets: deque[_Bucket] = deque()
        self._closed = DayFigures(0, 0, 0, 0, 0)

    def add(self, at: float, price: int, amount: int) -> None:
        """Counts a trade at `at` (unix seconds). Trades come in the order of time."""
        if self._grow(PairBar(int(at), price, price, price, price, amount, price * amount)):
            self._close()

    def fill(self, bars: Iterable[PairBar]) -> None:
        """Counts bars of a minute that are older than any trade, in the order of time."""
        for bar in bars:
            self._grow(bar)
        self._close()

    def _grow(self, bar: PairBar) -> bool:
        """Adds a bar to the bucket of its time; returns true when that bucket is new."""
        start = bar.start - bar.start % BUCKET_SECONDS
        new = not self._buckets or self._buckets[-1].start != start
        if new:
            self._buckets.append(_Bucket(start, bar.open, bar.high, bar.low))
            while self._buckets[0].start <= start - BUCKETS * BUCKET_SECONDS:
                self._buckets.popleft()
        bucket = self._buckets[-1]
        bucket.high, bucket.low = max(bucket.high, bar.high), min(bucket.low, bar.low)
        bucket.volume += bar.volume
        bucket.turnover += bar.turnover
        return new

    def figures(self) -> DayFigures:
        """Returns the figures of all buckets. At least one trade must have been counted."""
        closed, last = self._closed, self._buckets[-1]
        return DayFigures(
            closed.open,
            max(closed.high, last.high),
            min(closed.low, last.low),
            closed.volume + last.volume,
            closed.turnover + last.turnover,
        )

    def _close(self) -> None:
        """Adds up all buckets but the last, which still grows."""
        closed, last = list(self._buckets)[:-1], self._buckets[-1]
        self._closed = DayFigures(
            self._buckets[0].open,
            max((bucket.high for bucket in closed), default=last.high),
            min((bucket.low for bucket in closed), default=last.low),
            sum(bucket.volume for bucket in closed),
            sum(bucket.turnover for bucket in closed),
        )
