"""A series of bars whose trades and answers a test says. Times are in seconds after a midnight."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.wire import Candle
from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import DAY, Chart, Resolution
from marketdata.state.candles import Series
from marketdata.state.told import Wanted

DAWN = 1_790_035_200  # a midnight, UTC
LONG_AGO = DAWN - 600 * DAY


def trade(second: float, price: int, quantity: int = 1, trade_id: str | None = None) -> VenueTrade:
    at = datetime.fromtimestamp(DAWN, UTC) + timedelta(seconds=second)
    return VenueTrade(trade_id or f"{round(second * 1000)}", Decimal(price), Decimal(quantity), "buy", at)


def bar(start: float, *prices: int, volume: int = 1) -> Bar:
    opened, high, low, close = (Decimal(price) for price in prices)
    return Bar(DAWN + int(start), opened, high, low, close, Decimal(volume))


def chart(series: Series, resolution: Resolution, limit: int, now: float) -> Chart:
    return series.chart(resolution, limit, now)


def latest(series: Series, resolution: Resolution, limit: int, now: float) -> list[Candle]:
    return chart(series, resolution, limit, now).candles


def gaps_of(series: Series, now: float, limit: int = 10, resolution: Resolution = "1m") -> list[tuple[float, float]]:
    """Begin and end of each gap that is shown, in seconds after dawn."""
    gaps = chart(series, resolution, limit, DAWN + now).gaps
    return [(gap.start.timestamp() - DAWN, gap.end.timestamp() - DAWN) for gap in gaps]


def answer(
    series: Series,
    bars: list[Bar],
    *,
    since: float = LONG_AGO - DAWN,
    asked_at: float,
    until: float = math.inf,
    resolution: Resolution = "1m",
    lost: Iterable[tuple[float, float]] = (),
) -> bool:
    """The venue answers with bars, and with some that can't be used; times are in seconds after dawn."""
    wanted = Wanted(DAWN + int(since), DAWN + until, 0.0)
    spans = [(DAWN + begin, DAWN + end) for begin, end in lost]
    return series.merge(resolution, bars, wanted, DAWN + asked_at, spans)


def asks(series: Series, now: float, resolution: Resolution = "1m") -> tuple[float, float] | None:
    """Begin and end of the span to ask for, in seconds after dawn."""
    wanted = series.wanted(resolution, DAWN + now)
    return None if wanted is None else (wanted.since - DAWN, wanted.until - DAWN)


def told(candles: Iterable[Candle]) -> list[tuple[int, ...]]:
    """Start in seconds after dawn, open, high, low, close, volume, complete."""
    return [
        (
            round(candle.start.timestamp()) - DAWN,
            *(int(number) for number in (candle.open, candle.high, candle.low, candle.close, candle.volume)),
            candle.complete,
        )
        for candle in candles
    ]


def begun(*trades: VenueTrade) -> Series:
    """A series whose venue has told all its trades so far: all of an hour and an older one first."""
    series = Series()
    series.replay([trade(-3600, 1), *trades], DAWN)
    return series


def known(*trades: VenueTrade) -> Series:
    """A series whose stream told every trade of the last three days."""
    series = Series()
    series.begin(DAWN - 3 * DAY, DAWN)
    series.add(trades)
    return series


def minutes(series: Series, now: float, limit: int = 10) -> list[tuple[int, ...]]:
    return [told for told in told(latest(series, "1m", limit, DAWN + now)) if told[0] >= 0]


def tell_days(series: Series, bars: list[Bar], asked_at: float) -> None:
    """The venue answers with days, asked at a time in seconds after dawn."""
    answer(series, bars, asked_at=asked_at, resolution="1d")
