"""The form of AlgoLab's WebSocket frames. Keys come in any case, and are folded to small letters before. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


class Envelope(msgspec.Struct):
    """Every frame.

    type: the type of the content.
    content: the fields; None for a frame without any.
    """

    type: str
    content: dict[str, Any] | None = None


class Tick(msgspec.Struct):
    """T, one tick of a symbol. A price or quantity of 0 means that there is none, and None that it is not told.

    symbol: the share or index.
    date: the venue's time, in any form.
    price: the last price.
    changepercentage: the day's change in percent.
    bid, ask: the best prices; both are needed to tell the best of the book.
    tradequantity: the quantity of the trade that this tick tells.
    direction: B or S, the trade's aggressor; empty when it is not told.
    refprice: the day's reference price.
    balanceprice, balanceamount: price and quantity at which a call auction would match.
    """

    symbol: str
    date: Any = None
    price: Decimal | None = None
    changepercentage: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    tradequantity: Decimal | None = None
    direction: str | None = None
    refprice: Decimal | None = None
    balanceprice: Decimal | None = None
    balanceamount: Decimal | None = None


class Row(msgspec.Struct):
    """D, one row of one side of a book.

    symbol: the share.
    direction: B for bids, S for asks.
    row: its place; 0 is the best price.
    price, quantity: 0 or None for an empty row.
    date: the venue's time, in any form.
    """

    symbol: str
    direction: str
    row: int
    price: Decimal | None
    quantity: Decimal | None
    date: Any = None
