"""The latest trades of one symbol, each once, in the order of the venue's time. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from marketdata.events import VenueTrade

MOST_TRADES = 200


class Kept(NamedTuple):
    """A trade, and when it came: the store's sequence, and unix seconds."""

    trade: VenueTrade
    sequence: int
    received: float


class TradeHistory:
    """Keeps the newest `MOST_TRADES` trades; a venue replays its latest after every join."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []
        self._known: set[str] = set()

    def unknown(self, trades: Iterable[VenueTrade]) -> list[VenueTrade]:
        """Those that are not held yet, each once, oldest first."""
        new = {trade.trade_id: trade for trade in trades if trade.trade_id not in self._known}
        return sorted(new.values(), key=_order)

    def add(self, kept: Sequence[Kept]) -> Sequence[Kept]:
        """Takes in trades that are not held yet; gives back those that there is no room for any more."""
        for one in kept:
            self._known.add(one.trade.trade_id)
            if not self._kept or _place(one) >= _place(self._kept[-1]):
                self._kept.append(one)
            else:
                insort(self._kept, one, key=_place)
        dropped = self._kept[:-MOST_TRADES]
        for one in dropped:
            self._known.remove(one.trade.trade_id)
        del self._kept[: len(dropped)]
        return dropped

    def overlaps(self, trades: Iterable[VenueTrade]) -> bool:
        """Whether a replay reaches back to what is held: if not, trades between were missed."""
        return any(trade.trade_id in self._known for trade in trades)

    def __len__(self) -> int:
        return len(self._kept)

    def latest(self, limit: int) -> Sequence[Kept]:
        """The newest trades, newest first."""
        return self._kept[: -limit - 1 : -1]

    def after(self, sequence: int) -> Sequence[Kept]:
        """What came after a sequence, in the order it came."""
        return sorted((one for one in self._kept if one.sequence > sequence), key=lambda one: one.sequence)


def _place(kept: Kept) -> tuple[object, ...]:
    return _order(kept.trade)


def _order(trade: VenueTrade) -> tuple[object, ...]:
    return (trade.venue_time, len(trade.trade_id), trade.trade_id)
