"""Reads the bars of BTCTurk's chart host. Pure.

They are read bar by bar: one that is impossible, off its tick, or told in two ways is left out, the others stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from common.decimals import plain_text
from marketdata.events import Bar
from marketdata.lenient import converted
from marketdata.listed import BadRow, LeftOut, Listed, each
from marketdata.numbers import snapped
from marketdata.rest.replies import UnusableAnswer, decoded
from marketdata.state.candles import DAY, MINUTE
from marketdata.venues.btcturk.readings import MOST

LISTS = ("ohlcs", "klines")
"""The lists of which bars may be left out."""
_COLUMNS = ("t", "o", "h", "l", "c", "v")


class _Bar(msgspec.Struct):
    """A bar as the venue tells it.

    time: its start in unix seconds.
    open, high, low, close: its prices.
    volume: in the base asset.
    """

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def days(body: bytes, tick: Decimal | None = None) -> Listed[Bar]:
    """Returns the daily bars of `/v1/ohlcs`; their starts are the venue's. Raises `UnusableAnswer`."""
    return _bars(decoded(list[Any], body, "ohlcs"), tick, apart=DAY, of="ohlcs")


def minutes(body: bytes, tick: Decimal | None = None) -> Listed[Bar]:
    """Returns the minute bars of `/v1/klines/history`; none when the venue has no data. Raises `UnusableAnswer`."""
    found = decoded(dict[str, Any], body, "klines")
    told = str(found.get("s")).lower()
    if told == "no_data":
        return Listed(())
    columns = [found.get(name) for name in _COLUMNS]
    lengths = [len(column) if isinstance(column, list) else None for column in columns]
    if told != "ok" or None in lengths or len(set(lengths)) != 1:
        raise UnusableAnswer(f"klines say {told[:40]!r}, with lists of {lengths}")
    names = _Bar.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _bars(rows, tick, apart=MINUTE, of="klines")


def _bars(items: Iterable[Any], tick: Decimal | None, *, apart: int, of: str) -> Listed[Bar]:
    """Returns the possible bars in order of time. Raises `UnusableAnswer` when there is none among some."""
    found: Listed[Bar] = each(items, lambda item: _bar(item, tick), of, "time")
    unique, twice = _told_once(found.rows, of)
    fitting, unfit = _in_step(unique, apart, of)
    bars = Listed(tuple(sorted(fitting)), (*found.left_out, *twice, *unfit))
    if bars.spoilt:
        raise UnusableAnswer(f"{of} hold no bar that can be used: {bars.left_out[0].reason}")
    return bars


def _bar(item: Any, tick: Decimal | None) -> Bar:
    told = converted(item, _Bar)
    bar = Bar(*msgspec.structs.astuple(told))
    prices = bar[1:5]
    if not all(number.is_finite() for number in (*prices, bar.volume)) or not 0 <= bar.volume <= MOST or bar.start < 0:
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
