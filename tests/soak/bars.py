"""Trades: no bar that is published as complete may lack one of the venue's, and none is missing outside of a gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from common import wire
from marketdata.state.bars import Gap
from tests.soak.venues import PAIRS, Venues
from venue.btcturk.bars import MINUTE, SPANS
from venue.btcturk.pairs import PairSpec

Figures = tuple[int, int, int, int, int]
RESOLUTIONS = {"1m": "1", "5m": "5"}
"""Our names of the resolutions that are judged, and the venue's."""


class Published(msgspec.Struct):
    """What is needed of an answer of /v1/candles."""

    candles: tuple[wire.Candle, ...]
    gaps: tuple[Gap, ...]


Bars = Callable[[str, str, int], Published]
"""The newest bars of a pair and resolution, so many at most, with their gaps."""


def lacking(venues: Venues, published: Bars, minutes: int) -> list[str]:
    """Bars of the last `minutes` that are not the venue's though they say that they are complete, or that are not there
    though no gap says so; for a paused market."""
    return [
        f"{pair}: {fault}"
        for pair in PAIRS
        for resolution in RESOLUTIONS
        for fault in _faults(venues, pair, resolution, published(pair, resolution, minutes + 1), minutes)
    ]


def _faults(venues: Venues, pair: str, resolution: str, shown: Published, minutes: int) -> Iterator[str]:
    view, name, end = venues.crypto.views[pair], RESOLUTIONS[resolution], int(time.time())
    length = SPANS[name]
    since = (end - minutes * MINUTE) // length * length
    bars = venues.market.charts[pair].bars(name, since, end, view.candles)
    theirs = {bar.start: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}
    ours = {int(candle.start.timestamp()): candle for candle in shown.candles}
    for start, candle in ours.items():
        if candle.complete and start >= since and figures(view.spec, candle) != theirs.get(start):
            yield f"the {resolution} of {candle.start:%H:%M} is {figures(view.spec, candle)}, not {theirs.get(start)}"
    gaps = [(gap.start.timestamp(), gap.end.timestamp()) for gap in shown.gaps]
    for start in theirs.keys() - ours.keys():
        if not any(begin < start + length and finish > start for begin, finish in gaps):
            yield f"a {resolution} of the venue at {start} is not there, and no gap says so"


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
