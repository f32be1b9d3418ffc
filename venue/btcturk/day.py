"""The figures of the last 24 hours, as the ticker shows them: open, high, low, volume, turnover."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import reduce

from venue.btcturk.bars import PairBar, grown, start_of

BUCKET = "5"
"""The resolution of the buckets: five minutes."""
BUCKET_SECONDS = 300
BUCKETS = 288


class RollingDay:
    """The last 24 hours in buckets of five minutes; older ones are dropped."""

    def __init__(self, bars: Iterable[PairBar] = ()) -> None:
        """`bars` are bars of a minute that are older than any trade, in the order of time."""
        self._buckets: deque[PairBar] = deque()
        self._closed: PairBar | None = None
        for bar in bars:
            self._grow(bar)
        self._close()

    def add(self, at: float, price: int, amount: int) -> None:
        """Counts a trade at `at` (unix seconds). Trades come in the order of time."""
        if self._grow(PairBar(int(at), price, price, price, price, amount, price * amount)):
            self._close()

    def figures(self) -> PairBar:
        """Returns the figures of all buckets as one bar. At least one trade must have been counted."""
        last = self._buckets[-1]
        return last if self._closed is None else grown(self._closed, last)

    def _grow(self, bar: PairBar) -> bool:
        """Adds a bar to the bucket of its time; returns true when that bucket is new."""
        start = start_of(BUCKET, bar.start)
        if self._buckets and self._buckets[-1].start == start:
            self._buckets[-1] = grown(self._buckets[-1], bar)
            return False
        self._buckets.append(bar._replace(start=start))
        while self._buckets[0].start <= start - BUCKETS * BUCKET_SECONDS:
            self._buckets.popleft()
        return True

    def _close(self) -> None:
        """Adds up all buckets but the last, which still grows."""
        closed = list(self._buckets)[:-1]
        self._closed = reduce(grown, closed) if closed else None
