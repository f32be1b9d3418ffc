"""The venue's minutes prove the time that they tell of, and no more."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from marketdata.state.bars import MINUTE, MOST_MINUTES
from marketdata.state.candles import Series
from tests.marketdata.state.series import DAWN, answer, asks, bar, begun, chart, gaps_of, known, minutes, trade


def test_an_answer_proves_the_time_up_to_its_last_bar_and_the_rest_is_asked_for_again() -> None:
    series = known(trade(10, 10))
    series.pause()
    assert asks(series, 300) == (0, math.inf)
    assert answer(series, [bar(0, 9, 9, 9, 9), bar(60, 9, 9, 9, 9)], since=0, asked_at=300)
    assert minutes(series, 300) == [(0, 9, 9, 9, 9, 1, True), (60, 9, 9, 9, 9, 1, False)]
    assert asks(series, 300) == (60, math.inf)
    bars = [bar(60, 9, 12, 8, 11, volume=7), bar(240, 9, 9, 9, 9)]
    assert answer(series, bars, since=60, asked_at=300)
    assert minutes(series, 300)[1:] == [(60, 9, 12, 8, 11, 7, True), (240, 9, 9, 9, 9, 1, False)]
    assert asks(series, 310) == (240, math.inf)


@given(st.integers(1, 9), st.integers(0, 600))
def test_however_late_the_venues_bars_are_none_is_complete_before_a_later_one_was_told(told: int, late: int) -> None:
    series = Series()
    bars = [bar(60 * number, 9, 9, 9, 9) for number in range(told)]
    answer(series, bars, since=0, asked_at=60 * told + late)
    shown = minutes(series, 60 * told + late)
    assert [complete for *_, complete in shown][-1] is False
    assert gaps_of(series, 60 * told + late, limit=told)[-1][1] == 60 * told + late


def test_a_gap_that_reaches_to_the_present_is_the_same_gap_later() -> None:
    series = known(trade(10, 10))
    series.pause()
    first, later = (chart(series, "1m", 3, DAWN + now) for now in (300.25, 301.5))
    assert first.gaps != later.gaps
    assert first.spans == later.spans == ((DAWN + 10.0, math.inf),)


def test_an_empty_answer_proves_nothing() -> None:
    series = known(trade(10, 10))
    series.pause()
    before = gaps_of(series, 300)
    assert not answer(series, [], since=0, asked_at=300)
    assert (gaps_of(series, 300), asks(series, 300)) == (before, (0, math.inf))


def test_the_same_answer_again_tells_nothing_new() -> None:
    series = known(trade(10, 10))
    series.pause()
    bars = [bar(0, 9, 9, 9, 9), bar(60, 9, 9, 9, 9)]
    assert answer(series, bars, since=0, asked_at=300)
    assert not answer(series, bars, since=0, asked_at=400)


def test_the_older_part_of_a_cut_answer_is_asked_for_alone() -> None:
    series = known(trade(-3000, 10))
    series.pause()
    assert asks(series, 0) == (-3000, math.inf)
    assert answer(series, [bar(second, 9, 9, 9, 9) for second in (-600, -540, 0)], since=-3000, asked_at=30)
    assert asks(series, 30) == (-3000, -600)
    assert answer(series, [bar(second, 9, 9, 9, 9) for second in (-1800, -600)], since=-3000, until=-600, asked_at=30)
    assert asks(series, 30) == (-3000, -1800)
    bars = [bar(second, 9, 9, 9, 9) for second in (-3000, -1800)]
    assert answer(series, bars, since=-3000, until=-1800, asked_at=30)
    assert asks(series, 100) == (0, math.inf)
    assert gaps_of(series, 30, limit=50) == [(0, 30)]


def test_a_span_of_which_the_venue_has_nothing_is_asked_for_once_more_and_stays_a_gap() -> None:
    series = Series()
    oldest = 600 - MOST_MINUTES * MINUTE
    since, _ = asks(series, 600) or (0, 0)
    assert since == oldest
    assert answer(series, [bar(0, 9, 9, 9, 9), bar(540, 9, 9, 9, 9)], since=since, asked_at=600)
    assert asks(series, 600) == (oldest, 0)
    assert not answer(series, [bar(0, 9, 9, 9, 9)], since=since, until=0, asked_at=600)
    assert asks(series, 620) == (540, math.inf)
    assert gaps_of(series, 620, limit=100) == [(620 - 6000, 0), (540, 620)]


def test_an_answer_without_a_minute_in_which_there_were_trades_proves_nothing_of_it() -> None:
    series = Series()
    series.add([trade(70, 5)])
    answer(series, [bar(second, 9, 9, 9, 9) for second in (0, 120, 240)], since=0, asked_at=300)
    assert minutes(series, 300)[1] == (60, 5, 5, 5, 5, 1, False)
    assert (60, 120) in gaps_of(series, 300, limit=4)


def test_a_bar_that_the_venue_may_still_change_is_not_final_though_a_later_one_was_told() -> None:
    series = begun(trade(10, 10))
    answer(series, [bar(0, 1, 2, 1, 2), bar(60, 1, 2, 1, 2)], since=0, asked_at=61)
    assert minutes(series, 120)[0] == (0, 10, 10, 10, 10, 1, True)


def test_the_venues_bar_wins_once_it_is_final_and_our_trades_before() -> None:
    series = begun(trade(10, 10), trade(70, 20))
    answer(series, [bar(0, 1, 2, 1, 2), bar(60, 5, 6, 5, 6)], since=0, asked_at=90)
    assert minutes(series, 90) == [(0, 1, 2, 1, 2, 1, True), (60, 20, 20, 20, 20, 1, False)]
    series.add([trade(15, 77)])
    assert minutes(series, 90)[0] == (0, 1, 2, 1, 2, 1, True)


def test_while_the_socket_told_every_trade_nothing_is_asked_for() -> None:
    assert asks(known(trade(10, 10), trade(70, 20)), 100_000) is None


def test_a_bar_that_cannot_be_used_proves_nothing_of_its_time_until_it_is_told_well() -> None:
    series = known(trade(10, 10))
    series.pause()
    bars = [bar(second, 9, 9, 9, 9) for second in (0, 60, 240, 300)]
    assert answer(series, bars, since=0, asked_at=400, lost=[(120, 240)])
    assert gaps_of(series, 400, limit=4) == [(120, 240), (300, 400)]
    assert asks(series, 400) == (120, math.inf)
    assert not answer(series, bars[2:], since=120, asked_at=400, lost=[(180, 240)])
    assert asks(series, 400) == (120, 240)
    assert answer(series, [bar(second, 9, 9, 9, 9) for second in (120, 240)], since=120, until=240, asked_at=400)
    assert gaps_of(series, 400, limit=4) == [(300, 400)]
