"""Bars: their resolutions, how trades make one grow, how short ones make a long one, how a chart tells them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

import msgspec

from common import wire
from marketdata.events import Bar, VenueTrade
from marketdata.state.spans import Span
from marketdata.state.trades import trade_order

Resolution = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)

MINUTE, HOUR, DAY = 60, 3_600, 86_400
LENGTHS: dict[Resolution, int] = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
"""The seconds that a bar of each resolution lasts."""
MOST_MINUTES, MOST_DAYS = 1_500, 500
MOST_BARS: dict[Resolution, int] = {"1m": MOST_MINUTES, "5m": 300, "15m": 200, "1h": 200, "4h": 200, "1d": MOST_DAYS}
"""The bars of each resolution that are kept of one symbol."""
LONGER: tuple[Resolution, ...] = RESOLUTIONS[1:]

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

Order = tuple[datetime, int, str]
"""The place of a trade among those of its symbol, see `trade_order`."""


class Gap(msgspec.Struct, frozen=True):
    """A span of a chart of which not everything is known.

    start, end: its ends, UTC; the end is not part of it.
    """

    start: datetime
    end: datetime


class Chart(NamedTuple):
    """The newest bars of a symbol.

    candles: the bars, oldest first.
    gaps: the spans of the time shown of which not everything is known, oldest first.
    spans: the whole spans that those are cut from; they do not move with the clock.
    """

    candles: list[wire.Candle]
    gaps: list[Gap]
    spans: tuple[Span, ...] = ()


@dataclass(slots=True)
class GrowingBar:
    """A bar that grows from trades. They may come late: the earliest sets the open, the latest the close.

    bar: the bar so far.
    first, last: the places of the earliest and of the latest trade in it.
    """

    bar: Bar
    first: Order
    last: Order

    @classmethod
    def of(cls, start: int, trade: VenueTrade) -> GrowingBar:
        """Returns the bar of its first trade."""
        price, at = trade.price, trade_order(trade)
        return cls(Bar(start, price, price, price, price, trade.quantity), at, at)

    def add(self, trade: VenueTrade) -> None:
        """Counts one more trade."""
        bar, at = self.bar, trade_order(trade)
        self.bar = Bar(
            bar.start,
            trade.price if at < self.first else bar.open,
            max(bar.high, trade.price),
            min(bar.low, trade.price),
            trade.price if at > self.last else bar.close,
            bar.volume + trade.quantity,
        )
        self.first, self.last = min(self.first, at), max(self.last, at)


def start_of(at: float, length: int, offset: int) -> int:
    """Returns when the bar that holds `at` begins, in unix seconds. One of them begins at `offset`."""
    return int((at - offset) // length) * length + offset


def merged(start: int, bars: Sequence[Bar]) -> Bar:
    """Returns the bar that begins at `start` and holds shorter ones, given in the order of time."""
    return Bar(
        start,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum((bar.volume for bar in bars), Decimal(0)),
    )


def candle(bar: Bar, *, complete: bool) -> wire.Candle:
    """Returns the message of a bar."""
    return wire.Candle(
        start=datetime.fromtimestamp(bar.start, UTC),
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        complete=complete,
    )


def gap(span: Span) -> Gap:
    """Returns the message of a gap; its ends are finite."""
    since, until = span
    return Gap(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC))


def microseconds(at: datetime) -> int:
    """Returns a time as whole microseconds of unix time."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """Returns the time of so many microseconds of unix time, UTC."""
    return _EPOCH + at * _MICROSECOND
