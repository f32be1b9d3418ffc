"""Turns the shapes of BTCTurk's frames into events, and judges their numbers. Pure.

A function raises `InvalidOperation` for an impossible number, `ValueError` for an impossible time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from common.wire import Side
from marketdata.events import Acknowledged, Bar, CandleUpdate, LevelChange, PriceLevel, Ticker, Top, VenueTrade
from marketdata.lenient import converted
from marketdata.numbers import identity, instant, unix_seconds
from marketdata.venues.btcturk import shapes

LEAST, MOST, ZERO = Decimal("1e-18"), Decimal("1e18"), Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_USUAL = range(10**12, 10**14)
_NO_SEPARATORS = str.maketrans("", "", "_/-: ")
_SIDES: dict[str, Side] = {"0": "buy", "1": "sell", "buy": "buy", "sell": "sell"}


def require_usable(levels: Iterable[PriceLevel | LevelChange | shapes.BtcturkTrade]) -> None:
    """Raises `InvalidOperation` for a price or quantity that is 0, not finite, or absurd."""
    for level in levels:
        if not (LEAST <= level.price <= MOST and LEAST <= level.quantity <= MOST):
            raise InvalidOperation


def require_one_pair(book: shapes.BtcturkSnapshot) -> None:
    """Raises `msgspec.ValidationError` when a whole book names another pair than its stream."""
    if book.event and book.event != book.pair and pair_name(book.event) != pair_name(book.pair):
        raise msgspec.ValidationError("its pair is not that of its stream")


def ticker(told: shapes.BtcturkTicker) -> Ticker:
    """Returns the event of a ticker. Raises `msgspec.ValidationError` when it tells nothing."""
    last, best = told.last if told.last is not None else told.old_last, _best(told)
    if last is None and best is None and told.percent is None:
        raise msgspec.ValidationError("neither last nor best price")
    if not (last is None or last == ZERO or LEAST <= last <= MOST):
        raise InvalidOperation
    if not (told.percent is None or -MOST <= told.percent <= MOST):
        raise InvalidOperation
    return Ticker(told.pair, last or None, told.percent, best=best)


def _best(told: shapes.BtcturkTicker) -> Top | None:
    """Returns the best of the book as the ticker tells it; None when it does not, or not in a usable way.

    A price of 0 is an empty side, or one that is not told: nothing says which. So is a quantity of 0.
    """
    bid, ask = _side(told.bid, told.bid_quantity), _side(told.ask, told.ask_quantity)
    if bid is None and ask is None:
        return None
    (bid_price, bid_quantity), (ask_price, ask_quantity) = bid or _NOTHING, ask or _NOTHING
    return Top(bid_price, bid_quantity, ask_price, ask_quantity)


_NOTHING = (None, None)


def _side(price: Decimal | None, quantity: Decimal | None) -> tuple[Decimal | None, Decimal | None] | None:
    """Returns a best price and the quantity there, both None for a price of 0; None when it is not told usably.

    Raises `InvalidOperation` for what is no number.
    """
    if price is None or not ZERO <= price <= MOST:
        return None
    if quantity is not None and not ZERO <= quantity <= MOST:
        return None
    if not price:
        return _NOTHING
    return (price, quantity) if quantity is None or quantity else None


def trade(told: shapes.BtcturkTrade) -> VenueTrade:
    """Returns the trade. Raises `msgspec.ValidationError` for an unknown side, else as the module says."""
    require_usable((told,))
    return VenueTrade(identity(told.id), told.price, told.quantity, side(told.side), time_of(told.time))


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
    start = int(unix_seconds(told.start))
    return CandleUpdate(told.pair, identity(told.resolution), Bar(start, *prices, told.volume))


def acknowledged(told: shapes.BtcturkResult) -> Acknowledged:
    """Returns the answer to a subscription."""
    return Acknowledged(told.ok, told.message if isinstance(told.message, str) else "")


def time_of(stamp: float | str) -> datetime:
    """Returns the time of a stamp, which is nearly always a whole number of milliseconds."""
    return _EPOCH + stamp * _MILLISECOND if isinstance(stamp, int) and stamp in _USUAL else instant(stamp)


def number_of(told: Any) -> Decimal | None:
    """Returns a plain value as a number; None when it is none that can be."""
    try:
        number: Decimal = converted(told, Decimal)
    except (msgspec.ValidationError, InvalidOperation):
        return None
    return number if number.is_finite() and abs(number) <= MOST else None


def pair_name(told: str) -> str:
    """Returns the venue's usual spelling of a pair that is written in another one, such as `btc_try` or `BTC/TRY`."""
    return told.strip().upper().translate(_NO_SEPARATORS)
