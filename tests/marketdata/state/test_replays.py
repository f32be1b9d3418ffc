"""A replay fills a pause only when it reaches back to the newest trade that was known."""

from __future__ import annotations

from marketdata.state.candles import Series
from tests.marketdata.state.series import DAWN, begun, gaps_of, minutes, trade


def test_a_replay_that_does_not_reach_back_is_a_gap_between_the_two() -> None:
    series = begun(trade(10, 10))
    series.pause()
    missed = series.replay([trade(200 + number, 12) for number in range(50)], DAWN + 300)
    assert missed is not None
    assert (missed.last_id, missed.since - DAWN, missed.until - DAWN) == ("10000", 10, 200)
    shown = [(start, complete) for start, *_, complete in minutes(series, 600)]
    assert shown == [(0, False), (180, False), (240, True)]
    assert gaps_of(series, 600) == [(10, 200)]


def test_a_short_replay_without_the_newest_known_trade_is_a_gap() -> None:
    series = begun(trade(10, 10))
    series.pause()
    missed = series.replay([trade(200, 12)], DAWN + 300)
    assert missed is not None
    assert missed.until == DAWN + 200
    assert [complete for *_, complete in minutes(series, 600)] == [False, False]


def test_a_replay_of_nothing_leaves_everything_until_now_a_gap() -> None:
    series = begun(trade(10, 10))
    series.pause()
    missed = series.replay([], DAWN + 300)
    assert missed is not None
    assert missed.until == DAWN + 300
    assert gaps_of(series, 600) == [(10, 300)]
    fresh = Series()
    assert fresh.replay([], DAWN + 300) is None
    assert gaps_of(fresh, 600, limit=10) == [(0, 300)]


def test_a_replay_of_older_trades_alone_is_a_gap_until_now() -> None:
    series = begun(trade(10, 10), trade(20, 10))
    series.pause()
    assert series.replay([trade(10, 10)], DAWN + 300) is not None
    assert gaps_of(series, 600) == [(20, 300)]


def test_what_came_before_the_replay_does_not_hide_what_was_missed() -> None:
    series = begun(trade(10, 10))
    series.pause()
    series.add([trade(100, 11)])
    assert series.replay([trade(80, 11), trade(100, 11)], DAWN + 300) is not None
    assert gaps_of(series, 600) == [(10, 80)]


def test_a_replay_that_holds_all_that_came_since_the_pause_closes_it() -> None:
    series = begun(trade(10, 10))
    series.pause()
    series.add([trade(100, 11)])
    assert series.replay([trade(10, 10), trade(80, 11), trade(100, 11)], DAWN + 300) is None
    assert gaps_of(series, 600) == []


def test_fetched_trades_close_a_gap_only_as_far_as_they_reach_from_the_last_known_one() -> None:
    for fetched, gaps in (
        ([], [(10, 200)]),
        ([trade(150, 1)], [(10, 200)]),
        ([trade(10, 10)], [(10, 200)]),
        ([trade(10, 10), trade(90, 1)], [(90, 200)]),
        ([trade(10, 10), trade(90, 1), trade(200, 12)], []),
    ):
        series = begun(trade(10, 10))
        series.pause()
        missed = series.replay([trade(200, 12)], DAWN + 300)
        assert missed is not None
        series.add(fetched)
        series.heal(missed, fetched)
        assert gaps_of(series, 600) == gaps


def test_a_stream_that_replays_nothing_leaves_the_time_without_it_a_gap_for_ever() -> None:
    series = Series()
    assert series.begin(DAWN + 5, DAWN + 6) is None
    series.add([trade(5, 10), trade(50, 11)])
    series.pause()
    assert series.begin(DAWN + 130, DAWN + 131) is not None
    series.add([trade(130, 12)])
    assert gaps_of(series, 400_000, limit=8_000) == [(400_000 - 480_000, 5), (50, 130)]
    series.pause()
    series.begin(DAWN + 130, DAWN + 500)
    assert gaps_of(series, 600) == [(0, 5), (50, 500)]
