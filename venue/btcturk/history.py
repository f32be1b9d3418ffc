"""Makes up the past of a new market: bars backwards from the present prices, the same for the same seed.

First come hourly points of the market's factors. The high and low of a day follow from them. The minutes of a day are
made when they are first asked for: random walks that go through the points and stay inside the day's range.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache, reduce
from itertools import accumulate, pairwise
from operator import add, sub
from typing import NamedTuple

from venue.btcturk.bars import DAY, MINUTE, PairBar, grown
from venue.btcturk.pairs import PairSpec
from venue.btcturk.prices import FairPrices, Point, deviation, log_price, shocks

HOUR = 3_600
HISTORY_DAYS = 450
PATHS_KEPT, MINUTES_KEPT = 4, 30


class _Outline(NamedTuple):
    """The figures of a pair's day that are fixed before its minutes are made.

    high: the highest price, in ticks.
    low: the lowest price, in ticks.
    volume: in units of the smallest fraction.
    """

    high: int
    low: int
    volume: int


class PairHistory:
    """The bars before the market began.

    Any thread may ask. Two threads that make the same bars at once make equal ones, so either may be kept.

    first_day: the oldest day, in days since 1970.
    last_day: the day in which the past ends, in days since 1970.
    """

    def __init__(self, seed: int, end: int, present: FairPrices) -> None:
        """`end` is the whole minute, in unix seconds, at which the past ends and the prices are `present`."""
        self._seed, self._end = seed, end
        self.last_day = (end - 1) // DAY
        self.first_day = self.last_day - HISTORY_DAYS
        self._oldest, self._themes = self.last_day, present.themes
        self._points = {self.last_day: self._points_before(present.factors, self.last_day)}
        self._path = lru_cache(PATHS_KEPT)(self._make_path)
        self._minutes = lru_cache(MINUTES_KEPT)(self._make_minutes)

    def day(self, spec: PairSpec, day: int) -> PairBar:
        """Returns the bar of a day, given in days since 1970. The last day's bar is not over yet."""
        if day == self.last_day:
            return reduce(grown, self.minutes(spec, day))
        points, outline = self._points_of(day), self._outline(spec, day)
        first, last = _ticks(spec, points[0]), _ticks(spec, points[-1])
        middle = (first + last + outline.high + outline.low) // 4
        return PairBar(day * DAY, first, outline.high, outline.low, last, outline.volume, outline.volume * middle)

    def minutes(self, spec: PairSpec, day: int) -> list[PairBar]:
        """Returns the bar of each minute of a day, oldest first."""
        return self._minutes(spec, day)

    def _length(self, day: int) -> int:
        return min(DAY, self._end - day * DAY)

    def _points_of(self, day: int) -> list[Point]:
        """Returns the points of a day: its begin, each full hour and its end."""
        oldest = self._oldest
        while oldest > day:
            self._points[oldest - 1] = self._points_before(self._points[oldest][0], oldest - 1)
            oldest -= 1
        self._oldest = min(self._oldest, oldest)
        return self._points[day]

    def _points_before(self, close: Point, day: int) -> list[Point]:
        rng, length = random.Random(f"{self._seed}:{day}"), self._length(day)
        points = [close]
        for start in reversed(range(0, length, HOUR)):
            step = shocks(rng, min(HOUR, length - start), self._themes)
            points.append(_minus(points[-1], step))
        return points[::-1]

    def _outline(self, spec: PairSpec, day: int) -> _Outline:
        rng = random.Random(f"{self._seed}:{day}:{spec.name}")
        logs = [log_price(spec.legs, point) for point in self._points_of(day)]
        beyond = 0.5 * _hourly_deviation(spec)
        high, low = max(logs) + rng.expovariate(1 / beyond), min(logs) - rng.expovariate(1 / beyond)
        busy = math.exp(rng.gauss(0.0, 0.25)) * (0.35 + 0.04 * (high - low) / beyond)
        volume = spec.daily_volume * busy * self._length(day) / DAY * 10**spec.amount_scale
        return _Outline(_to_ticks(spec, high), _to_ticks(spec, low), int(volume))

    def _make_path(self, day: int) -> list[Point]:
        """Returns the prices at the end of each minute: between two points a walk, bent to end at the later one."""
        rng, points = random.Random(f"{self._seed}:{day}:path"), self._points_of(day)
        path: list[Point] = []
        for index, (before, after) in enumerate(pairwise(points)):
            count = min(HOUR, self._length(day) - index * HOUR) // MINUTE
            walk = list(accumulate((shocks(rng, MINUTE, self._themes) for _ in range(count)), _plus))
            miss = _minus(_minus(after, before), walk[-1])
            path += [_plus(before, _plus(at, _times(miss, (k + 1) / count))) for k, at in enumerate(walk)]
        return path

    def _make_minutes(self, spec: PairSpec, day: int) -> list[PairBar]:
        over = day < self.last_day
        outline = self._outline(spec, day)
        tick, legs = float(spec.tick), spec.legs
        closes = [max(round(math.exp(log_price(legs, point)) / tick), 1) for point in self._path(day)]
        if over:
            closes = [min(max(close, outline.low), outline.high) for close in closes]
        rng = random.Random(f"{self._seed}:{day}:{spec.name}:minutes")
        volumes = _shares(rng, outline.volume, len(closes))
        bars, before = [], _ticks(spec, self._points_of(day)[0])
        wick = _hourly_deviation(spec) / math.sqrt(60) * 0.4
        for index, close in enumerate(closes):
            top, bottom = (close, before) if close > before else (before, close)
            high = round(top * (1 - wick * math.log(1.0 - rng.random())))
            low = round(bottom * (1 + wick * math.log(1.0 - rng.random())))
            if over:
                high, low = min(high, outline.high), max(low, outline.low)
            volume = volumes[index]
            turnover = volume * ((before + high + low + close) // 4)
            bars.append(PairBar(day * DAY + index * MINUTE, before, high, low, close, volume, turnover))
            before = close
        if over:
            highest, lowest = closes.index(max(closes)), closes.index(min(closes))
            bars[highest] = bars[highest]._replace(high=outline.high)
            bars[lowest] = bars[lowest]._replace(low=outline.low)
        return bars


def _shares(rng: random.Random, total: int, count: int) -> list[int]:
    """Returns `total` in uneven parts that add up to it. Each is above 0 when the total is in the thousands."""
    weights = list(accumulate(0.15 - math.log(1.0 - rng.random()) for _ in range(count)))
    marks = [0, *(int(total * weight / weights[-1]) for weight in weights[:-1]), total]
    return [after - before for before, after in pairwise(marks)]


def _hourly_deviation(spec: PairSpec) -> float:
    """Returns the standard deviation of an hour's change of the logarithm."""
    return deviation(spec.legs, HOUR)


def _ticks(spec: PairSpec, point: Point) -> int:
    return _to_ticks(spec, log_price(spec.legs, point))


def _to_ticks(spec: PairSpec, logarithm: float) -> int:
    return max(round(math.exp(logarithm) / float(spec.tick)), 1)


def _plus(left: Point, right: Point) -> Point:
    return tuple(map(add, left, right))


def _minus(left: Point, right: Point) -> Point:
    return tuple(map(sub, left, right))


def _times(point: Point, factor: float) -> Point:
    return tuple(value * factor for value in point)
