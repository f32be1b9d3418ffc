"""A condition drawn: the scale holds every value and the limit, gaps stay gaps, odd values are counted and left out."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.expressions import AlertCondition, conditions
from web.plot import HEIGHT, MOST_LINES, WIDTH, TimeFrame, plot, spans, written
from web.prometheus_answers import ValueSeries

BEGIN = 1_796_000_400.0
FRAME = TimeFrame(BEGIN, BEGIN + 3600, 30)
(ABOVE,) = conditions("queue > 20")


def series(*values: float | str | None, ends: float = 0, **labels: str) -> ValueSeries:
    """A series whose last value stands at the end of the frame, or `ends` seconds before."""
    first = FRAME.end - ends - (len(values) - 1) * FRAME.step
    told = [(first + number * FRAME.step, str(value)) for number, value in enumerate(values) if value is not None]
    return ValueSeries(labels=labels, values=tuple(told))


def at(seconds_before_the_end: float) -> datetime:
    return datetime.fromtimestamp(FRAME.end - seconds_before_the_end, UTC)


def test_a_line_tells_its_value_now_and_the_first_time_of_its_highest() -> None:
    drawn = plot(ABOVE, [series(3, 45, 45, 7)], FRAME)
    (line,) = drawn.lines
    assert (line.place, line.now, line.extreme, line.extreme_at, line.odd) == ("", "7", "45", at(60), 0)
    assert (drawn.limit, drawn.top, drawn.bottom, drawn.ends, drawn.more) == ("20", "45", "3", "highest", 0)
    assert line.points == ("585.0,114.0 590.0,6.0 595.0,6.0 600.0,103.7",)


def test_the_lowest_value_counts_where_low_values_fire() -> None:
    (condition,) = conditions("up == 0")
    drawn = plot(condition, [series(1, 0, 1)], FRAME)
    assert (drawn.ends, drawn.lines[0].extreme, drawn.lines[0].extreme_at) == ("lowest", "0", at(30))


def test_the_series_nearest_to_firing_are_drawn_and_the_others_counted() -> None:
    told = [series(number, instance=f"i{number}", job="same", service="same") for number in range(12)]
    drawn = plot(ABOVE, told, FRAME)
    assert [line.place for line in drawn.lines] == [f"instance i{number}" for number in (11, 10, 9, 8, 7)]
    assert len(drawn.lines) == MOST_LINES
    assert drawn.more == 7
    (below,) = conditions("free < 2")
    assert plot(below, told, FRAME).lines[0].place == "instance i0"


def test_missing_values_part_a_line_and_a_lone_one_is_seen() -> None:
    (line,) = plot(ABOVE, [series(1, 2, None, 3, None, 4, 5)], FRAME).lines
    assert [len(points.split()) for points in line.points] == [2, 2, 2]


def test_values_that_are_no_finite_number_are_left_out_and_counted() -> None:
    (line,) = plot(ABOVE, [series(1, "NaN", "+Inf", "-Inf", "word", 1e300, 2)], FRAME).lines
    assert (line.odd, line.extreme, line.now, len(line.points)) == (5, "2", "2", 2)
    drawn = plot(ABOVE, [series("NaN", "NaN")], FRAME)
    assert (drawn.top, drawn.lines[0].points, drawn.lines[0].extreme_at, drawn.lines[0].now) == ("", (), None, "NaN")


def test_an_old_value_is_not_the_value_now() -> None:
    assert plot(ABOVE, [series(1, 2, ends=60)], FRAME).lines[0].now == ""
    assert plot(ABOVE, [series(1, 2, ends=30)], FRAME).lines[0].now == "2"


def test_without_a_series_nothing_is_drawn() -> None:
    drawn = plot(ABOVE, [], FRAME)
    assert (drawn.lines, drawn.top, drawn.more) == ((), "", 0)


def test_a_limit_that_varies_has_no_line_and_is_told_as_its_expression() -> None:
    (condition,) = conditions("a > on (x) (2 * b)")
    drawn = plot(condition, [series(1, 2)], FRAME)
    assert (drawn.limit_y, drawn.limit) == (None, "on (x) (2 * b)")


@given(st.lists(st.floats(-1e99, 1e99), min_size=1, max_size=121), st.floats(-1e99, 1e99))
def test_every_point_and_the_limit_are_inside_the_picture(values: list[float], limit: float) -> None:
    drawn = plot(AlertCondition("", "a", ">", "", limit), [series(*values)], FRAME)
    assert len(drawn.lines) == 1
    places = [point.split(",") for line in drawn.lines for points in line.points for point in points.split()]
    assert drawn.limit_y is not None
    assert all(0 <= float(y) <= HEIGHT for y in [str(drawn.limit_y), *(y for _, y in places)])
    assert all(0 <= float(x) <= WIDTH + FRAME.x(FRAME.begin + FRAME.step) for x, _ in places)


def test_what_was_pending_and_what_fired_are_told_apart() -> None:
    pending = series(1, 1, None, None, None, 1, alertname="A", alertstate="pending")
    firing = series(None, 1, 1, None, None, None, alertname="A", alertstate="firing")
    found = spans([firing, pending], FRAME)
    assert [(each.state, each.begin, each.end) for each in found] == [
        ("pending", at(150), at(120)),
        ("firing", at(120), at(60)),
        ("pending", at(0), at(0)),
    ]
    assert all(before.x + before.width <= after.x for before, after in pairwise(found))
    assert found[-1].width == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.9, "0.9"), (1 / 3, "0.3333"), (12345.678, "12,346"), (-2.5, "\u22122.5"),
     (1e6, "1,000,000"), (100.0, "100"), (0.0001234, "0.0001234"), (1e-9, "1.000e\u221209"), (float("inf"), "+Inf"),
     (float("-inf"), "\u2212Inf"), (float("nan"), "NaN")],
)  # fmt: skip
def test_a_number_is_written_for_people(value: float, text: str) -> None:
    assert written(value) == text
