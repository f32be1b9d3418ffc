"""Numbers as venues write them: whole numbers in any form, and prices that a float has moved off their tick. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from common.decimals import plain_text

MOST_OF_PRICE, MOST_OF_TICK = Decimal("1e-6"), Decimal("0.1")
"""The bounds of float noise, as parts of the price and of its tick. A float of 32 bits is wrong by at most 6e-8 of the
price: the first has room for a few sums. The second keeps a price from being moved to a tick that it may not mean."""
MOST_DIGITS = 30


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
        shown = plain_text(value) if isinstance(value, Decimal) else str(value)
        raise ValueError(f"{shown[:40]!r} is no whole number")
    return int(number)


def identity(value: int | str) -> str:
    """Returns an id as text. One that is a number is the same in every form of writing."""
    text = str(value)
    if text.isdigit() or not text[:1].isdigit():
        return text
    try:
        return str(whole(text))
    except ValueError:
        return text
