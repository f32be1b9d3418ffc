"""The form of BTCTurk's WebSocket frames. Fields have our names; `rename` has the venue's. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from marketdata.events import BookDiff, BookSnapshot, LevelChange, PriceLevel


class BtcturkLevel(PriceLevel, frozen=True, gc=False, rename={"price": "P", "quantity": "A"}):
    """A level of a 431."""

    price: Decimal
    quantity: Decimal


class BtcturkChange(LevelChange, frozen=True, gc=False, rename={"kind": "CP", "price": "P", "quantity": "A"}):
    """A change of a 432."""

    kind: int
    price: Decimal
    quantity: Decimal


_BOOK_NAMES = {"pair": "PS", "sequence": "CS", "asks": "AO", "bids": "BO"}


class BtcturkSnapshot(BookSnapshot, frozen=True, gc=False, rename=_BOOK_NAMES):
    """431, a whole book.

    event: the pair once more, as the stream is named; empty where it is not told.
    """

    pair: str
    channel: str
    sequence: int
    asks: tuple[BtcturkLevel, ...]
    bids: tuple[BtcturkLevel, ...]
    event: str = ""


class BtcturkDiff(BookDiff, frozen=True, gc=False, rename=_BOOK_NAMES):
    """432, changes of a book."""

    pair: str
    channel: str
    sequence: int
    asks: tuple[BtcturkChange, ...]
    bids: tuple[BtcturkChange, ...]


_TICKER_NAMES = {"pair": "PS", "last": "LA", "old_last": "La", "percent": "DP"}
_TICKER_NAMES |= {"bid": "B", "bid_quantity": "BA", "ask": "A", "ask_quantity": "AA"}


class BtcturkTicker(msgspec.Struct, rename=_TICKER_NAMES):
    """402, a pair's ticker.

    pair: the pair.
    percent: the day's change in percent; None when it is not told.
    last, old_last: the last price; it comes under either of two names. 0 before the first trade.
    bid, ask: the best prices; 0 for an empty side, None when they are not told.
    bid_quantity, ask_quantity: the quantities there; None when they are not told.
    """

    pair: str
    percent: Decimal | None = None
    last: Decimal | None = None
    old_last: Decimal | None = None
    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None


class BtcturkTickers(msgspec.Struct):
    """401, the tickers of all pairs.

    items: the tickers, each not decoded yet.
    """

    items: tuple[msgspec.Raw, ...]


class BtcturkTrade(msgspec.Struct, rename={"time": "D", "id": "I", "quantity": "A", "price": "P", "side": "S"}):
    """A trade, as 421 lists them.

    time: when it was made; usually milliseconds since 1970, see `numbers.unix_seconds`.
    id: unique within its pair.
    quantity, price: the quantity is in the base asset.
    side: the aggressor's; 0 bought, 1 sold, or those words.
    """

    time: int | float | str
    id: int | str
    quantity: Decimal
    price: Decimal
    side: int | str


class BtcturkSingleTrade(BtcturkTrade, rename={"pair": "PS"}, kw_only=True):
    """422, one trade."""

    pair: str


class BtcturkTradeList(msgspec.Struct, rename={"pair": "symbol"}):
    """421, the latest trades.

    pair: the pair.
    items: the trades, newest first.
    """

    pair: str
    items: tuple[BtcturkTrade, ...]


_CANDLE_NAMES = {"start": "D", "pair": "P", "resolution": "R", "volume": "V"}
_CANDLE_NAMES |= {"open": "O", "high": "H", "low": "L", "close": "C"}


class BtcturkCandle(msgspec.Struct, rename=_CANDLE_NAMES):
    """428, the bar that grows now.

    start: when it began; usually unix seconds, see `numbers.unix_seconds`.
    pair: the pair.
    resolution: its length in minutes, or a word for longer ones.
    open, high, low, close: its prices.
    volume: in the base asset.
    """

    start: int | float | str
    pair: str
    resolution: int | str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class BtcturkResult(msgspec.Struct):
    """100, the answer to a subscription.

    ok: true when the venue accepts it.
    message: the venue's words; None when it gives none.
    """

    ok: bool
    message: Any = None
