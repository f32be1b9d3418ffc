"""Trades: no bar that is published as complete may lack one of the venue's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from common import wire
from tests.soak.venues import PAIRS, Venues
from venue.btcturk.bars import MINUTE
from venue.btcturk.pairs import PairSpec

Bars = Callable[[str, int], Sequence[wire.Candle]]
"""The newest minutes of a pair, so many at most."""
Figures = tuple[int, int, int, int, int]


class Published(msgspec.Struct):
    """What is needed of an answer of /v1/candles."""

    candles: tuple[wire.Candle, ...]


def lacking(venues: Venues, published: Bars, minutes: int) -> list[str]:
    """Complete minutes of the last `minutes` whose prices or volume are not the venue's; for a paused market."""
    found = []
    for pair in PAIRS:
        view = venues.crypto.views[pair]
        end = int(time.time())
        since = (end - minutes * MINUTE) // MINUTE * MINUTE
        bars = venues.market.charts[pair].bars("1", since, end, view.candles)
        theirs = {bar.start: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}
        for candle in published(pair, minutes + 1):
            start = int(candle.start.timestamp())
            if candle.complete and start >= since and figures(view.spec, candle) != theirs.get(start):
                found.append(
                    f"{pair}: the minute {candle.start:%H:%M} is {figures(view.spec, candle)}, not {theirs.get(start)}"
                )
    return found


def figures(spec: PairSpec, candle: wire.Candle) -> Figures:
    """Open, high, low, close and volume as the market counts them."""
    first, high, low, last = (
        _whole(price / spec.tick) for price in (candle.open, candle.high, candle.low, candle.close)
    )
    return first, high, low, last, _whole(candle.volume.scaleb(spec.amount_scale))


def _whole(number: Decimal) -> int:
    if number != int(number):
        raise ArithmeticError(f"{number} is not on the grid")
    return int(number)
