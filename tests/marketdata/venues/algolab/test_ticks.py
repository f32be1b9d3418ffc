"""Ticks without ids and sequence: names of trades, order, and how late the feed is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketdata.events import VenueTrade
from marketdata.state.trades import MOST_TRADES, StoredTrade, TradeHistory
from marketdata.venues.algolab.ticks import LATE_IN_A_ROW, MOST_SECONDS, ArrivalOrder, Delay, TradeNames

NOW = datetime(2026, 9, 22, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def trade(price: str, at: datetime = NOW) -> VenueTrade:
    return VenueTrade(f"{at.timestamp():.0f}-{price}-5-buy", Decimal(price), Decimal(5), "buy", at)


def test_trades_of_one_second_stay_in_the_order_in_which_they_came() -> None:
    names, history = TradeNames(), TradeHistory()
    for number, price in enumerate(["312.5", "9.75", "312.25", "1000"] * 4):
        named = names.name(trade(price)).trade
        history.add([StoredTrade(named, number, 0.0)])
        assert history.latest(1)[0].trade.price == Decimal(price)


def test_equal_trades_of_one_second_both_count_and_are_told_apart() -> None:
    names = TradeNames()
    first, second, other = names.name(trade("10")), names.name(trade("10")), names.name(trade("10", NOW + SECOND))
    assert (first.equal, second.equal, other.equal) == (False, True, False)
    assert len({each.trade.trade_id for each in (first, second, other)}) == 3


def test_the_same_ticks_get_the_same_names_anywhere() -> None:
    ticks = [trade("10"), trade("11"), trade("10"), trade("10", NOW - SECOND)]
    one, other = TradeNames(), TradeNames()
    assert [one.name(tick) for tick in ticks] == [other.name(tick) for tick in ticks]


def test_memory_is_bounded_and_no_trade_that_is_held_loses_its_name() -> None:
    assert MOST_SECONDS > MOST_TRADES
    names = TradeNames()
    given = {names.name(trade("10", NOW + number * SECOND)).trade.trade_id for number in range(1000)}
    late = names.name(trade("10", NOW + (1000 - MOST_TRADES) * SECOND)).trade.trade_id
    assert late not in given


def test_an_older_tick_and_one_from_the_future_are_set_aside() -> None:
    order = ArrivalOrder()
    assert order.set_aside(NOW, NOW) is None
    assert order.set_aside(NOW, NOW) is None
    assert order.set_aside(NOW - SECOND, NOW) == "older"
    assert order.set_aside(NOW + timedelta(days=1), NOW) == "from_future"
    assert order.set_aside(NOW + SECOND, NOW) is None


def test_the_first_evidence_decides_whether_the_feed_is_delayed() -> None:
    late, fresh = Delay(), Delay()
    assert late.observe(NOW - timedelta(minutes=15), NOW)
    assert late.delayed is True
    assert not fresh.observe(NOW, NOW)
    assert fresh.delayed is False


def test_it_takes_several_in_a_row_to_change_the_mind() -> None:
    delay = Delay()
    delay.observe(NOW, NOW)
    for _ in range(20):
        for _ in range(LATE_IN_A_ROW - 1):
            assert not delay.observe(NOW - timedelta(minutes=15), NOW)
        assert not delay.observe(NOW, NOW)
    changes = [delay.observe(NOW - timedelta(minutes=15), NOW) for _ in range(LATE_IN_A_ROW)]
    assert changes == [False] * (LATE_IN_A_ROW - 1) + [True]
    assert delay.delayed is True
    assert [delay.observe(NOW, NOW) for _ in range(LATE_IN_A_ROW)][-1]
    assert delay.delayed is False
