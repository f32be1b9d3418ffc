"""Judges what a pair's ticker claims of its book, with the trades as a third witness. Pure; times are monotonic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from marketdata.events import Ticker, Top
from marketdata.state.witness import STEADY_SECONDS, BookWitness, Verdict

AGAIN_SECONDS = 60.0
"""A contradiction that lasts asks for the streams again so often; a new book alone may not end it."""
AGREED_SECONDS = 10.0
"""A ticker that agreed with a book so lately outweighs the venue's REST book, which may come from a cache."""
WITNESSES = ("ticker", "trade", "last")
"""The witnesses that may contradict: the ticker's best prices and a trade the book, the ticker's last price the
trades."""

Claim = Verdict | Literal["outdated"]
"""outdated: the ticker contradicts the book, and repeats itself while book and trades go on together."""


@dataclass(slots=True)
class TickerClaims:
    """The claims of one pair's ticker.

    agreed: the best prices that last agreed with the book; None before any did.
    agreed_at: when they did.
    last: the last price that it names; None before it named one.
    behind_since: when a trade at another price than `last` came, if `last` is the same since; else None.
    differs_since: when it began to name another last price than the newest trade's; None while it does not.
    """

    agreed: Top | None = None
    agreed_at: float = -math.inf
    last: Decimal | None = None
    behind_since: float | None = None
    differs_since: float | None = None

    def hear_trade(self, price: Decimal, at: float) -> None:
        """Notes a new trade."""
        if self.last is not None and price != self.last and self.behind_since is None:
            self.behind_since = at

    def weigh_last(self, ticker: Ticker, traded: Decimal | None, at: float) -> Verdict:
        """Returns the verdict on the trades, from the last price and the price of the newest trade."""
        if traded is None or ticker.last is None:
            return "unclear"
        if traded == ticker.last:
            self.differs_since = None
            return "agrees"
        self.differs_since = at if self.differs_since is None else self.differs_since
        return "contradicts" if at - self.differs_since >= STEADY_SECONDS else "unclear"

    def judge(self, witness: BookWitness, ticker: Ticker, traded: Decimal | None, at: float) -> Claim:
        """Returns the verdict on a ticker. `traded` is the price of the newest trade, None before there was one.

        A ticker that names another last price than a trade far outside of the book does not know of that trade, so it
        can't agree. One that repeats what once agreed, and knows of no trade for `STEADY_SECONDS` though trades fit the
        book, can't contradict. One without best prices still tells of a trade when its last price changes.
        """
        last, before = ticker.last, self.last
        moved = last is not None and before is not None and last != before
        known = last is None or traded is None or last == traded
        if moved or known:
            self.behind_since = None
        self.last = before if last is None else last
        far = not known and traded is not None and witness.is_outside(traded, at)
        if ticker.best is None:
            return witness.hear_trade(self.last, at) if moved and self.last is not None else "unclear"
        verdict = witness.hear_top(ticker.best, at, outdated=far)
        if verdict == "agrees":
            self.agreed, self.agreed_at = ticker.best, at
        behind = self.behind_since is not None and at - self.behind_since >= STEADY_SECONDS
        if verdict == "contradicts" and behind and not far and ticker.best == self.agreed:
            return "outdated"
        return verdict
