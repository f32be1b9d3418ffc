"""The prices that a share can trade at on one day, from the floor up to the ceiling."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal

from common.bist import rules


class Grid:
    """The day's prices by position: 0 is the floor, the last one the ceiling. Positions keep the model's sums exact.

    prices: in TRY, rising.
    """

    def __init__(self, reference: Decimal, day: date) -> None:
        """`reference` is the base price that the day's limits count from."""
        floor, ceiling = rules.price_limits(reference, day)
        prices = [floor]
        while prices[-1] < ceiling:
            prices.append(prices[-1] + rules.tick_size(prices[-1], day))
        self.prices = tuple(prices)
        self._floats = [float(price) for price in prices]

    def __len__(self) -> int:
        return len(self.prices)

    @property
    def floor(self) -> Decimal:
        """The lowest price of the day."""
        return self.prices[0]

    @property
    def ceiling(self) -> Decimal:
        """The highest price of the day."""
        return self.prices[-1]

    def position(self, price: float) -> float:
        """Returns the place of a price between the positions. It is below 0 or above the last outside the limits."""
        floats = self._floats
        low = min(max(bisect_right(floats, price) - 1, 0), len(floats) - 2)
        return low + (price - floats[low]) / (floats[low + 1] - floats[low])
