"""What a venue's frames mean, in words that all venues share. `pair` is the venue's own name of the instrument.

None can be part of a cycle of references, so none is a matter for the garbage collector (`gc=False`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

import msgspec

from common.wire import Side


class ChangeKind(IntEnum):
    """What a change does to its level."""

    UPDATED = 0
    NEW = 1
    DELETED = 3


class PriceLevel(msgspec.Struct, frozen=True, gc=False):
    """A price of a book and the quantity there."""

    price: Decimal
    quantity: Decimal


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """One change of a level. `kind` is the venue's code, which may be none of `ChangeKind`; a deleted level's
    quantity means nothing."""

    kind: int
    price: Decimal
    quantity: Decimal


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole book. `sequence` counts within one subscription only."""

    pair: str
    channel: str
    sequence: int
    asks: tuple[PriceLevel, ...]
    bids: tuple[PriceLevel, ...]


class BookDiff(msgspec.Struct, frozen=True, gc=False):
    """Changes since the book of `sequence` - 1."""

    pair: str
    channel: str
    sequence: int
    asks: tuple[LevelChange, ...]
    bids: tuple[LevelChange, ...]


class BookRow(msgspec.Struct, frozen=True, gc=False):
    """One row of one side of a book, 0 being the best; it replaces that row. A quantity of 0 empties it."""

    pair: str
    side: Side
    row: int
    price: Decimal
    quantity: Decimal
    venue_time: datetime


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """Last price and the day's change, in percent. Venues without a book tell the best prices here; None is no quote
    on that side. `reference` is the price that the day's change and limits count from."""

    pair: str
    last: Decimal
    daily_change_percent: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    reference: Decimal | None = None
    venue_time: datetime | None = None


class Balance(msgspec.Struct, frozen=True, gc=False):
    """Where a call auction would match now; None while nothing would match or no auction is on."""

    pair: str
    price: Decimal | None
    quantity: Decimal | None
    venue_time: datetime


class CandleUpdate(msgspec.Struct, frozen=True, gc=False):
    """The bar that the venue is building. `resolution` is in the venue's words, volume in the base asset."""

    pair: str
    resolution: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Bar(NamedTuple):
    """A bar of a venue. `start` in unix seconds, volume in the base asset."""

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class VenueTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade; the id is unique within its pair, the side is the aggressor's."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    side: Side
    venue_time: datetime


class Trades(msgspec.Struct, frozen=True, gc=False):
    """New trades; with `replay` the venue's latest ones, of which some may be known."""

    pair: str
    trades: tuple[VenueTrade, ...]
    replay: bool


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """The venue's answer to a subscription. It proves nothing about the pair."""

    ok: bool
    message: str


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """A frame that can't be understood, with the reason to count it under."""

    reason: str


Event = BookSnapshot | BookDiff | BookRow | Ticker | Trades | Balance | CandleUpdate | Acknowledged | Unreadable


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A parsed frame: the label to count it under, and what it says; a frame of no interest says nothing."""

    kind: str
    events: tuple[Event, ...] = ()
