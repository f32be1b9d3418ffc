"""The money of the reference: what is held, what positions cost, what was gained, and the equity's anchors.

Whole numbers only. What a wallet holds is in 10^-10 of its unit; costs, gains and the equity are in 10^-12.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

PRICE, QUANTITY, AMOUNT, VALUE = 10**2, 10**4, 10**10, 10**12
UNIT = AMOUNT // QUANTITY


@dataclass
class Anchored:
    """The equities that losses are measured from, scaled when money comes or goes; and the day's, with that money."""

    day_start: int
    peak: int
    base: int


class Money:
    """`pairs` gives base and quote of each symbol; `marks` are prices in hundredths. Units that `cash` begins with are
    cash, other bases are positions of their symbol. The equity is in TRY."""

    def __init__(self, cash: Mapping[str, int], pairs: Mapping[str, tuple[str, str]], marks: Mapping[str, int]) -> None:
        self.cash, self.marks = dict(cash), dict(marks)
        self.fees: Counter[str] = Counter()
        self.costs: Counter[str] = Counter()
        self.gains: Counter[str] = Counter()
        self.anchored: Anchored | None = None
        self._wallet: Counter[str] = Counter(cash)
        self._pairs = pairs

    def holds(self, name: str) -> int:
        """A currency of cash, or the position of a symbol."""
        return self._wallet[name]

    @property
    def equity(self) -> int:
        """Cash at its rate, and positions at their marks."""
        total = sum(self._in_lira(unit, self.holds(unit) * VALUE // AMOUNT) for unit in self.cash)
        for symbol, (base, quote) in self._pairs.items():
            if base not in self.cash:
                total += self._in_lira(quote, self.holds(symbol) * self.marks[symbol])
        return total

    @property
    def day_gain(self) -> int | None:
        """The day's profit or loss, without what was paid in or out; None before the equity was first looked at."""
        return None if self.anchored is None else self.equity - self.anchored.base

    def look(self) -> None:
        """Looks at the equity: the first one begins the day, a higher one is the peak."""
        known, equity = self.anchored, self.equity
        if known is None:
            self.anchored = Anchored(equity, equity, equity)
        else:
            known.peak = max(known.peak, equity)

    def pay(self, currency: str, amount: int) -> None:
        """Money comes in, or goes out where the amount is negative; losses keep their percentage."""
        equity, known = self.equity, self.anchored
        value = self._in_lira(currency, amount * VALUE // AMOUNT)
        self._wallet[currency] += amount
        if known is not None:
            left = max(equity + value, 0)
            for name in ("day_start", "peak"):
                anchor = getattr(known, name)
                setattr(known, name, round(Fraction(anchor * left, equity)) if equity > 0 else anchor + value)
            known.base += value

    def give_up(self, symbol: str, quantity: int) -> None:
        """A part of a position is written off: its cost is a loss."""
        cost = self._cost_of(symbol, quantity)
        self._wallet[symbol] -= quantity
        self.costs[symbol] -= cost
        self.gains[symbol] -= cost

    def trade(self, symbol: str, quantity: int, notional: int, fee: int) -> None:
        """A purchase of a quantity, or a sale where quantity and notional are negative."""
        base, quote = self._pairs[symbol]
        if base not in self.cash and quantity > 0:
            self.costs[symbol] += notional * VALUE // AMOUNT
        elif base not in self.cash:
            cost = self._cost_of(symbol, -quantity)
            self.costs[symbol] -= cost
            self.gains[symbol] += -notional * VALUE // AMOUNT - cost
        self._wallet[base if base in self.cash else symbol] += quantity
        self._wallet[quote] -= notional + fee
        self.fees[symbol] += fee

    def average_cost(self, symbol: str) -> int:
        held = self.holds(symbol)
        return round(Fraction(self.costs[symbol] * AMOUNT, held)) if held else 0

    def _cost_of(self, symbol: str, quantity: int) -> int:
        """The share of the cost that a part of the position has; the last part has all that is left."""
        return round(Fraction(self.costs[symbol] * quantity, self.holds(symbol)))

    def _in_lira(self, unit: str, amount: int) -> int:
        if unit == "TRY":
            return amount
        return round(Fraction(amount * self.marks[f"BTCTURK:{unit}TRY"], PRICE))
