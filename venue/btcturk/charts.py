"""All bars of a pair: the made-up past, the ones recorded since the market began, and the ones that grow now."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

from venue.btcturk.bars import DAY, LONG_RESOLUTIONS, RESOLUTIONS, SPANS, CurrentBars, PairBar, merged, start_of
from venue.btcturk.history import PairHistory
from venue.btcturk.pairs import PairSpec

RECORDED_DAYS = 30
MOST_BARS, MOST_DAYS_OF_MINUTES = 5_000, 120
_WIDTH = len(PairBar._fields)


class PairCharts:
    """One pair's bars. The market's thread adds trades; any thread may read."""

    def __init__(self, spec: PairSpec, history: PairHistory, began: int) -> None:
        """`began` is when trading began and the made-up past ends, unix seconds."""
        self._spec, self._history, self._began = spec, history, began
        self._minutes: dict[int, array[int]] = {}
        self._days: list[PairBar] = []
        self._current = CurrentBars(self._first_bars())

    @property
    def current(self) -> dict[str, PairBar]:
        """A copy of the newest bar of each resolution."""
        return dict(self._current.latest)

    def last_day(self) -> list[PairBar]:
        """Returns the minutes of the 24 hours before the market began."""
        last, since = self._history.last_day, self._began - DAY
        minutes = (bar for day in (last - 1, last) for bar in self._history.minutes(self._spec, day))
        return [bar for bar in minutes if bar.start >= since]

    def add(self, at: float, price: int, amount: int) -> None:
        """Counts a trade."""
        for resolution, bar in self._current.add(at, price, amount):
            if resolution == "1" and bar.start >= self._began:
                self._record(bar)
            elif resolution == "1D":
                self._days.append(bar)

    def bars(self, resolution: str, start: int, end: int, current: Mapping[str, PairBar]) -> list[PairBar]:
        """Returns the bars that begin from `start` to `end` (unix seconds, both included), oldest first.

        Returns the newest `MOST_BARS`. Bars shorter than a day reach back `MOST_DAYS_OF_MINUTES` at most.
        `current` are the growing bars of the view that the answer belongs to.
        """
        growing = current["1D" if resolution in LONG_RESOLUTIONS else "1"]
        end = min(end, growing.start)
        if start > end:
            return []
        if resolution in LONG_RESOLUTIONS:
            fine = self._daily(start_of(resolution, max(start, 0)), growing)
        else:
            span = SPANS[resolution]
            reach = min(MOST_BARS * span, MOST_DAYS_OF_MINUTES * DAY)
            fine = self._by_the_minute(start_of(resolution, max(start, end - reach)), end + span, growing)
        return [bar for bar in merged(fine, resolution) if start <= bar.start <= end][-MOST_BARS:]

    def _first_bars(self) -> dict[str, PairBar]:
        last = self._history.last_day
        minutes = self._history.minutes(self._spec, last)
        days = [self._history.day(self._spec, day) for day in range(last - 31, last + 1)]
        fine = {name: days if name in LONG_RESOLUTIONS else minutes for name in RESOLUTIONS}
        return {name: _newest(bars, name) for name, bars in fine.items()}

    def _record(self, bar: PairBar) -> None:
        day = bar.start // DAY
        if day not in self._minutes:
            self._minutes[day] = array("q")
            for old in [held for held in self._minutes if held <= day - RECORDED_DAYS]:
                del self._minutes[old]
        self._minutes[day].extend(bar)

    def _daily(self, start: int, growing: PairBar) -> Iterator[PairBar]:
        history, recorded = self._history, list(self._days)
        before = (recorded[0] if recorded else growing).start // DAY
        for day in range(max(start // DAY, history.first_day), min(before, history.last_day + 1)):
            yield history.day(self._spec, day)
        yield from (bar for bar in recorded if start <= bar.start < growing.start)
        yield growing

    def _by_the_minute(self, start: int, end: int, growing: PairBar) -> Iterator[PairBar]:
        for day in range(max(start // DAY, self._history.first_day), end // DAY + 1):
            yield from (bar for bar in self._minutes_of(day) if start <= bar.start < min(end, growing.start))
        if start <= growing.start < end:
            yield growing

    def _minutes_of(self, day: int) -> Iterator[PairBar]:
        if day <= self._history.last_day:
            yield from self._history.minutes(self._spec, day)
        held = self._minutes.get(day, array("q"))[:]
        for index in range(0, len(held), _WIDTH):
            yield PairBar(*held[index : index + _WIDTH])


def _newest(bars: Sequence[PairBar], resolution: str) -> PairBar:
    """Returns the last bar of `resolution` that finer bars make."""
    begins = start_of(resolution, bars[-1].start)
    return merged([bar for bar in bars if bar.start >= begins], resolution)[-1]
