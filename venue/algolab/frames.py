"""AlgoLab's WebSocket frames: a tick, and one row of a book. Numbers are JSON floats, times are in UTC+3."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from common.bist.rules import ISTANBUL
from venue.algolab.views import NOTHING, BistView, DepthRow, SymbolTick

Frame = dict[str, Any]
Side = Literal["B", "S"]


def stamp(at: float) -> str:
    """Returns a time, given in unix seconds, as the feed writes it: ISO 8601, whole seconds, +03:00."""
    return datetime.fromtimestamp(int(at), ISTANBUL).isoformat()


def tick(view: BistView, tick: SymbolTick) -> Frame:
    """Returns a `T`: the last price and the best ones. 0.0 stands for no quote on that side."""
    change = tick.price - view.reference
    percent = (change * 100 / view.reference).quantize(Decimal("0.01")) if view.reference else NOTHING
    return {
        "Type": "T",
        "Content": {
            "Symbol": view.symbol,
            "Market": view.market,
            "Price": float(tick.price),
            "Change": float(change),
            "Ask": float(tick.ask),
            "Bid": float(tick.bid),
            "Date": stamp(tick.at),
            "ChangePercentage": float(percent),
            "High": float(tick.high),
            "Low": float(tick.low),
            "TradeQuantity": float(tick.quantity),
            "Direction": "" if tick.buy is None else "B" if tick.buy else "S",
            "RefPrice": float(view.reference),
            "BalancePrice": float(tick.balance_price),
            "BalanceAmount": float(tick.balance_quantity),
            "Buying": tick.buyer,
            "Selling": tick.seller,
        },
    }


def row(view: BistView, side: Side, number: int, row: DepthRow) -> Frame:
    """Returns a `D`: one row of one side, where number 0 is the best. An empty row has zeros."""
    return {
        "Type": "D",
        "Content": {
            "Symbol": view.symbol,
            "Market": view.market,
            "Direction": side,
            "Row": number,
            "Quantity": row.quantity,
            "Price": float(row.price),
            "OrderCount": row.orders,
            "Date": stamp(view.at),
        },
    }
