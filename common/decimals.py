"""The one spelling of a decimal: plain digits, so that the same value reads the same everywhere. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

MOST_DIGITS = 1_000
"""A larger or finer number is nobody's amount, and its digits could fill the memory."""
RULE = "must be a number in plain digits, as in 12.5"
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def is_plain(text: str) -> bool:
    """Returns true for a text that every reader takes for a decimal: an optional minus, digits, a point with digits.

    Python knows more spellings, such as `1_0`, `+1`, `.5`, `1e3`, `Infinity`, blanks around it, and digits of other
    scripts. None of them is one of ours.
    """
    return len(text) <= MOST_DIGITS and _PLAIN.fullmatch(text) is not None


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


def tidy(value: Decimal) -> Decimal:
    """Returns the same number without trailing zeros and positive exponent: 1.50 → 1.5, 1E+2 → 100, 0E-8 → 0."""
    text = str(value)
    is_tidy = text != "-0" and "E" not in text and not (text[-1] == "0" and "." in text)
    return value if is_tidy else Decimal(plain_text(value))
