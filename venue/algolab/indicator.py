"""A symbol without trades: an index, which has no quotes, or a currency, which has quotes."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from common.wire import Phase
from venue.algolab.views import NOTHING, BistView, SymbolTick

TICK_SECONDS = 1.0
TICKS_KEPT = 20


class Indicator:
    """One symbol. It ticks once a second at most.

    phase: the phase of trading.
    price: the present price, not rounded.
    reference: the price that the day's change counts from.
    """

    def __init__(self, symbol: str, market: str, close: Decimal, *, step: Decimal, spread: float = 0.0) -> None:
        """Prices are multiples of `step`. `spread` is the distance of bid and ask in TRY; 0 for no quotes."""
        self._symbol, self._market, self._step, self._spread = symbol, market, step, spread
        self.phase: Phase = "continuous"
        self.price = float(close)
        self.reference = close
        self._ticks: deque[SymbolTick] = deque(maxlen=TICKS_KEPT)
        self._tick_count = 0
        self._high = self._low = close
        self._ticked_at = 0.0

    def open_day(self) -> None:
        """Begins another day: the change counts from the last price."""
        self.reference = self._high = self._low = self._rounded(self.price)

    def move(self, at: float, price: float) -> None:
        """Takes a new price; makes a tick of it when a second has passed since the last one."""
        self.price = price
        if at - self._ticked_at < TICK_SECONDS:
            return
        shown = self._rounded(price)
        self._high, self._low = max(self._high, shown), min(self._low, shown)
        half = self._spread / 2
        bid, ask = (self._rounded(price - half), self._rounded(price + half)) if half else (NOTHING, NOTHING)
        self._ticks.append(SymbolTick(at=at, price=shown, high=self._high, low=self._low, bid=bid, ask=ask))
        self._tick_count += 1
        self._ticked_at = at

    def view(self, at: float) -> BistView:
        """Returns the present view."""
        return BistView(
            symbol=self._symbol,
            market=self._market,
            at=at,
            phase=self.phase,
            last=self._rounded(self.price),
            reference=self.reference,
            ticks=tuple(self._ticks),
            tick_count=self._tick_count,
        )

    def _rounded(self, price: float) -> Decimal:
        return Decimal(price).quantize(self._step)
