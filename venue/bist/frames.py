"""AlgoLab's WebSocket frames: a tick and one row of a book, numbers as JSON floats, times in UTC+3."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from common.bist.rules import ISTANBUL
from venue.bist.views import NOTHING, Row, Tick, View

Frame = dict[str, Any]
Side = Literal["B", "S"]


def stamp(at: float) -> str:
    """Unix seconds as the feed writes a time: ISO 8601, whole seconds, +03:00."""
    return datetime.fromtimestamp(int(at), ISTANBUL).isoformat()


def tick(view: View, told: Tick) -> Frame:
    """`T`: the last price and the best ones; 0.0 is no quote on that side."""
    change = told.price - view.reference
    percent = (change * 100 / view.reference).quantize(Decimal("0.01")) if view.reference else NOTHING
    return {
        "Type": "T",
        "Content": {
            "Symbol": view.symbol,
            "Market": view.market,
            "Price": float(told.price),
            "Change": float(change),
            "Ask": float(told.ask),
            "Bid": float(told.bid),
            "Date": stamp(told.at),
            "ChangePercentage": float(percent),
            "High": float(told.high),
            "Low": float(told.low),
            "TradeQuantity": float(told.quantity),
            "Direction": "" if told.buy is None else "B" if told.buy else "S",
            "RefPrice": float(view.reference),
            "BalancePrice": float(told.balance_price),
            "BalanceAmount": float(told.balance_quantity),
            "Buying": told.buyer,
            "Selling": told.seller,
        },
    }


def row(view: View, side: Side, number: int, held: Row) -> Frame:
    """`D`: one row of one side, 0 being the best. An empty row is told with zeros."""
    return {
        "Type": "D",
        "Content": {
            "Symbol": view.symbol,
            "Market": view.market,
            "Direction": side,
            "Row": number,
            "Quantity": held.quantity,
            "Price": float(held.price),
            "OrderCount": held.orders,
            "Date": stamp(view.at),
        },
    }
