"""Bars of a pair: their fields, where each resolution begins one, how trades make them and how they merge."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

MINUTE, DAY = 60, 86_400
SPANS = {"1": MINUTE, "5": 300, "15": 900, "30": 1_800, "60": 3_600, "240": 14_400, "1D": DAY}
"""The length of a bar in seconds, where it is fixed."""
RESOLUTIONS = (*SPANS, "1W", "1M")
LONG_RESOLUTIONS = ("1D", "1W", "1M")
_MONDAY_OF_THE_EPOCH = 3


class PairBar(NamedTuple):
    """One bar.

    start: where it begins, unix seconds.
    open: the first price, in ticks.
    high: the highest price, in ticks.
    low: the lowest price, in ticks.
    close: the last price, in ticks.
    volume: in units of the smallest fraction.
    turnover: in ticks times units.
    """

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


def start_of(resolution: str, at: float) -> int:
    """Returns where the bar that holds `at` begins; both are unix seconds. Weeks begin on Monday in UTC."""
    if resolution in SPANS:
        return int(at) - int(at) % SPANS[resolution]
    day = int(at) // DAY
    if resolution == "1W":
        return (day - (day + _MONDAY_OF_THE_EPOCH) % 7) * DAY
    return int(datetime.fromtimestamp(day * DAY, UTC).replace(day=1).timestamp())


def grown(bar: PairBar, more: PairBar) -> PairBar:
    """Returns `bar` together with later trades of the same bar."""
    return PairBar(
        bar.start,
        bar.open,
        max(bar.high, more.high),
        min(bar.low, more.low),
        more.close,
        bar.volume + more.volume,
        bar.turnover + more.turnover,
    )


def merged(bars: Iterable[PairBar], resolution: str) -> list[PairBar]:
    """Returns finer bars, given in the order of time, as bars of `resolution`."""
    found: list[PairBar] = []
    for bar in bars:
        start = start_of(resolution, bar.start)
        if found and found[-1].start == start:
            found[-1] = grown(found[-1], bar)
        else:
            found.append(bar._replace(start=start))
    return found


class CurrentBars:
    """The bar of each resolution that grows now.

    latest: by resolution.
    """

    def __init__(self, latest: dict[str, PairBar]) -> None:
        self.latest = latest

    def add(self, at: float, price: int, amount: int) -> list[tuple[str, PairBar]]:
        """Counts a trade; returns the bars that it ended, each with its resolution."""
        trade = PairBar(0, price, price, price, price, amount, price * amount)
        ended = []
        for resolution in RESOLUTIONS:
            bar, start = self.latest.get(resolution), start_of(resolution, at)
            if bar is not None and bar.start == start:
                self.latest[resolution] = grown(bar, trade)
                continue
            if bar is not None:
                ended.append((resolution, bar))
            self.latest[resolution] = trade._replace(start=start)
        return ended
