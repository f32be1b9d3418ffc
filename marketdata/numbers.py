"""Numbers as venues write them: whole numbers and times in any form, prices that a float has moved off their tick.

Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from common.decimals import plain_text

MOST_OF_PRICE, MOST_OF_TICK = Decimal("1e-6"), Decimal("0.1")
"""The bounds of float noise, as parts of the price and of its tick. A float of 32 bits is wrong by at most 6e-8 of the
price: the first has room for a few sums. The second keeps a price from being moved to a tick that it may not mean."""
MOST_DIGITS = 30
EARLIEST_SECONDS, LATEST_SECONDS = 10**9, 2**32
"""No trade of a venue was made outside of these unix seconds. The size of a stamp tells its unit."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def snapped(price: Decimal, tick: Decimal) -> Decimal | None:
    """Returns the price on its tick: itself, or the nearest tick when only float noise parts them.

    Returns None for a price that is further off, or is no price.
    """
    try:
        if not price % tick:
            return price if price > 0 else None
        nearest = (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick
        distance = abs(price - nearest)
        noise = nearest > 0 and distance <= price * MOST_OF_PRICE and distance <= tick * MOST_OF_TICK
    except InvalidOperation:
        return None
    return nearest if noise else None


def same_quantity(one: Decimal, other: Decimal) -> bool:
    """Returns true for two quantities that are equal but for float noise."""
    return one == other or abs(one - other) <= one * MOST_OF_PRICE


def is_whole(number: Decimal) -> bool:
    """Returns true for a whole number of at most `MOST_DIGITS` digits."""
    return number.is_finite() and number.adjusted() < MOST_DIGITS and number == number.to_integral_value()


def whole(value: int | str | Decimal) -> int:
    """Returns a whole number that is written as an integer, a float or a text. Raises `ValueError` for any other."""
    if isinstance(value, int):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not is_whole(number):
        raise ValueError(f"{_shown(value)!r} is no whole number")
    return int(number)


def unix_seconds(stamp: float | str | Decimal) -> Decimal:
    """Returns the unix seconds of a stamp, which counts seconds, or thousandths, millionths or billionths of them.

    It may also be a text such as `2026-11-28T16:20:00Z`. Raises `ValueError` for any other, and for a time before 1970.
    """
    try:
        number = Decimal(repr(stamp) if isinstance(stamp, float) else stamp)
    except InvalidOperation:
        number = _iso_seconds(_shown(stamp))
    for unit in (10**0, 10**3, 10**6, 10**9):
        if number.is_finite() and 0 <= number < LATEST_SECONDS * unit:
            return number / unit
    raise ValueError(f"{_shown(stamp)!r} is no time")


def instant(stamp: float | str | Decimal) -> datetime:
    """Returns the time of a stamp, see `unix_seconds`. Raises `ValueError`, also for a time that is too early."""
    seconds = unix_seconds(stamp)
    if seconds < EARLIEST_SECONDS:
        raise ValueError(f"{_shown(stamp)!r} is too early a time")
    return _EPOCH + int(seconds * 1_000_000) * _MICROSECOND


def _shown(value: float | str | Decimal) -> str:
    return (plain_text(value) if isinstance(value, Decimal) else str(value))[:40]


def _iso_seconds(text: str) -> Decimal:
    told = datetime.fromisoformat(text)
    if told.tzinfo is None:
        raise ValueError("a time without a zone")
    return Decimal((told - _EPOCH) // _MICROSECOND) / 1_000_000


def identity(value: int | str) -> str:
    """Returns an id as text. One that is a number is the same in every form of writing."""
    text = str(value)
    if text.isdigit() or not text[:1].isdigit():
        return text
    try:
        return str(whole(text))
    except ValueError:
        return text
