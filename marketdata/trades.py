"""The latest trades of one symbol, each once, in the order of the venue's time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from common.wire import Trade
from marketdata.venues.events import VenueTrade

MOST_TRADES = 200


class TradeHistory:
    """Keeps the newest `MOST_TRADES` trades; a venue replays its latest after every join."""

    def __init__(self) -> None:
        self._trades: list[Trade] = []
        self._known: set[str] = set()

    def add(self, symbol: str, trades: Iterable[VenueTrade]) -> int:
        """Takes in what is not known yet; says how many that were."""
        new = [trade for trade in trades if trade.trade_id not in self._known]
        if not new:
            return 0
        self._trades += [_wire_trade(symbol, trade) for trade in new]
        self._trades.sort(key=lambda trade: (trade.venue_time, len(trade.trade_id), trade.trade_id))
        del self._trades[:-MOST_TRADES]
        self._known = {trade.trade_id for trade in self._trades}
        return len(new)

    def latest(self, limit: int) -> Sequence[Trade]:
        """The newest trades, newest first."""
        return self._trades[: -limit - 1 : -1]


def _wire_trade(symbol: str, trade: VenueTrade) -> Trade:
    return Trade(
        symbol=symbol,
        trade_id=trade.trade_id,
        price=trade.price,
        quantity=trade.quantity,
        side=trade.side,
        venue_time=trade.venue_time,
    )
