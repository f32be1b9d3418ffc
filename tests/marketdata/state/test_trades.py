"""Trades are kept once each, in the venue's order, the newest two hundred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketdata.events import VenueTrade
from marketdata.state.trades import MOST_TRADES, StoredTrade, TradeHistory

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _trade(number: int) -> VenueTrade:
    return VenueTrade(str(number), Decimal(number), Decimal(1), "buy", _START + timedelta(seconds=number))


def _ids(history: TradeHistory, limit: int = 200) -> list[int]:
    return [int(kept.trade.trade_id) for kept in history.latest(limit)]


def _add(history: TradeHistory, *trades: VenueTrade) -> int:
    """Takes in what is not known yet; how many that were."""
    new = history.unknown(trades)
    history.add([StoredTrade(trade, sequence, 0.0) for sequence, trade in enumerate(new, start=len(history) + 1)])
    return len(new)


def test_the_newest_comes_first_however_the_venue_ordered_them() -> None:
    history = TradeHistory()
    assert _add(history, _trade(3), _trade(1), _trade(2)) == 3
    assert _ids(history) == [3, 2, 1]
    assert _ids(history, 2) == [3, 2]


def test_a_replay_adds_only_what_was_missed() -> None:
    history = TradeHistory()
    _add(history, _trade(1), _trade(2))
    assert _add(history, _trade(4), _trade(3), _trade(2)) == 2
    assert _add(history, _trade(4), _trade(4)) == 0
    assert _ids(history) == [4, 3, 2, 1]


def test_only_the_newest_are_kept() -> None:
    history = TradeHistory()
    for number in range(MOST_TRADES + 30):
        _add(history, _trade(number))
    assert _ids(history) == list(range(MOST_TRADES + 29, 29, -1))


def test_ids_of_different_length_are_ordered_as_numbers() -> None:
    history = TradeHistory()
    _add(history, *(VenueTrade(number, Decimal(1), Decimal(1), "sell", _START) for number in ("10", "9")))
    assert _ids(history) == [10, 9]


def test_a_replay_that_knows_nothing_of_what_is_held_does_not_overlap() -> None:
    history = TradeHistory()
    _add(history, _trade(1), _trade(2))
    assert history.overlaps([_trade(3), _trade(2)])
    assert not history.overlaps([_trade(3), _trade(4)])


def test_what_came_after_a_sequence_is_in_the_order_it_came() -> None:
    history = TradeHistory()
    history.add([StoredTrade(_trade(5), 10, 0.0), StoredTrade(_trade(4), 11, 0.0), StoredTrade(_trade(6), 12, 0.0)])
    assert [kept.trade.trade_id for kept in history.after(10)] == ["4", "6"]


def test_what_there_is_no_room_for_is_given_back() -> None:
    history = TradeHistory()
    _add(history, *(_trade(number) for number in range(1, MOST_TRADES + 1)))
    dropped = history.add([StoredTrade(_trade(500), 900, 0.0)])
    assert [kept.trade.trade_id for kept in dropped] == ["1"]
