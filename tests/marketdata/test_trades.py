"""Trades are kept once each, in the venue's order, the newest two hundred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketdata.trades import MOST_TRADES, TradeHistory
from marketdata.venues.events import VenueTrade

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _trade(number: int) -> VenueTrade:
    return VenueTrade(str(number), Decimal(number), Decimal(1), "buy", _START + timedelta(seconds=number))


def _ids(history: TradeHistory, limit: int = 200) -> list[int]:
    return [int(trade.trade_id) for trade in history.latest(limit)]


def test_the_newest_comes_first_however_the_venue_ordered_them() -> None:
    history = TradeHistory()
    assert history.add("S", [_trade(3), _trade(1), _trade(2)]) == 3
    assert _ids(history) == [3, 2, 1]
    assert _ids(history, 2) == [3, 2]


def test_a_replay_adds_only_what_was_missed() -> None:
    history = TradeHistory()
    history.add("S", [_trade(1), _trade(2)])
    assert history.add("S", [_trade(4), _trade(3), _trade(2)]) == 2
    assert history.add("S", [_trade(4)]) == 0
    assert _ids(history) == [4, 3, 2, 1]


def test_only_the_newest_are_kept() -> None:
    history = TradeHistory()
    for number in range(MOST_TRADES + 30):
        history.add("S", [_trade(number)])
    assert _ids(history) == list(range(MOST_TRADES + 29, 29, -1))


def test_ids_of_different_length_are_ordered_as_numbers() -> None:
    history = TradeHistory()
    history.add("S", [VenueTrade(number, Decimal(1), Decimal(1), "sell", _START) for number in ("10", "9")])
    assert _ids(history) == [10, 9]
