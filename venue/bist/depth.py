"""One share's orders by position on the day's grid: they follow a fair price, and cross only in a call auction."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

LEVELS = 13
OVERLAP = 3
_STAY = 0.3


@dataclass(frozen=True, slots=True)
class Level:
    """What waits at one price: lots, and in how many orders."""

    quantity: int
    orders: int


@dataclass(slots=True)
class Depth:
    """Bids and asks. `length` is the grid's: nothing waits outside of it. `lots` is usual next to the touch."""

    length: int
    lots: int
    rng: random.Random
    bids: dict[int, Level] = field(default_factory=dict)
    asks: dict[int, Level] = field(default_factory=dict)
    _touch: int | None = None

    def best_bid(self) -> int | None:
        """The highest bid's position."""
        return max(self.bids, default=None)

    def best_ask(self) -> int | None:
        """The lowest ask's position."""
        return min(self.asks, default=None)

    def follow(self, middle: float) -> None:
        """Continuous trading around `middle`: one tick of spread, filled up behind, a few levels change."""
        if self._touch is None or not self._touch - _STAY < middle < self._touch + 1 + _STAY:
            self._touch = self._place(middle)
        touch = self._touch
        self._keep(self.bids, touch - LEVELS + 1, touch, at_touch=touch, always=False)
        self._keep(self.asks, touch + 1, touch + LEVELS, at_touch=touch + 1, always=False)
        self._churn()

    def collect(self, middle: float) -> None:
        """A call auction: orders only add up, and the sides may cross."""
        touch = self._touch = self._place(middle)
        self._keep(self.bids, touch - LEVELS + OVERLAP, touch + OVERLAP, at_touch=touch, always=True)
        self._keep(self.asks, touch - OVERLAP + 1, touch + LEVELS - OVERLAP, at_touch=touch, always=True)
        for side in (self.bids, self.asks):
            if side and self.rng.random() < 0.3:
                position = self.rng.choice(sorted(side))
                side[position] = Level(side[position].quantity + self._level(0).quantity, side[position].orders + 1)

    def take(self, buy: bool, wanted: int) -> list[tuple[int, int]]:
        """An aggressor takes up to `wanted` lots from the touch and at most two levels behind: position, lots."""
        taken: list[tuple[int, int]] = []
        side = self.asks if buy else self.bids
        for _ in range(3):
            best = self.best_ask() if buy else self.best_bid()
            if best is None or wanted <= 0:
                break
            lots = _reduce(side, best, wanted)
            taken.append((best, lots))
            wanted -= lots
        return taken

    def balance(self) -> tuple[int, int] | None:
        """Where a call auction would match now, and how many lots: the most lots, then the least left over."""
        best: tuple[int, int, int] | None = None
        for position in sorted(self.bids.keys() | self.asks.keys()):
            demand = sum(level.quantity for place, level in self.bids.items() if place >= position)
            supply = sum(level.quantity for place, level in self.asks.items() if place <= position)
            found = (min(demand, supply), -abs(demand - supply), position)
            best = found if best is None or found[:2] > best[:2] else best
        return (best[2], best[0]) if best and best[0] else None

    def uncross(self) -> tuple[int, int] | None:
        """Ends a call auction: what matches leaves the book, best prices first. The match, or None without one."""
        match = self.balance()
        if match is None:
            return None
        for side, best in ((self.bids, self.best_bid), (self.asks, self.best_ask)):
            left = match[1]
            while left and (position := best()) is not None:
                left -= _reduce(side, position, left)
        return match

    def clear(self) -> None:
        """Every order is gone."""
        self.bids.clear()
        self.asks.clear()
        self._touch = None

    def _place(self, middle: float) -> int:
        """The position just below `middle`; -1 when all of the grid is above it."""
        return min(max(math.floor(middle), -1), self.length - 1)

    def _keep(self, side: dict[int, Level], low: int, high: int, *, at_touch: int, always: bool) -> None:
        """Drops what is outside `low` to `high` and fills what is missing; the touch itself comes back in a while."""
        low, high = max(low, 0), min(high, self.length - 1)
        for position in [place for place in side if not low <= place <= high]:
            del side[position]
        for position in range(low, high + 1):
            if position not in side and (always or position != at_touch or self.rng.random() < 0.35):
                side[position] = self._level(abs(position - at_touch))

    def _churn(self) -> None:
        for side in (self.bids, self.asks):
            if side and self.rng.random() < 0.4:
                position = self.rng.choice(sorted(side))
                side[position] = self._level(abs(position - (self._touch or 0)))

    def _level(self, away: int) -> Level:
        """A believable level: log-normal lots, more of them away from the touch."""
        size = self.lots * math.exp(self.rng.gauss(0.0, 0.6)) * (1.0 + away / 5.0)
        return Level(max(int(size), 1), max(int(size / self.lots * self.rng.uniform(8.0, 30.0)), 1))


def _reduce(side: dict[int, Level], position: int, wanted: int) -> int:
    """Takes up to `wanted` lots from one level; how many."""
    held = side[position]
    if held.quantity <= wanted:
        del side[position]
        return held.quantity
    left = held.quantity - wanted
    side[position] = Level(left, max(held.orders * left // held.quantity, 1))
    return wanted
