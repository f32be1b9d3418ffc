"""Days and other long bars: the venue's own once they are final, else the sums of their minutes."""

from __future__ import annotations

from marketdata.state.bars import DAY, MINUTE, MOST_DAYS, MOST_MINUTES
from marketdata.state.candles import Series
from tests.marketdata.state.series import DAWN, answer, asks, bar, begun, gaps_of, latest, tell_days, told, trade


def test_the_present_day_is_the_sum_of_its_minutes_once_none_is_missing() -> None:
    series = begun(trade(130, 30, 5))
    assert told(latest(series, "1d", 1, DAWN + 140)) == [(0, 30, 30, 30, 30, 5, False)]
    tell_days(series, [bar(-DAY, 1, 9, 1, 9, volume=70), bar(0, 8, 9, 8, 9)], 100)
    assert told(latest(series, "1d", 5, DAWN + 140))[0] == (-DAY, 1, 9, 1, 9, 70, True)
    bars = [bar(-DAY, 1, 1, 1, 1), bar(0, 20, 25, 19, 22, volume=2), bar(60, 22, 40, 21, 24, volume=3)]
    answer(series, [*bars, bar(120, 1, 1, 1, 1)], since=-DAY, asked_at=140)
    assert told(latest(series, "1d", 5, DAWN + 140)) == [
        (-DAY, 1, 9, 1, 9, 70, True),
        (0, 20, 40, 19, 30, 10, False),
    ]


def test_a_day_of_which_minutes_are_missing_is_what_the_venue_said_of_it() -> None:
    series = Series()
    series.replay([trade(3600 + number, 30) for number in range(50)], DAWN + 3700)
    tell_days(series, [bar(0, 8, 9, 8, 9, volume=7)], 3700)
    assert told(latest(series, "1d", 5, DAWN + 3700)) == [(0, 8, 9, 8, 9, 7, False)]


def test_a_day_is_final_only_once_the_venue_told_a_later_one() -> None:
    series = Series()
    tell_days(series, [bar(-DAY, 8, 9, 8, 9), bar(0, 8, 9, 8, 9, volume=7)], DAY + 600)
    assert [complete for *_, complete in told(latest(series, "1d", 5, DAWN + DAY + 600))] == [True, False]
    tell_days(series, [bar(0, 8, 9, 8, 9, volume=12), bar(DAY, 1, 1, 1, 1)], DAY + 700)
    shown = told(latest(series, "1d", 5, DAWN + DAY + 700))
    assert [(volume, complete) for *_, volume, complete in shown] == [(1, True), (12, True), (1, False)]
    assert gaps_of(series, DAY + 700, limit=3, resolution="1d") == [(DAY, DAY + 700)]


def test_a_day_that_closed_since_the_venue_was_asked_is_complete_from_its_minutes() -> None:
    series = begun(trade(10, 10), trade(DAY - 10, 12), trade(DAY + 10, 13))
    tell_days(series, [bar(-DAY, 1, 1, 1, 1), bar(0, 1, 1, 1, 1)], 100)
    shown = told(latest(series, "1d", 5, DAWN + DAY + 20))
    assert shown == [(-DAY, 1, 1, 1, 1, 1, True), (0, 10, 12, 10, 12, 2, True), (DAY, 13, 13, 13, 13, 1, False)]


def test_days_begin_when_the_venues_do() -> None:
    series = begun(trade(-3000, 10))
    offset = -7500  # as a venue whose day begins at another hour would have it
    tell_days(series, [bar(offset - DAY, 1, 1, 1, 1)], -7200)
    shown = told(latest(series, "1d", 5, DAWN))
    assert [start for start, *_ in shown] == [offset - DAY, offset]


def test_a_long_bar_is_the_sum_of_its_minutes_and_complete_when_all_of_them_are_known() -> None:
    series = begun(trade(0, 10), trade(70, 14, 2), trade(299, 12), trade(300, 20), trade(1700, 9))
    assert told(latest(series, "5m", 4, DAWN + 1802))[-3:] == [
        (0, 10, 14, 10, 12, 4, True),
        (300, 20, 20, 20, 20, 1, True),
        (1500, 9, 9, 9, 9, 1, True),
    ]
    assert told(latest(series, "1h", 1, DAWN + 1800)) == [(0, 10, 20, 9, 9, 6, False)]
    assert told(latest(series, "1h", 1, DAWN + 3602)) == [(0, 10, 20, 9, 9, 6, True)]
    series.pause()
    assert told(latest(series, "1h", 1, DAWN + 3600)) == [(0, 10, 20, 9, 9, 6, False)]
    assert gaps_of(series, 3600, limit=1, resolution="1h") == [(1700, 3600)]


def test_long_bars_of_a_symbol_begin_with_its_days() -> None:
    series = Series(day_begins=21 * 3600)
    series.begin(DAWN - 4 * DAY, DAWN)
    series.add([trade(21 * 3600 - 1, 1), trade(21 * 3600, 2), trade(25 * 3600 - 1, 3)])
    assert [start for start, *_ in told(latest(series, "1d", 5, DAWN + 2 * DAY))] == [-3 * 3600, 21 * 3600]
    assert [start for start, *_ in told(latest(series, "4h", 5, DAWN + 2 * DAY))] == [17 * 3600, 21 * 3600]


def test_long_bars_outlive_their_minutes() -> None:
    series = begun()
    count = MOST_MINUTES + 400
    series.add(trade(60 * number, 10 + number % 7) for number in range(count))
    hours = told(latest(series, "1h", 200, DAWN + 60 * count))[1:]
    assert [start for start, *_ in hours] == [3600 * number for number in range(len(hours))]
    assert [(volume, complete) for *_, volume, complete in hours[:-1]] == [(60, True)] * (len(hours) - 1)
    days = told(latest(series, "1d", 5, DAWN + 60 * count))[1:]
    assert [(start, volume, complete) for start, *_, volume, complete in days] == [
        (0, 1440, True),
        (DAY, count - 1440, False),
    ]


def test_the_venues_long_bars_are_wanted_only_where_minutes_do_not_reach() -> None:
    series = Series()
    series.begin(DAWN, DAWN)
    now = 2 * DAY
    assert asks(series, now, "1h") is not None
    bars = [bar(now - 200 * 3600 + 3600 * number, 1, 1, 1, 1) for number in range(200)]
    answer(series, bars, since=now - 200 * 3600, asked_at=now, resolution="1h")
    assert asks(series, now, "1h") is None
    assert gaps_of(series, now, limit=100, resolution="1h") == []
    assert asks(series, now, "4h") is not None


def test_series_are_bounded() -> None:
    series = begun()
    series.add([trade(60 * number, 10) for number in range(MOST_MINUTES + 50)])
    bars = [bar(60 * number, 1, 1, 1, 1) for number in range(MOST_MINUTES + 50)]
    answer(series, bars, since=0, asked_at=60 * (MOST_MINUTES + 60))
    tell_days(series, [bar(DAY * number, 1, 1, 1, 1) for number in range(MOST_DAYS + 50)], 999 * DAY)
    assert len(latest(series, "1m", 10_000, DAWN + 100 * MINUTE * MOST_MINUTES)) <= MOST_MINUTES + 1
    assert len(latest(series, "1d", 10_000, DAWN + 600 * DAY)) <= MOST_DAYS + 5
