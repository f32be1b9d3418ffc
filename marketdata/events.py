"""The events that venues' frames and answers are turned into, shared by all venues.

`pair` is always the venue's own name of the instrument. No event can be part of a cycle of references, so the garbage
collector need not look at them (`gc=False`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Literal, NamedTuple

import msgspec

from common.wire import Side
from marketdata.listed import LeftOut


class ChangeKind(IntEnum):
    """The effect of a change on its level."""

    UPDATED = 0
    NEW = 1
    DELETED = 3


class PriceLevel(msgspec.Struct, frozen=True, gc=False):
    """A level of an order book.

    price: the price.
    quantity: the quantity there.
    """

    price: Decimal
    quantity: Decimal


class Top(msgspec.Struct, frozen=True, gc=False):
    """The best of both sides.

    bid, ask: the best prices; None where a side is empty.
    bid_quantity, ask_quantity: the quantities there; None where a side is empty or the venue does not tell them.
    """

    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """One change of a level.

    kind: the venue's code, which may be none of `ChangeKind`.
    price: the level's price.
    quantity: the new quantity; it means nothing for a deleted level.
    """

    kind: int
    price: Decimal
    quantity: Decimal


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole order book.

    pair, channel: the stream that it came on.
    sequence: the number of this version; it counts within one subscription only.
    asks, bids: the levels.
    """

    pair: str
    channel: str
    sequence: int
    asks: tuple[PriceLevel, ...]
    bids: tuple[PriceLevel, ...]


class BookDiff(msgspec.Struct, frozen=True, gc=False):
    """The changes of an order book since the version `sequence` - 1.

    pair, channel: the stream that it came on.
    sequence: the number of the version after the changes.
    asks, bids: the changes, in the order to apply them.
    """

    pair: str
    channel: str
    sequence: int
    asks: tuple[LevelChange, ...]
    bids: tuple[LevelChange, ...]


class BookRow(msgspec.Struct, frozen=True, gc=False):
    """One row of one side of a row book. It replaces that row.

    pair: the instrument.
    side: the side that it is of.
    row: its place; 0 is the best price.
    price: the price.
    quantity: the quantity there; 0 empties the row.
    venue_time: the venue's time of the row; None where it can't be read.
    """

    pair: str
    side: Side
    row: int
    price: Decimal
    quantity: Decimal
    venue_time: datetime | None


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """The day's figures of an instrument.

    pair: the instrument.
    last: the last price; None before the first trade.
    daily_change_percent: the day's change in percent; None where the venue does not tell it.
    best: the best of the book; None where the venue does not tell it here.
    reference: the price that the day's change and limits count from; None where the venue has none.
    venue_time: the venue's time; None where it sends none.
    """

    pair: str
    last: Decimal | None
    daily_change_percent: Decimal | None
    best: Top | None = None
    reference: Decimal | None = None
    venue_time: datetime | None = None


class Equilibrium(msgspec.Struct, frozen=True, gc=False):
    """The price and quantity at which a call auction would match now.

    pair: the instrument.
    price, quantity: None while nothing would match or no auction is on.
    venue_time: the venue's time; None where it can't be read.
    """

    pair: str
    price: Decimal | None
    quantity: Decimal | None
    venue_time: datetime | None


class Bar(NamedTuple):
    """A bar of a venue.

    start: when it began, in unix seconds.
    open, high, low, close: its prices.
    volume: in the base asset.
    """

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class CandleUpdate(msgspec.Struct, frozen=True, gc=False):
    """The bar that the venue is building.

    pair: the instrument.
    resolution: the bar's length, in the venue's words.
    bar: the bar so far.
    """

    pair: str
    resolution: str
    bar: Bar


class VenueTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade of a venue.

    trade_id: unique within its pair.
    price, quantity: the quantity is in the base asset.
    side: the aggressor's.
    venue_time: when it was made.
    """

    trade_id: str
    price: Decimal
    quantity: Decimal
    side: Side
    venue_time: datetime


class Trades(msgspec.Struct, frozen=True, gc=False):
    """Trades of one pair.

    pair: the instrument.
    trades: the trades.
    replay: true for the venue's latest ones, of which some may be known; false for new ones.
    """

    pair: str
    trades: tuple[VenueTrade, ...]
    replay: bool


Loss = Literal["", "trade", "row", "any"]
"""any: a trade or a row."""


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """The venue's answer to a subscription. It proves nothing about the pair.

    ok: true when the venue accepts it.
    message: the venue's words; empty when it gives none.
    """

    ok: bool
    message: str


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """A frame, or a part of one, that can't be used.

    reason: the label to count it under.
    loses: what is missing without it, and can't be found by a sequence; empty for nothing.
    pair: the instrument that it is of; empty where that can't be told.
    venue_time: the venue's time of what is missing; None where it is not known.
    """

    reason: str
    loses: Loss = ""
    pair: str = ""
    venue_time: datetime | None = None


FrameClass = Literal["keep", "coalesce", "sequence", "plain"]
"""The treatment of a frame by a full inbox; `link.inbox` says what each means."""

PairEvent = BookSnapshot | BookDiff | BookRow | Ticker | Trades | Equilibrium | CandleUpdate
Event = PairEvent | Acknowledged | Unreadable


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A parsed frame.

    kind: the label to count it under.
    events: the events in it; none for a frame of no interest.
    left_out: the rows in it that could not be used.
    oddities: the harmless oddities in it, by kind.
    """

    kind: str
    events: tuple[Event, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    oddities: tuple[str, ...] = ()
