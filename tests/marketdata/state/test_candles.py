"""Bars are right however trades come, and say so when trades of them are missing."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketdata.events import VenueTrade
from marketdata.state.candlestore import CandleStore
from tests.marketdata.state.series import DAWN, bar, begun, gaps_of, latest, minutes, told, trade


def test_trades_of_a_minute_make_its_bar() -> None:
    series = begun(trade(1, 10), trade(20, 14, 2), trade(40, 8), trade(59, 12, 3))
    assert minutes(series, 59.5) == [(0, 10, 14, 8, 12, 7, False)]
    assert minutes(series, 62) == [(0, 10, 14, 8, 12, 7, True)]


def test_a_bar_is_not_complete_while_its_last_trades_may_be_on_their_way() -> None:
    series = begun(trade(1, 10))
    assert minutes(series, 61) == [(0, 10, 10, 10, 10, 1, False)]
    series.add([trade(59.9, 14)])
    assert minutes(series, 62) == [(0, 10, 14, 10, 14, 2, True)]


def test_a_bar_of_delayed_trades_is_complete_once_a_later_trade_came() -> None:
    series = begun(trade(1, 10))
    series.set_delayed(True)
    assert minutes(series, 900) == [(0, 10, 10, 10, 10, 1, False)]
    assert told(latest(series, "5m", 1, DAWN + 900)) == [(0, 10, 10, 10, 10, 1, False)]
    series.add([trade(59, 14), trade(61, 11)])
    assert minutes(series, 960) == [(0, 10, 14, 10, 14, 2, True), (60, 11, 11, 11, 11, 1, False)]


def test_a_late_trade_sets_the_open_and_leaves_the_close() -> None:
    series = begun(trade(20, 10), trade(40, 12))
    series.add([trade(5, 20)])
    assert minutes(series, 62) == [(0, 20, 20, 10, 12, 3, True)]


def test_a_trade_that_is_told_twice_counts_once() -> None:
    series = begun(trade(20, 10, trade_id="a"))
    series.add([trade(20, 10, trade_id="a")])
    series.replay([trade(20, 10, trade_id="a"), trade(25, 11)], DAWN)
    assert minutes(series, 62) == [(0, 10, 11, 10, 11, 2, True)]


def test_a_minute_without_a_trade_has_no_bar() -> None:
    series = begun(trade(20, 10), trade(200, 11))
    assert [start for start, *_ in minutes(series, 300)] == [0, 180]


@given(st.permutations(range(12)))
def test_the_order_in_which_trades_come_changes_nothing(order: list[int]) -> None:
    trades = [trade(7 * number, 10 + number * number % 7, number + 1) for number in range(12)]
    assert minutes(begun(*(trades[number] for number in order)), 120) == minutes(begun(*trades), 120)


def test_while_the_stream_is_off_no_later_bar_claims_to_be_complete() -> None:
    series = begun(trade(10, 10))
    series.pause()
    assert minutes(series, 120) == [(0, 10, 10, 10, 10, 1, False)]
    assert gaps_of(series, 120, limit=1) == [(10, 120)]
    assert series.replay([trade(10, 10), trade(50, 12)], DAWN) is None
    assert minutes(series, 120) == [(0, 10, 12, 10, 12, 2, True)]


def test_the_venues_present_minute_is_shown_only_while_ours_lacks_trades() -> None:
    series = begun(trade(10, 10))
    series.set_present(bar(0, 1, 2, 1, 2))
    assert minutes(series, 30) == [(0, 10, 10, 10, 10, 1, False)]
    series.pause()
    assert minutes(series, 30) == [(0, 1, 2, 1, 2, 1, False)]
    series.replay([trade(10, 10)], DAWN)
    assert minutes(series, 30) == [(0, 10, 10, 10, 10, 1, False)]


def test_sums_are_exact() -> None:
    series = begun()
    series.add([VenueTrade(str(n), Decimal(1), Decimal("0.1"), "buy", trade(n, 1).venue_time) for n in range(3)])
    assert latest(series, "1m", 1, DAWN + 60.0)[0].volume == Decimal("0.3")


def test_the_store_of_candles_keeps_symbols_apart() -> None:
    store = CandleStore(["BTCTURK:BTCTRY", "BTCTURK:ETHTRY"], unix=lambda: DAWN + 60.0)
    store.replay("BTCTURK:BTCTRY", [trade(1, 10)])
    store.add("BTCTURK:BTCTRY", [trade(2, 12)])
    assert told(store.latest("BTCTURK:BTCTRY", "1m", 5)) == [(0, 10, 12, 10, 12, 2, False)]
    assert store.latest("BTCTURK:ETHTRY", "1m", 5) == []
