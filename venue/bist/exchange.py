"""The simulated Borsa Istanbul: seeded, pure, stepped by a time argument; same seed and times, same market."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from common.bist import rules
from common.wire import Phase
from venue.bist.indicator import Indicator
from venue.bist.listing import (
    DOLLAR,
    DOLLAR_CLOSE,
    FX_MARKET,
    INDEX,
    INDEX_CLOSE,
    INDEX_MARKET,
    MARKET_VOLATILITY,
    SHARES,
)
from venue.bist.stock import Stock
from venue.bist.views import View

Sessions = Literal["always", "real"]

STEP_SECONDS = 0.2
MOST_STEPS_AT_ONCE = 50
SECONDS_PER_YEAR = 365.0 * 86_400.0
_DOLLAR_VOLATILITY = 0.10


class Exchange:
    """All symbols, moved together. `start` is unix seconds. With `real` sessions shares follow the exchange's hours;
    with `always` they trade round the clock. The dollar never sleeps."""

    def __init__(
        self, seed: int, start: float, *, sessions: Sessions = "always", warm_up_seconds: float = 120.0
    ) -> None:
        self._rng = random.Random(seed)
        self._sessions = sessions
        self._at = start - warm_up_seconds
        self._day = datetime.fromtimestamp(self._at, rules.ISTANBUL).date()
        self.stocks = {share.symbol: Stock(share, self._day, self._rng) for share in SHARES}
        self._index = Indicator(INDEX, INDEX_MARKET, INDEX_CLOSE, step=Decimal("0.01"))
        self._dollar = Indicator(DOLLAR, FX_MARKET, DOLLAR_CLOSE, step=Decimal("0.0001"), spread=0.0004)
        for _ in range(round(warm_up_seconds / STEP_SECONDS)):
            self._step("continuous")

    def advance(self, now: float) -> None:
        """Steps up to `now` (unix seconds); after a long pause the gap is skipped rather than played in full."""
        self._at = max(self._at, now - MOST_STEPS_AT_ONCE * STEP_SECONDS)
        while self._at + STEP_SECONDS <= now:
            self._step(self._market_phase(self._at + STEP_SECONDS))

    def view(self) -> Mapping[str, View]:
        """What shows now: immutable, so it may be handed to other threads."""
        shares = {symbol: stock.view() for symbol, stock in self.stocks.items()}
        return {**shares, INDEX: self._index.view(self._at), DOLLAR: self._dollar.view(self._at)}

    def _market_phase(self, at: float) -> Phase:
        """The phase of all shares, and another day where one begins."""
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
        market = MARKET_VOLATILITY * root * self._rng.gauss(0.0, 1.0)
        for stock in self.stocks.values():
            own = stock.share.volatility * root * self._rng.gauss(0.0, 1.0)
            stock.step(self._at, STEP_SECONDS, phase, stock.share.beta * market + own)
        self._dollar.move(self._at, self._dollar.price * math.exp(_DOLLAR_VOLATILITY * root * self._rng.gauss(0, 1)))
        if phase == "closed":
            self._index.phase = phase
            return
        gain = sum(stock.share.weight * math.log(stock.last / stock.reference) for stock in self.stocks.values())
        self._index.phase = phase
        self._index.move(self._at, float(self._index.reference) * math.exp(gain))
