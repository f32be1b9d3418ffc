"""The simulated Borsa Istanbul as it shows itself at one instant: ticks, rows of books, phases, limits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.wire import Phase

NOTHING = Decimal(0)
"""Stands for a price that does not exist."""


@dataclass(frozen=True, slots=True)
class SymbolTick:
    """One tick. A share's tick is a trade, or news of its call auction when the quantity is 0. Prices are in TRY.

    at: its time, unix seconds.
    price: the last price.
    high: the day's highest price.
    low: the day's lowest price.
    quantity: lots traded; 0 without a trade.
    buy: true when the buyer was the aggressor; None without a trade.
    bid: the best bid; 0 for none.
    ask: the best ask; 0 for none.
    balance_price: the price at which a call auction would match; 0 outside of one.
    balance_quantity: the lots that it would match.
    buyer: the buying broker; empty without a trade.
    seller: the selling broker; empty without a trade.
    """

    at: float
    price: Decimal
    high: Decimal
    low: Decimal
    quantity: int = 0
    buy: bool | None = None
    bid: Decimal = NOTHING
    ask: Decimal = NOTHING
    balance_price: Decimal = NOTHING
    balance_quantity: int = 0
    buyer: str = ""
    seller: str = ""


@dataclass(frozen=True, slots=True)
class DepthRow:
    """One row of one side of a book.

    price: in TRY.
    quantity: lots that wait at the price.
    orders: the number of orders that they are in.
    """

    price: Decimal
    quantity: int
    orders: int


EMPTY_ROW = DepthRow(NOTHING, 0, 0)


@dataclass(frozen=True, slots=True)
class BistView:
    """One symbol at one instant. Prices are in TRY. An index and the dollar have no rows and no limits.

    symbol: the exchange's name of it.
    market: the market segment, such as `IMKBH`.
    at: the time of the view, unix seconds.
    phase: the phase of trading.
    last: the last price.
    reference: the price that the day's change counts from.
    ticks: the newest ticks, newest last.
    tick_count: the number of the newest tick, counted from the begin.
    bids: the rows of the book, best first.
    asks: the rows of the book, best first.
    floor: the day's lowest allowed price; 0 for none.
    ceiling: the day's highest allowed price; 0 for none.
    """

    symbol: str
    market: str
    at: float
    phase: Phase
    last: Decimal
    reference: Decimal
    ticks: tuple[SymbolTick, ...]
    tick_count: int
    bids: tuple[DepthRow, ...] = ()
    asks: tuple[DepthRow, ...] = ()
    floor: Decimal = NOTHING
    ceiling: Decimal = NOTHING
