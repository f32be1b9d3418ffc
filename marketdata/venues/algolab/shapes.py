"""The form of AlgoLab's WebSocket frames. Keys come in any case, and are folded to small letters before. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


class Envelope(msgspec.Struct):
    """Every frame: its type, and the content that is still to be read."""

    type: str
    content: dict[str, Any] | None = None


class Tick(msgspec.Struct):
    """T, one tick of a symbol. A price or quantity of 0 means that there is none."""

    symbol: str
    date: str
    price: Decimal
    changepercentage: Decimal
    bid: Decimal
    ask: Decimal
    tradequantity: Decimal = Decimal(0)
    direction: str = ""
    refprice: Decimal = Decimal(0)
    balanceprice: Decimal = Decimal(0)
    balanceamount: Decimal = Decimal(0)


class Row(msgspec.Struct):
    """D, one row of one side of a book."""

    symbol: str
    date: str
    direction: str
    row: int
    price: Decimal
    quantity: Decimal
