"""The one spelling of a decimal: plain digits, so that the same value reads the same everywhere. Pure."""

from __future__ import annotations

from decimal import Decimal

MOST_DIGITS = 1_000
"""A larger or finer number is nobody's amount, and its digits could fill the memory."""


def plain_text(value: Decimal) -> str:
    """Returns the value in plain digits: no exponent, no zeros at the end of a fraction, no minus before zero.

    No digit is rounded away: 1E-8 → 0.00000001, 2.50 → 2.5, 1E+2 → 100, -0.00 → 0. A number of more than `MOST_DIGITS`
    digits, which no message of ours may hold, keeps its exponent.
    """
    if not value:
        return "0"
    if abs(value.adjusted()) > MOST_DIGITS:
        return str(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
