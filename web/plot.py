"""Draws the values of an alert's condition against its limit: points of a picture, and the same facts as texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import floor, inf, isfinite, log10, nan

from common import texts
from web.expressions import AlertCondition
from web.prometheus_answers import ValueSeries
from web.view import MINUS

WIDTH, HEIGHT, EDGE = 600, 120, 6
MOST_LINES = 5
MOST_PLACE = 120
MOST_VALUE = 1e100
"""A value beyond it is drawn as little as an infinite one."""
SIGNIFICANT = 4


@dataclass(frozen=True)
class TimeFrame:
    """The time that is drawn. Both are seconds since 1970.

    begin, end: the time.
    step: seconds between two values.
    """

    begin: float
    end: float
    step: int

    def x(self, at: float) -> float:
        """Returns the place of a moment, from 0 to `WIDTH`."""
        return round((at - self.begin) / (self.end - self.begin) * WIDTH, 1)


@dataclass(frozen=True)
class Line:
    """One series.

    place: the labels in which it differs from the others; empty where it is alone.
    points: its polylines, as SVG wants them; more than one where values are missing.
    now: its last value; empty where it has none now.
    extreme: its value that was the nearest to firing, or the farthest beyond; empty where it has no number at all.
    extreme_at: when it had that value first, UTC; None where it has no number at all.
    odd: how many of its values are no finite number.
    """

    place: str
    points: tuple[str, ...]
    now: str
    extreme: str
    extreme_at: datetime | None
    odd: int


@dataclass(frozen=True)
class Plot:
    """One condition, drawn.

    condition: the condition.
    limit: its limit as a text; an expression where it varies.
    lines: its series, those nearest to firing first; a bounded number.
    more: how many series are not drawn.
    limit_y: the place of the limit, from 0 at the top to `HEIGHT`; None where it varies.
    top, bottom: the values at the two ends of the scale; empty where nothing is drawn.
    """

    condition: AlertCondition
    limit: str
    lines: tuple[Line, ...] = ()
    more: int = 0
    limit_y: float | None = None
    top: str = ""
    bottom: str = ""

    @property
    def ends(self) -> str:
        """The word for the values nearest to firing."""
        return "lowest" if self.condition.is_from_below else "highest"


@dataclass(frozen=True)
class Span:
    """A time in which the alert was pending or fired.

    state: pending or firing.
    x, width: its place, from 0 to `WIDTH`.
    begin, end: the time, UTC.
    """

    state: str
    x: float
    width: float
    begin: datetime
    end: datetime


Points = list[tuple[float, float]]


def plot(condition: AlertCondition, series: Sequence[ValueSeries], frame: TimeFrame) -> Plot:
    """Returns a condition drawn. Values that are no finite numbers are left out and counted."""
    limit = condition.limit if condition.number is None else written(condition.number)
    sign = -1 if condition.is_from_below else 1
    told = [(each, _finite(each)) for each in series]
    told.sort(key=lambda each: max((sign * value for _, value in each[1]), default=-MOST_VALUE), reverse=True)
    drawn = told[:MOST_LINES]
    values = [value for _, points in drawn for _, value in points]
    if not values:
        lines = tuple(_line(each, [], series, frame, (0.0, 1.0), sign) for each, _ in drawn)
        return Plot(condition, limit, lines, len(told) - len(drawn))
    scale = _scale([*values, *([] if condition.number is None else [condition.number])])
    return Plot(
        condition,
        limit,
        tuple(_line(each, points, series, frame, scale, sign) for each, points in drawn),
        len(told) - len(drawn),
        None if condition.number is None else _y(condition.number, scale),
        written(scale[1]),
        written(scale[0]),
    )


def spans(series: Iterable[ValueSeries], frame: TimeFrame) -> tuple[Span, ...]:
    """Returns when an alert was pending and when it fired, from its series `ALERTS`. Firing counts before pending."""
    states: dict[float, str] = {}
    for each in series:
        state = each.labels.get("alertstate", "")
        if state in ("pending", "firing"):
            states.update({at: state for at, _ in each.values if state == "firing" or at not in states})
    found = []
    marked = [(at, states[at], number - at / frame.step) for number, at in enumerate(sorted(states))]
    for (state, _), group in groupby(marked, key=lambda each: (each[1], round(each[2]))):
        times = [at for at, _, _ in group]
        begin, end = times[0], min(times[-1] + frame.step, frame.end)
        x = frame.x(begin)
        found.append(Span(state, x, max(round(frame.x(end) - x, 1), 1.0), _time(begin), _time(end)))
    return tuple(found)


def written(value: float) -> str:
    """Returns a number with four significant digits, and separated thousands."""
    if value == 0 or not isfinite(value):
        return {0.0: "0", inf: "+Inf", -inf: f"{MINUS}Inf"}.get(value, "NaN")
    size = floor(log10(abs(value)))
    if not -6 <= size < 15:
        return f"{value:.{SIGNIFICANT - 1}e}".replace("-", MINUS)
    places = max(0, SIGNIFICANT - 1 - size)
    text = f"{value:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if places else text).replace("-", MINUS)


def _finite(series: ValueSeries) -> Points:
    found = [(at, _float(text)) for at, text in series.values]
    return [(at, value) for at, value in found if isfinite(value) and abs(value) <= MOST_VALUE]


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def _line(
    series: ValueSeries,
    points: Points,
    all_of_them: Sequence[ValueSeries],
    frame: TimeFrame,
    scale: tuple[float, float],
    sign: int,
) -> Line:
    place, odd = _place(series.labels, all_of_them), len(series.values) - len(points)
    last_at, last = series.values[-1] if series.values else (0.0, "")
    now = written(_float(last)) if last and last_at > frame.end - 2 * frame.step else ""
    if not points:
        return Line(place, (), now, "", None, odd)
    at, extreme = max(points, key=lambda each: sign * each[1])
    numbered = [(number - each[0] / frame.step, each) for number, each in enumerate(points)]
    runs = [[each for _, each in run] for _, run in groupby(numbered, key=lambda each: round(each[0]))]
    drawn = tuple(" ".join(f"{frame.x(t)},{_y(v, scale)}" for t, v in _seen(run, frame.step)) for run in runs)
    return Line(place, drawn, now, written(extreme), _time(at), odd)


def _seen(run: Points, step: int) -> Points:
    """Returns the points of a polyline: a lone value is drawn as wide as its step."""
    return run if len(run) > 1 else [run[0], (run[0][0] + step / 2, run[0][1])]


def _place(labels: Mapping[str, str], all_of_them: Sequence[ValueSeries]) -> str:
    names = sorted({name for each in all_of_them for name in each.labels} - {"__name__", "job", "replica"})
    differing = [name for name in names if len({each.labels.get(name) for each in all_of_them}) > 1]
    return texts.shown(", ".join(f"{name} {labels[name]}" for name in differing if name in labels), MOST_PLACE)


def _scale(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - (abs(low) or 1), high + (abs(high) or 1))


def _y(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return round(HEIGHT - EDGE - (value - low) / (high - low) * (HEIGHT - 2 * EDGE), 1)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
