"""Turns the shapes of BTCTurk's frames into events, and judges their numbers. Pure.

A function raises `InvalidOperation` for an impossible number, `ValueError` or `OverflowError` for an impossible time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import msgspec

from common.wire import Side
from marketdata.events import Acknowledged, Bar, CandleUpdate, LevelChange, PriceLevel, Ticker, Top, VenueTrade
from marketdata.numbers import identity, whole
from marketdata.venues.btcturk import shapes

LEAST, MOST, ZERO = Decimal("1e-18"), Decimal("1e18"), Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
_SIDES: dict[str, Side] = {"0": "buy", "1": "sell", "buy": "buy", "sell": "sell"}


def require_usable(levels: Iterable[PriceLevel | LevelChange | shapes.BtcturkTrade]) -> None:
    """Raises `InvalidOperation` for a price or quantity that is 0, not finite, or absurd."""
    for level in levels:
        if not (LEAST <= level.price <= MOST and LEAST <= level.quantity <= MOST):
            raise InvalidOperation


def ticker(told: shapes.BtcturkTicker) -> Ticker:
    """Returns the event of a ticker. Raises `msgspec.ValidationError` when it tells no last price, not even 0."""
    last = told.last if told.last is not None else told.old_last
    if last is None:
        raise msgspec.ValidationError("neither LA nor La")
    if not (last == ZERO or LEAST <= last <= MOST) or not (told.percent is None or -MOST <= told.percent <= MOST):
        raise InvalidOperation
    return Ticker(told.pair, last or None, told.percent, best=_best(told))


def _best(told: shapes.BtcturkTicker) -> Top | None:
    """Returns the best of the book as the ticker tells it; None when it does not, or not in a usable way.

    A price of 0 is an empty side. A quantity of 0 is no level, so that side is not told.
    """
    bid, ask = told.bid, told.ask
    if bid is None or ask is None:
        return None
    quantities = ((bid, told.bid_quantity), (ask, told.ask_quantity))
    if not all(_is_told(price, quantity) for price, quantity in quantities):
        return None
    return Top(bid or None, told.bid_quantity or None, ask or None, told.ask_quantity or None)


def _is_told(price: Decimal, quantity: Decimal | None) -> bool:
    if not (price.is_finite() and ZERO <= price <= MOST):
        return False
    if quantity is None:
        return True
    return quantity.is_finite() and (ZERO < quantity <= MOST if price else ZERO <= quantity <= MOST)


def trade(told: shapes.BtcturkTrade) -> VenueTrade:
    """Returns the trade. Raises `msgspec.ValidationError` for an unknown side, else as the module says."""
    require_usable((told,))
    return VenueTrade(identity(told.id), told.price, told.quantity, side(told.side), _time(told.time, _MILLISECOND))


def side(told: int | str) -> Side:
    """Returns the aggressor's side, from the venue's number or word. Raises `msgspec.ValidationError`."""
    found = _SIDES.get(identity(told).lower())
    if found is None:
        raise msgspec.ValidationError("side is neither 0 nor 1")
    return found


def candle(told: shapes.BtcturkCandle) -> CandleUpdate:
    """Returns the bar that grows. A price of 0 is no price."""
    prices = (told.open, told.high, told.low, told.close)
    if not (LEAST <= told.low <= min(prices) and max(prices) <= told.high <= MOST):
        raise InvalidOperation
    if not ZERO <= told.volume <= MOST:
        raise InvalidOperation
    start = int(_time(told.start, _SECOND).timestamp())
    return CandleUpdate(told.pair, identity(told.resolution), Bar(start, *prices, told.volume))


def acknowledged(told: shapes.BtcturkResult) -> Acknowledged:
    """Returns the answer to a subscription."""
    return Acknowledged(told.ok, told.message if isinstance(told.message, str) else "")


def _time(stamp: int | str, unit: timedelta) -> datetime:
    """Returns the time of a stamp that counts `unit` since 1970."""
    return _EPOCH + whole(stamp) * unit
