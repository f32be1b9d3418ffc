"""Bars are right however trades come, and say so when trades of them are missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from common.wire import Candle
from marketdata.events import Bar, VenueTrade
from marketdata.state.candles import DAY, MINUTE, MOST_DAYS, MOST_MINUTES, Series
from marketdata.state.candlestore import CandleStore

DAWN = 1_790_035_200  # a midnight, UTC
FULL = 50


def _trade(second: float, price: int, quantity: int = 1, trade_id: str | None = None) -> VenueTrade:
    at = datetime.fromtimestamp(DAWN, UTC) + timedelta(seconds=second)
    return VenueTrade(trade_id or f"{round(second * 1000)}", Decimal(price), Decimal(quantity), "buy", at)


def _bar(start: float, *prices: int, volume: int = 1) -> Bar:
    opened, high, low, close = (Decimal(price) for price in prices)
    return Bar(DAWN + int(start), opened, high, low, close, Decimal(volume))


def _told(candles: Iterable[Candle]) -> list[tuple[int, ...]]:
    """Start in seconds after dawn, open, high, low, close, volume, complete."""
    return [
        (
            round(candle.start.timestamp()) - DAWN,
            *(int(number) for number in (candle.open, candle.high, candle.low, candle.close, candle.volume)),
            candle.complete,
        )
        for candle in candles
    ]


def _begun(*trades: VenueTrade) -> Series:
    """A series whose venue has told all its trades so far: fewer than a full replay, and an older one first."""
    series = Series()
    series.replay([_trade(-3600, 1), *trades], FULL)
    return series


def _minutes(series: Series, now: float, limit: int = 10) -> list[tuple[int, ...]]:
    return [told for told in _told(series.latest("1m", limit, DAWN + now)) if told[0] >= 0]


def test_trades_of_a_minute_make_its_bar() -> None:
    series = _begun(_trade(1, 10), _trade(20, 14, 2), _trade(40, 8), _trade(59, 12, 3))
    assert _minutes(series, 59.5) == [(0, 10, 14, 8, 12, 7, False)]
    assert _minutes(series, 60) == [(0, 10, 14, 8, 12, 7, True)]


def test_a_late_trade_sets_the_open_and_leaves_the_close() -> None:
    series = _begun(_trade(20, 10), _trade(40, 12))
    series.add([_trade(5, 20)])
    assert _minutes(series, 60) == [(0, 20, 20, 10, 12, 3, True)]


def test_a_trade_that_is_told_twice_counts_once() -> None:
    series = _begun(_trade(20, 10, trade_id="a"))
    series.add([_trade(20, 10, trade_id="a")])
    series.replay([_trade(20, 10, trade_id="a"), _trade(25, 11)], FULL)
    assert _minutes(series, 60) == [(0, 10, 11, 10, 11, 2, True)]


def test_a_minute_without_a_trade_has_no_bar() -> None:
    series = _begun(_trade(20, 10), _trade(200, 11))
    assert [start for start, *_ in _minutes(series, 300)] == [0, 180]


@given(st.permutations(range(12)))
def test_the_order_in_which_trades_come_changes_nothing(order: list[int]) -> None:
    trades = [_trade(7 * number, 10 + number * number % 7, number + 1) for number in range(12)]
    assert _minutes(_begun(*(trades[number] for number in order)), 120) == _minutes(_begun(*trades), 120)


def test_the_minute_in_which_the_known_trades_begin_is_not_complete_until_the_venue_told_it() -> None:
    series = Series()
    series.replay([_trade(30 + number, 10) for number in range(FULL)], FULL)
    assert [told[-1] for told in _minutes(series, 300)] == [False, True]
    assert series.wanted_since(DAWN + 300) is not None
    series.merge_minutes([_bar(0, 9, 11, 8, 10, volume=99)], since=DAWN - 600, asked_at=DAWN + 300)
    assert _minutes(series, 300)[0] == (0, 9, 11, 8, 10, 99, True)
    assert series.wanted_since(DAWN + 300) == DAWN + 300 - MOST_MINUTES * MINUTE
    series.merge_minutes([], since=DAWN - 2 * DAY, asked_at=DAWN + 300)
    assert series.wanted_since(DAWN + 300) is None


def test_the_venues_bar_wins_once_its_minute_has_closed_and_our_trades_before() -> None:
    series = _begun(_trade(10, 10), _trade(70, 20))
    series.merge_minutes([_bar(0, 1, 2, 1, 2), _bar(60, 5, 6, 5, 6)], since=DAWN, asked_at=DAWN + 90)
    assert _minutes(series, 90) == [(0, 1, 2, 1, 2, 1, True), (60, 20, 20, 20, 20, 1, False)]
    series.add([_trade(15, 77)])
    assert _minutes(series, 90)[0] == (0, 1, 2, 1, 2, 1, True)


def test_a_bar_that_the_venue_may_still_change_is_not_taken() -> None:
    series = _begun(_trade(10, 10))
    series.merge_minutes([_bar(0, 1, 2, 1, 2)], since=DAWN, asked_at=DAWN + 61)
    assert _minutes(series, 120) == [(0, 10, 10, 10, 10, 1, True)]


def test_while_the_stream_is_off_no_later_bar_claims_to_be_complete() -> None:
    series = _begun(_trade(10, 10))
    series.pause()
    assert _minutes(series, 120) == [(0, 10, 10, 10, 10, 1, False)]
    assert series.replay([_trade(10, 10), _trade(50, 12)], FULL) is None
    assert _minutes(series, 120) == [(0, 10, 12, 10, 12, 2, True)]


def test_a_full_replay_that_knows_nothing_of_ours_is_a_gap_between_the_two() -> None:
    series = _begun(_trade(10, 10))
    series.merge_minutes([], since=DAWN - 2 * DAY, asked_at=DAWN)
    series.pause()
    missed = series.replay([_trade(200 + number, 12) for number in range(FULL)], FULL)
    assert missed is not None
    assert (missed.last_id, missed.since - DAWN, missed.until - DAWN) == ("10000", 10, 200)
    assert [(start, complete) for start, *_, complete in _minutes(series, 600)] == [
        (0, False),
        (180, False),
        (240, True),
    ]
    assert series.wanted_since(DAWN + 600) == DAWN + 10
    series.heal(missed)
    assert all(complete for *_, complete in _minutes(series, 600))


def test_a_short_replay_that_knows_nothing_of_ours_is_no_gap() -> None:
    series = _begun(_trade(10, 10))
    series.pause()
    assert series.replay([_trade(200, 12)], FULL) is None
    assert all(complete for *_, complete in _minutes(series, 600))


def test_the_venues_present_minute_is_shown_only_while_ours_lacks_trades() -> None:
    series = _begun(_trade(10, 10))
    series.set_present(_bar(0, 1, 2, 1, 2))
    assert _minutes(series, 30) == [(0, 10, 10, 10, 10, 1, False)]
    series.pause()
    assert _minutes(series, 30) == [(0, 1, 2, 1, 2, 1, False)]
    series.replay([_trade(10, 10)], FULL)
    assert _minutes(series, 30) == [(0, 10, 10, 10, 10, 1, False)]


def test_the_present_day_is_the_sum_of_its_minutes_once_none_is_missing() -> None:
    series = _begun(_trade(130, 30, 5))
    assert _told(series.latest("1d", 1, DAWN + 140)) == [(0, 30, 30, 30, 30, 5, False)]
    series.merge_days([_bar(-DAY, 1, 9, 1, 9, volume=70), _bar(0, 8, 9, 8, 9)], asked_at=DAWN + 100)
    assert _told(series.latest("1d", 5, DAWN + 140))[0] == (-DAY, 1, 9, 1, 9, 70, True)
    bars = [_bar(0, 20, 25, 19, 22, volume=2), _bar(60, 22, 40, 21, 24, volume=3)]
    series.merge_minutes(bars, since=DAWN - DAY, asked_at=DAWN + 140)
    assert _told(series.latest("1d", 5, DAWN + 140)) == [
        (-DAY, 1, 9, 1, 9, 70, True),
        (0, 20, 40, 19, 30, 10, False),
    ]


def test_a_day_of_which_minutes_are_missing_is_what_the_venue_said_of_it() -> None:
    series = Series()
    series.replay([_trade(3600 + number, 30) for number in range(FULL)], FULL)
    series.merge_days([_bar(0, 8, 9, 8, 9, volume=7)], asked_at=DAWN + 3700)
    assert _told(series.latest("1d", 5, DAWN + 3700)) == [(0, 8, 9, 8, 9, 7, False)]


def test_a_day_that_closed_since_the_venue_was_asked_is_complete_from_its_minutes() -> None:
    series = _begun(_trade(10, 10), _trade(DAY - 10, 12), _trade(DAY + 10, 13))
    series.merge_days([_bar(-DAY, 1, 1, 1, 1)], asked_at=DAWN + 100)
    series.merge_minutes([], since=DAWN - DAY, asked_at=DAWN + 100)
    told = _told(series.latest("1d", 5, DAWN + DAY + 20))
    assert told == [(-DAY, 1, 1, 1, 1, 1, True), (0, 10, 12, 10, 12, 2, True), (DAY, 13, 13, 13, 13, 1, False)]


def test_days_begin_when_the_venues_do() -> None:
    series = _begun(_trade(-7000, 10), _trade(-8000, 11))
    offset = -7500  # as a venue whose day begins at another hour would have it
    series.merge_days([_bar(offset - DAY, 1, 1, 1, 1)], asked_at=DAWN - 7200)
    series.merge_minutes([], since=DAWN - DAY - 8000, asked_at=DAWN - 10)
    told = _told(series.latest("1d", 5, DAWN))
    assert [start for start, *_ in told] == [offset - DAY, offset]


def test_series_are_bounded() -> None:
    series = _begun()
    series.add([_trade(60 * number, 10) for number in range(MOST_MINUTES + 50)])
    series.merge_minutes(
        [_bar(60 * number, 1, 1, 1, 1) for number in range(MOST_MINUTES + 50)],
        since=DAWN,
        asked_at=DAWN + 60 * (MOST_MINUTES + 60),
    )
    series.merge_days([_bar(DAY * number, 1, 1, 1, 1) for number in range(MOST_DAYS + 50)], asked_at=DAWN + 999 * DAY)
    assert len(series.latest("1m", 10_000, DAWN + 100 * MINUTE * MOST_MINUTES)) <= MOST_MINUTES + 1
    assert len(series.latest("1d", 10_000, DAWN + 600 * DAY)) == MOST_DAYS


def test_sums_are_exact() -> None:
    series = _begun()
    series.add([VenueTrade(str(n), Decimal(1), Decimal("0.1"), "buy", _trade(n, 1).venue_time) for n in range(3)])
    assert series.latest("1m", 1, DAWN + 60.0)[0].volume == Decimal("0.3")


def test_the_store_of_candles_keeps_symbols_apart() -> None:
    store = CandleStore(["BTCTURK:BTCTRY", "BTCTURK:ETHTRY"], unix=lambda: DAWN + 60.0)
    store.replay("BTCTURK:BTCTRY", [_trade(1, 10)], FULL)
    store.add("BTCTURK:BTCTRY", [_trade(2, 12)])
    assert _told(store.latest("BTCTURK:BTCTRY", "1m", 5)) == [(0, 10, 12, 10, 12, 2, False)]
    assert store.latest("BTCTURK:ETHTRY", "1m", 5) == []
