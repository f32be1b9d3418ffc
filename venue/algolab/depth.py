"""One share's orders, by position on the day's grid. They follow a fair price, and cross only in a call auction."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

LEVELS = 13
OVERLAP = 3
"""In a call auction the sides cross by so many prices."""
_STAY = 0.3
"""The best prices stay while the middle is at most so many ticks outside of them."""


@dataclass(frozen=True, slots=True)
class DepthLevel:
    """The orders that wait at one price.

    quantity: lots.
    orders: the number of orders.
    """

    quantity: int
    orders: int


@dataclass(slots=True)
class ShareDepth:
    """Both sides of one share's book.

    length: the number of prices of the grid; no order waits outside of it.
    lots: the usual quantity next to the best price.
    rng: the source of chance.
    bids: by position.
    asks: by position.
    """

    length: int
    lots: int
    rng: random.Random
    bids: dict[int, DepthLevel] = field(default_factory=dict)
    asks: dict[int, DepthLevel] = field(default_factory=dict)
    _touch: int | None = None

    def best_bid(self) -> int | None:
        """Returns the highest bid's position; None without bids."""
        return max(self.bids, default=None)

    def best_ask(self) -> int | None:
        """Returns the lowest ask's position; None without asks."""
        return min(self.asks, default=None)

    def follow(self, middle: float) -> None:
        """Follows `middle` in continuous trading: one tick of spread, levels behind it, a few of them changed."""
        if self._touch is None or not self._touch - _STAY < middle < self._touch + 1 + _STAY:
            self._touch = self._place(middle)
        touch = self._touch
        self._keep(self.bids, touch - LEVELS + 1, touch, at_touch=touch, always=False)
        self._keep(self.asks, touch + 1, touch + LEVELS, at_touch=touch + 1, always=False)
        self._churn()

    def collect(self, middle: float) -> None:
        """Collects orders for a call auction: they only add up, and the sides may cross."""
        touch = self._touch = self._place(middle)
        self._keep(self.bids, touch - LEVELS + OVERLAP, touch + OVERLAP, at_touch=touch, always=True)
        self._keep(self.asks, touch - OVERLAP + 1, touch + LEVELS - OVERLAP, at_touch=touch, always=True)
        for side in (self.bids, self.asks):
            if side and self.rng.random() < 0.3:
                position = self.rng.choice(sorted(side))
                side[position] = DepthLevel(
                    side[position].quantity + self._level(0).quantity, side[position].orders + 1
                )

    def fill(self, buy: bool, wanted: int) -> list[tuple[int, int]]:
        """Fills an aggressor from the best level and two behind it; returns the position and the lots of each fill."""
        fills: list[tuple[int, int]] = []
        side = self.asks if buy else self.bids
        for _ in range(3):
            best = self.best_ask() if buy else self.best_bid()
            if best is None or wanted <= 0:
                break
            lots = _reduce(side, best, wanted)
            fills.append((best, lots))
            wanted -= lots
        return fills

    def balance(self) -> tuple[int, int] | None:
        """Returns position and lots of a match now, or None: the most lots, and of these the least left over."""
        best: tuple[int, int, int] | None = None
        for position in sorted(self.bids.keys() | self.asks.keys()):
            demand = sum(level.quantity for place, level in self.bids.items() if place >= position)
            supply = sum(level.quantity for place, level in self.asks.items() if place <= position)
            found = (min(demand, supply), -abs(demand - supply), position)
            best = found if best is None or found[:2] > best[:2] else best
        return (best[2], best[0]) if best and best[0] else None

    def uncross(self) -> tuple[int, int] | None:
        """Ends a call auction; returns its match or None. Matched lots leave the book, best prices first."""
        match = self.balance()
        if match is None:
            return None
        for side, best in ((self.bids, self.best_bid), (self.asks, self.best_ask)):
            left = match[1]
            while left and (position := best()) is not None:
                left -= _reduce(side, position, left)
        return match

    def clear(self) -> None:
        """Removes every order."""
        self.bids.clear()
        self.asks.clear()
        self._touch = None

    def _place(self, middle: float) -> int:
        """Returns the position just below `middle`; -1 when the whole grid is above it."""
        return min(max(math.floor(middle), -1), self.length - 1)

    def _keep(self, side: dict[int, DepthLevel], low: int, high: int, *, at_touch: int, always: bool) -> None:
        """Removes levels outside `low` to `high` and adds missing ones. The best level comes back after a while."""
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

    def _level(self, away: int) -> DepthLevel:
        """Returns a believable level: log-normal lots, more of them away from the best price."""
        size = self.lots * math.exp(self.rng.gauss(0.0, 0.6)) * (1.0 + away / 5.0)
        return DepthLevel(max(int(size), 1), max(int(size / self.lots * self.rng.uniform(8.0, 30.0)), 1))


def _reduce(side: dict[int, DepthLevel], position: int, wanted: int) -> int:
    """Removes up to `wanted` lots from one level; returns how many it removed."""
    level = side[position]
    if level.quantity <= wanted:
        del side[position]
        return level.quantity
    left = level.quantity - wanted
    side[position] = DepthLevel(left, max(level.orders * left // level.quantity, 1))
    return wanted
