"""The simulated Borsa Istanbul. Pure: the same seed and the same times give the same market."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from common.bist import rules
from common.wire import Phase
from venue.algolab.indicator import Indicator
from venue.algolab.listing import (
    DOLLAR,
    DOLLAR_CLOSE,
    FX_MARKET,
    INDEX,
    INDEX_CLOSE,
    INDEX_MARKET,
    MARKET_VOLATILITY,
    SHARES,
    ListedShare,
)
from venue.algolab.stock import Stock
from venue.algolab.views import BistView

Sessions = Literal["always", "real"]
"""always: shares trade round the clock. real: shares keep the hours of the exchange."""

STEP_SECONDS = 0.2
MOST_STEPS_AT_ONCE = 50
SECONDS_PER_YEAR = 365.0 * 86_400.0
_DOLLAR_VOLATILITY = 0.10


class BistMarket:
    """All symbols, moved together. The dollar moves round the clock.

    Shares of a slow pace move in turn, so that each step moves about as many of them. All move when the phase changes.

    stocks: the shares, by symbol.
    """

    def __init__(
        self,
        seed: int,
        start: float,
        *,
        shares: Sequence[ListedShare] = SHARES,
        sessions: Sessions = "always",
        warm_up_seconds: float = 120.0,
    ) -> None:
        """`start` is the first view's time, unix seconds; trading began `warm_up_seconds` before it."""
        self._rng = random.Random(seed)
        self._sessions = sessions
        self._at = start - warm_up_seconds
        self._day = datetime.fromtimestamp(self._at, rules.ISTANBUL).date()
        self.stocks = {share.symbol: Stock(share, self._day, self._rng) for share in shares}
        self._index = Indicator(INDEX, INDEX_MARKET, INDEX_CLOSE, step=Decimal("0.01"))
        self._dollar = Indicator(DOLLAR, FX_MARKET, DOLLAR_CLOSE, step=Decimal("0.0001"), spread=0.0004)
        self._phase: Phase = "continuous"
        self._steps, self._drift, self._drifts = 0, 0.0, dict.fromkeys(self.stocks, 0.0)
        for _ in range(round(warm_up_seconds / STEP_SECONDS)):
            self._step("continuous")

    def advance(self, now: float) -> None:
        """Moves the market to `now`, unix seconds. After a long pause it skips most of the gap."""
        self._at = max(self._at, now - MOST_STEPS_AT_ONCE * STEP_SECONDS)
        while self._at + STEP_SECONDS <= now:
            self._step(self._market_phase(self._at + STEP_SECONDS))

    def view(self) -> Mapping[str, BistView]:
        """Returns the present view of each symbol. Views are immutable, so any thread may read them."""
        shares = {symbol: stock.view() for symbol, stock in self.stocks.items()}
        return {**shares, INDEX: self._index.view(self._at), DOLLAR: self._dollar.view(self._at)}

    def _market_phase(self, at: float) -> Phase:
        """Returns the phase of all shares at a time, and begins another day where it does."""
        moment = datetime.fromtimestamp(at, rules.ISTANBUL)
        if moment.date() != self._day and (self._sessions == "always" or rules.is_session(moment.date())):
            self._day = moment.date()
            self._index.open_day()
            for stock in self.stocks.values():
                stock.open_day(self._day)
        return "continuous" if self._sessions == "always" else rules.phase_at(moment)

    def _step(self, phase: Phase) -> None:
        self._at += STEP_SECONDS
        root = math.sqrt(STEP_SECONDS / SECONDS_PER_YEAR)
        self._move_shares(phase, root)
        self._dollar.move(self._at, self._dollar.price * math.exp(_DOLLAR_VOLATILITY * root * self._rng.gauss(0, 1)))
        self._index.phase = phase
        if phase == "closed":
            return
        gain = sum(stock.share.weight * math.log(stock.last / stock.reference) for stock in self.stocks.values())
        self._index.move(self._at, float(self._index.reference) * math.exp(gain))

    def _move_shares(self, phase: Phase, root: float) -> None:
        """Moves the shares whose turn it is. `root` is the square root of a step in years."""
        self._steps += 1
        self._drift += MARKET_VOLATILITY * root * self._rng.gauss(0.0, 1.0)
        everyone, self._phase = phase != self._phase, phase
        for place, (symbol, stock) in enumerate(self.stocks.items()):
            pace = stock.share.pace
            if not everyone and (self._steps + place) % pace:
                continue
            own = stock.share.volatility * root * math.sqrt(pace) * self._rng.gauss(0.0, 1.0)
            market, self._drifts[symbol] = self._drift - self._drifts[symbol], self._drift
            stock.step(self._at, pace * STEP_SECONDS, phase, stock.share.beta * market + own)
