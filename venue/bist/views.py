"""What the simulated Borsa Istanbul shows: ticks, book rows, and the state of one symbol at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.wire import Phase

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: unix seconds, prices in TRY. A share's is a trade (`quantity` lots, `buy` when the buyer was the
    aggressor) or, with a quantity of 0, the news of a call auction; an index and the dollar tick without a trade."""

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
class Row:
    """One row of one side of a book: lots, and in how many orders."""

    price: Decimal
    quantity: int
    orders: int


EMPTY_ROW = Row(NOTHING, 0, 0)


@dataclass(frozen=True, slots=True)
class View:
    """One symbol at one instant. `ticks` are the latest ones, newest last, and `tick_count` numbers the newest. An
    index and the dollar have no rows and no limits."""

    symbol: str
    market: str
    at: float
    phase: Phase
    last: Decimal
    reference: Decimal
    ticks: tuple[Tick, ...]
    tick_count: int
    bids: tuple[Row, ...] = ()
    asks: tuple[Row, ...] = ()
    floor: Decimal = NOTHING
    ceiling: Decimal = NOTHING
