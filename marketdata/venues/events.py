"""What a venue's frames mean, in words that all venues share. `pair` is the venue's own name of the instrument."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum

import msgspec

from common.wire import Side


class ChangeKind(IntEnum):
    """What a change does to its level."""

    UPDATED = 0
    NEW = 1
    DELETED = 3


class PriceLevel(msgspec.Struct, frozen=True):
    """A price of a book and the quantity there."""

    price: Decimal
    quantity: Decimal


class LevelChange(msgspec.Struct, frozen=True):
    """One change of a level. `kind` is the venue's code, which may be none of `ChangeKind`; a deleted level's
    quantity means nothing."""

    kind: int
    price: Decimal
    quantity: Decimal


class BookSnapshot(msgspec.Struct, frozen=True):
    """A whole book. `sequence` counts within one subscription only."""

    pair: str
    channel: str
    sequence: int
    asks: tuple[PriceLevel, ...]
    bids: tuple[PriceLevel, ...]


class BookDiff(msgspec.Struct, frozen=True):
    """Changes since the book of `sequence` - 1."""

    pair: str
    channel: str
    sequence: int
    asks: tuple[LevelChange, ...]
    bids: tuple[LevelChange, ...]


class Ticker(msgspec.Struct, frozen=True):
    """Last price and the day's change, in percent."""

    pair: str
    last: Decimal
    daily_change_percent: Decimal


class VenueTrade(msgspec.Struct, frozen=True):
    """One trade; the id is unique within its pair, the side is the aggressor's."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    side: Side
    venue_time: datetime


class Trades(msgspec.Struct, frozen=True):
    """New trades; with `replay` the venue's latest ones, of which some may be known."""

    pair: str
    trades: tuple[VenueTrade, ...]
    replay: bool


class Acknowledged(msgspec.Struct, frozen=True):
    """The venue's answer to a subscription. It proves nothing about the pair."""

    ok: bool
    message: str


class Unreadable(msgspec.Struct, frozen=True):
    """A frame that can't be understood, with the reason to count it under."""

    reason: str


Event = BookSnapshot | BookDiff | Ticker | Trades | Acknowledged | Unreadable


class Frame(msgspec.Struct, frozen=True):
    """A parsed frame: the label to count it under, and what it says; a frame of no interest says nothing."""

    kind: str
    events: tuple[Event, ...] = ()
