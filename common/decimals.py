"""The one spelling of a decimal: plain digits, so that the same value reads the same everywhere. Pure."""

from __future__ import annotations

from decimal import Decimal


def plain_text(value: Decimal) -> str:
    """Returns the value in plain digits: no exponent, no zeros at the end of a fraction, no minus before zero.

    No digit is rounded away: 1E-8 → 0.00000001, 2.50 → 2.5, 1E+2 → 100, -0.00 → 0.
    """
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
