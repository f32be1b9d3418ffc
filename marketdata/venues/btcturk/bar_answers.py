"""Reads the bars of BTCTurk's chart host. Pure.

They are read bar by bar: one that is impossible, off its tick, or told in two ways is left out, the others stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from common.decimals import plain_text
from marketdata.events import Bar
from marketdata.lenient import converted
from marketdata.listed import BadRow, LeftOut, Listed, each
from marketdata.numbers import snapped, unix_seconds, whole
from marketdata.rest.replies import UnusableAnswer, decoded
from marketdata.state.bars import DAY, MINUTE
from marketdata.state.spans import Span
from marketdata.venues.btcturk.answers import NAMES
from marketdata.venues.btcturk.readings import MOST

LISTS = ("ohlcs", "klines")
"""The lists of which bars may be left out."""
_COLUMNS = ("t", "o", "h", "l", "c", "v")


class ReadBars(NamedTuple):
    """The bars of an answer.

    rows: those that can be used, in the order of time.
    left_out: the others.
    lost: the spans of those others, of which the answer therefore proves nothing.
    """

    rows: tuple[Bar, ...]
    left_out: tuple[LeftOut, ...] = ()
    lost: tuple[Span, ...] = ()


class _Start(msgspec.Struct):
    """The start of a bar, the rest of which may be bad.

    time: its start, see `numbers.unix_seconds`.
    """

    time: int | float | str


class _Bar(msgspec.Struct):
    """A bar as the venue tells it.

    time: its start, see `numbers.unix_seconds`.
    open, high, low, close: its prices.
    volume: in the base asset.
    """

    time: int | float | str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def days(body: bytes, tick: Decimal | None = None) -> ReadBars:
    """Returns the daily bars of `/v1/ohlcs`; their starts are the venue's. Raises `UnusableAnswer`."""
    return _bars(decoded(list[Any], body, "ohlcs", NAMES), tick, apart=DAY, of="ohlcs")


def minutes(body: bytes, tick: Decimal | None = None, apart: int = MINUTE) -> ReadBars:
    """Returns the bars of `/v1/klines/history`, which begin `apart` seconds from each other; minutes by default.

    There are none when the venue has no data. Raises `UnusableAnswer`.
    """
    found = decoded(dict[str, Any], body, "klines", NAMES)
    told = str(found.get("s")).lower()
    if told == "no_data":
        return ReadBars(())
    columns = [found.get(name) for name in _COLUMNS]
    lengths = [len(column) if isinstance(column, list) else None for column in columns]
    if told != "ok" or None in lengths or len(set(lengths)) != 1:
        raise UnusableAnswer(f"klines say {told[:40]!r}, with lists of {lengths}")
    names = _Bar.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _bars(rows, tick, apart=apart, of="klines")


def _bars(items: Sequence[Any], tick: Decimal | None, *, apart: int, of: str) -> ReadBars:
    """Returns the possible bars in order of time. Raises `UnusableAnswer` when there is none among some."""
    found: Listed[Bar] = each(items, lambda item: _bar(item, tick), of, "time")
    unique, twice = _told_once(found.rows, of)
    fitting, unfit = _in_step(unique, apart, of)
    left_out = (*found.left_out, *twice, *unfit)
    if left_out and not fitting:
        raise UnusableAnswer(f"{of} hold no bar that can be used: {left_out[0].reason}")
    return ReadBars(tuple(sorted(fitting)), left_out, _lost(items, fitting, apart) if left_out else ())


def _lost(items: Sequence[Any], bars: Sequence[Bar], apart: int) -> tuple[Span, ...]:
    """Returns the spans of the bars that were left out. One whose start can't be read, or fits no bar, may be of any
    time between the usable bars around it; when those are not in order, of any time at all."""
    usable, phase = {bar.start for bar in bars}, bars[0].start % apart
    starts = [_start(item) for item in items]
    fit = [start for start in starts if start is not None and start % apart == phase]
    lost: list[Span] = [(start, start + apart) for start in dict.fromkeys(fit) if start not in usable]
    if len(fit) == len(starts):
        return tuple(lost)
    told = [start for start in starts if start in usable]
    if told not in (sorted(told), sorted(told, reverse=True)):
        return ((min(told), max(told) + apart),)
    places = [place for place, start in enumerate(starts) if start in usable]
    unread = {place for place, start in enumerate(starts) if start is None or start % apart != phase}
    for before, after in pairwise(places):
        if unread.intersection(range(before, after)):
            ends = sorted((starts[before] or 0, starts[after] or 0))
            lost.append((ends[0] + apart, ends[1]))
    return tuple(lost)


def _start(item: Any) -> int | None:
    try:
        return _start_of(converted(item, _Start).time)
    except (msgspec.ValidationError, ValueError):
        return None


def _start_of(stamp: float | str) -> int:
    """Returns the start of a bar in unix seconds. Raises `ValueError` for one that is between two seconds."""
    return whole(unix_seconds(stamp))


def _bar(item: Any, tick: Decimal | None) -> Bar:
    told = converted(item, _Bar)
    bar = Bar(_start_of(told.time), told.open, told.high, told.low, told.close, told.volume)
    prices = bar[1:5]
    if not all(number.is_finite() for number in (*prices, bar.volume)) or not 0 <= bar.volume <= MOST:
        raise InvalidOperation
    if not 0 < bar.low <= min(prices) or not max(prices) <= bar.high <= MOST:
        raise BadRow("its high and low do not hold its open and close")
    if tick is None:
        return bar
    told = [snapped(price, tick) for price in prices]
    on_tick = [price for price in told if price is not None]
    if len(on_tick) < len(told):
        raise BadRow(f"off_tick: it has a price that is none at a tick of {plain_text(tick)}")
    first, high, low, last = on_tick
    return Bar(bar.start, first, high, low, last, bar.volume)


def _told_once(bars: tuple[Bar, ...], of: str) -> tuple[list[Bar], list[LeftOut]]:
    """Returns each bar once, and those of a start that is told in two ways: neither can be trusted."""
    distinct = list(dict.fromkeys(bars))
    starts = Counter(bar.start for bar in distinct)
    twice = [LeftOut(of, str(bar.start), "told in two ways") for bar in distinct if starts[bar.start] > 1]
    return [bar for bar in distinct if starts[bar.start] == 1], twice


def _in_step(bars: list[Bar], apart: int, of: str) -> tuple[list[Bar], list[LeftOut]]:
    """Returns the bars whose starts are whole steps apart, and the others. Most of them have to be in step."""
    phases = Counter(bar.start % apart for bar in bars)
    phase, most = phases.most_common(1)[0] if phases else (0, 0)
    if bars and 2 * most <= len(bars):
        raise UnusableAnswer(f"{of} hold bars that are not {apart} s apart")
    unfit = [
        LeftOut(of, str(bar.start), f"not {apart} s from the others") for bar in bars if bar.start % apart != phase
    ]
    return [bar for bar in bars if bar.start % apart == phase], unfit
