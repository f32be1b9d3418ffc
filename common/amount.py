"""The price or quantity of a message: its form, and the type that holds a field to it. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

AMOUNT_FORM = r"[0-9]{1,12}(\.[0-9]{1,18})?"
AMOUNT_RULE = "must be a number above 0 and below 10^12 in plain digits, with at most 18 decimals, as in 12.5"
Amount = Annotated[
    Decimal,
    msgspec.Meta(extra={"form": AMOUNT_FORM, "rule": AMOUNT_RULE}, extra_json_schema={"pattern": f"^{AMOUNT_FORM}$"}),
]
"""A price or a quantity that a client asks for: `common.spelling` holds its text to this form."""
