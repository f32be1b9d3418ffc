"""The latest trades of one symbol, each once, in the order of the venue's time. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from marketdata.events import VenueTrade

MOST_TRADES = 200


class StoredTrade(NamedTuple):
    """A trade as the store keeps it.

    trade: the venue's trade.
    sequence: the store's sequence when it came.
    received: the unix time when it came.
    """

    trade: VenueTrade
    sequence: int
    received: float


class TradeHistory:
    """Keeps the newest `MOST_TRADES` trades. A venue replays its latest ones after every join."""

    def __init__(self) -> None:
        self._trades: list[StoredTrade] = []
        self._known: set[str] = set()

    def unknown(self, trades: Iterable[VenueTrade]) -> list[VenueTrade]:
        """Returns the trades that are not held yet, each once, oldest first."""
        new = {trade.trade_id: trade for trade in trades if trade.trade_id not in self._known}
        return sorted(new.values(), key=trade_order)

    def add(self, trades: Sequence[StoredTrade]) -> Sequence[StoredTrade]:
        """Adds trades that are not held yet. Returns the oldest ones, for which there is no room any more."""
        for one in trades:
            self._known.add(one.trade.trade_id)
            if not self._trades or trade_order(one.trade) >= trade_order(self._trades[-1].trade):
                self._trades.append(one)
            else:
                insort(self._trades, one, key=lambda stored: trade_order(stored.trade))
        dropped = self._trades[:-MOST_TRADES]
        for one in dropped:
            self._known.remove(one.trade.trade_id)
        del self._trades[: len(dropped)]
        return dropped

    def overlaps(self, trades: Iterable[VenueTrade]) -> bool:
        """Returns true when a replay reaches back to a trade that is held; else trades between were missed."""
        return any(trade.trade_id in self._known for trade in trades)

    def __len__(self) -> int:
        return len(self._trades)

    def latest(self, limit: int) -> Sequence[StoredTrade]:
        """Returns the newest trades, newest first."""
        return self._trades[: -limit - 1 : -1]

    def after(self, sequence: int) -> Sequence[StoredTrade]:
        """Returns the trades that came after a sequence, in the order they came."""
        return sorted((one for one in self._trades if one.sequence > sequence), key=attrgetter("sequence"))


def trade_order(trade: VenueTrade) -> tuple[datetime, int, str]:
    """Returns the place of a trade among those of its pair: by time, then by id; a shorter id is an older one."""
    return trade.venue_time, len(trade.trade_id), trade.trade_id
