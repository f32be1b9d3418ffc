"""One pair's book: price levels on a tick grid that follow a fair price and never cross."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, insort

from venue.btcturk.pairs import PairSpec

Levels = tuple[tuple[int, int], ...]
"""(price in ticks, amount in units), best price first."""

WINDOW = 100
MIN_LEVELS, MAX_LEVELS = 112, 132
COARSE_TICKS = 25_000
"""The levels of a price of fewer ticks spread as wide as those of this one, or they would not fit in."""
MOST_TRIES = 1_000
"""A coarse grid has fewer prices near the best one than a side wants levels."""


class LadderSide:
    """The bids or the asks."""

    def __init__(self, sign: int) -> None:
        """`sign` is +1 for asks and -1 for bids: sign times price grows away from the best price."""
        self._sign = sign
        self._keys: list[int] = []
        self._amounts: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def best(self) -> int:
        """The best price in ticks."""
        return self._sign * self._keys[0]

    def price_at(self, index: int) -> int:
        """Returns the price of the level `index` steps behind the best one."""
        return self._sign * self._keys[index]

    def holds(self, price: int) -> bool:
        """Returns true when there is a level at the price."""
        return price in self._amounts

    def set(self, price: int, amount: int) -> None:
        """Adds or replaces a level."""
        if price not in self._amounts:
            insort(self._keys, self._sign * price)
        self._amounts[price] = amount

    def delete(self, price: int) -> None:
        """Removes the level at the price."""
        del self._keys[bisect_left(self._keys, self._sign * price)]
        del self._amounts[price]

    def fill(self, amount: int) -> tuple[int, int]:
        """Trades up to `amount` against the best level; returns its price in ticks and the amount traded."""
        price = self.best
        available = self._amounts[price]
        if available <= amount:
            self.delete(price)
            return price, available
        self._amounts[price] = available - amount
        return price, amount

    def delete_through(self, price: int) -> None:
        """Removes every level better than `price`."""
        while self._keys and self._keys[0] < self._sign * price:
            self.delete(self._sign * self._keys[0])

    def window(self) -> Levels:
        """Returns the best levels, as many as the venue shows."""
        return tuple((self._sign * key, self._amounts[self._sign * key]) for key in self._keys[:WINDOW])


class Ladder:
    """Both sides of one pair's book; `step` moves them towards a fair price."""

    def __init__(self, spec: PairSpec, fair: float, rng: random.Random, grid: tuple[int, int] = (1, 1)) -> None:
        """`grid` has the steps of prices, in ticks, and of amounts, in units."""
        self.spec = spec
        self._price_step, self._lot = grid
        self.bids, self.asks = LadderSide(-1), LadderSide(+1)
        self._rng = rng
        self._tick = float(spec.tick)
        self.step(fair)

    def step(self, fair: float) -> None:
        """Follows the fair price: removes quotes beyond it, improves quotes too far from it, changes some levels."""
        middle = fair / self._tick
        half = max(self.spec.half_spread_bps * 1e-4 * middle, 0.5)
        for side, sign in ((self.bids, -1), (self.asks, +1)):
            nearest = self._on_grid(middle + sign * 0.4 * half, sign)
            side.delete_through(nearest)
            if not len(side) or sign * (side.best - middle) > 1.6 * half:
                self._add(side, self._on_grid(middle + sign * half * self._rng.uniform(0.6, 1.2), sign))
            self._churn_touch(side, nearest)
            self._churn_depth(side, sign, middle, half)

    def _churn_touch(self, side: LadderSide, nearest: int) -> None:
        """Now and then improves the best quote, or removes it."""
        draw = self._rng.random()
        if draw < 0.12 and side.best != nearest:
            low, high = sorted((side.best // self._price_step, nearest // self._price_step))
            self._add(side, self._rng.randint(low, high) * self._price_step)
        elif draw < 0.22 and len(side) > 1:
            side.delete(side.best)

    def _churn_depth(self, side: LadderSide, sign: int, middle: float, half: float) -> None:
        rng = self._rng
        draw = rng.random()
        if draw < 0.35:
            price = side.price_at(rng.randrange(len(side)))
            side.set(price, self._amount(price))
        elif draw < 0.5 and len(side) > MIN_LEVELS:
            side.delete(side.price_at(rng.randrange(len(side))))
        elif draw > 0.85:
            self._add_behind(side, sign, middle, half)
        for _ in range(MOST_TRIES):
            if len(side) >= MIN_LEVELS:
                break
            self._add_behind(side, sign, middle, half)
        while len(side) > MAX_LEVELS:
            side.delete(side.price_at(len(side) - 1))

    def _add_behind(self, side: LadderSide, sign: int, middle: float, half: float) -> None:
        """Adds a level behind the best price: most of them near it, some far away."""
        mean_bps = 12.0 if self._rng.random() < 0.7 else 70.0
        distance = self._rng.expovariate(1.0 / mean_bps) * 1e-4 * max(middle, COARSE_TICKS)
        self._add(side, max(self._on_grid(middle + sign * (half + distance), sign), self._price_step))

    def _add(self, side: LadderSide, price: int) -> None:
        if not side.holds(price):
            side.set(price, self._amount(price))

    def _amount(self, price: int) -> int:
        """Returns a believable amount: log-normal, and larger away from the best price."""
        anchor = self.bids.best if len(self.bids) else price
        away = abs(price - anchor) / max(price, 1) * 1e4
        size = self.spec.typical_amount * math.exp(self._rng.gauss(0.0, 0.9)) * (1.0 + away / 25.0)
        return max(int(size * 10**self.spec.amount_scale) // self._lot, 1) * self._lot

    def _on_grid(self, ticks: float, sign: int) -> int:
        """Returns the next price on the grid, away from the middle."""
        steps = ticks / self._price_step
        return (math.ceil(steps) if sign > 0 else math.floor(steps)) * self._price_step
