"""BTCTurk's WebSocket frames: `parse` for what comes in, `subscription` for what goes out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from marketdata.venues.events import (
    Acknowledged,
    BookDiff,
    BookSnapshot,
    Event,
    Frame,
    LevelChange,
    PriceLevel,
    Ticker,
    Trades,
    Unreadable,
    VenueTrade,
)

SOURCE = "BTCTURK"
CHANNELS = ("ticker", "trade", "obdiff")
BOOK_CHANNEL = "obdiff"
KINDS = ("100", "402", "421", "422", "431", "432", "991", "other", "unreadable")
REASONS = ("json", "shape", "field", "number", "time", "pair")
"""Why a frame could not be used. `pair` is counted by the caller: nobody subscribed to what it names."""

_LEAST, _MOST = Decimal("1e-18"), Decimal("1e18")

T = TypeVar("T")


class _Level(PriceLevel, frozen=True, rename={"price": "P", "quantity": "A"}):
    price: Decimal
    quantity: Decimal


class _Change(LevelChange, frozen=True, rename={"kind": "CP", "price": "P", "quantity": "A"}):
    kind: int
    price: Decimal
    quantity: Decimal


_BOOK_NAMES = {"pair": "PS", "sequence": "CS", "asks": "AO", "bids": "BO"}


class _Snapshot(BookSnapshot, frozen=True, rename=_BOOK_NAMES):
    pair: str
    channel: str
    sequence: int
    asks: tuple[_Level, ...]
    bids: tuple[_Level, ...]


class _Diff(BookDiff, frozen=True, rename=_BOOK_NAMES):
    pair: str
    channel: str
    sequence: int
    asks: tuple[_Change, ...]
    bids: tuple[_Change, ...]


class _Ticker(msgspec.Struct, rename={"pair": "PS", "last": "LA", "old_last": "La", "percent": "DP"}):
    pair: str
    percent: Decimal
    last: Decimal | None = None
    old_last: Decimal | None = None


class _Trade(msgspec.Struct, rename={"time": "D", "id": "I", "quantity": "A", "price": "P", "side": "S"}):
    time: int | str
    id: int | str
    quantity: Decimal
    price: Decimal
    side: int


class _SingleTrade(_Trade, rename={"pair": "PS"}, kw_only=True):
    pair: str


class _TradeList(msgspec.Struct, rename={"pair": "symbol"}):
    pair: str
    items: tuple[_Trade, ...]


class _Result(msgspec.Struct):
    ok: bool
    message: str | None = None


def subscription(channel: str, pair: str, *, join: bool) -> str:
    """The frame that joins or leaves one stream; one channel and one pair each, pairs in upper case."""
    body = {"type": 151, "channel": channel, "event": pair, "join": join}
    return msgspec.json.encode([151, body]).decode()


def parse(frame: bytes) -> Frame:
    """What a frame says. Never raises: what can't be read is an `Unreadable` event with one of `REASONS`."""
    try:
        model, body = _envelope.decode(frame)
    except msgspec.ValidationError:
        return _unreadable("shape")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unreadable("json")
    reader = _READERS.get(model)
    if reader is None:
        return Frame("991" if model == 991 else "other")
    try:
        return Frame(str(model), (reader(body),))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _unreadable("field")
    except InvalidOperation:
        return _unreadable("number")
    except (ValueError, OverflowError, OSError):
        return _unreadable("time")


def _unreadable(reason: str) -> Frame:
    return Frame("unreadable", (Unreadable(reason),))


def _decoder(kind: type[T]) -> Callable[[msgspec.Raw], T]:
    return msgspec.json.Decoder(kind).decode


_envelope = msgspec.json.Decoder(tuple[int, msgspec.Raw])
_snapshot, _diff, _ticker = _decoder(_Snapshot), _decoder(_Diff), _decoder(_Ticker)
_single, _list, _result = _decoder(_SingleTrade), _decoder(_TradeList), _decoder(_Result)


def _read_snapshot(body: msgspec.Raw) -> Event:
    book = _snapshot(body)
    for level in (*book.asks, *book.bids):
        _require_usable(level.price, level.quantity)
    return book


def _read_diff(body: msgspec.Raw) -> Event:
    diff = _diff(body)
    for change in (*diff.asks, *diff.bids):
        _require_usable(change.price, change.quantity)
    return diff


def _read_ticker(body: msgspec.Raw) -> Event:
    ticker = _ticker(body)
    last = ticker.last if ticker.last is not None else ticker.old_last
    if last is None:
        raise msgspec.ValidationError("neither LA nor La")
    _require_usable(last, abs(ticker.percent))
    return Ticker(ticker.pair, last, ticker.percent)


def _read_single(body: msgspec.Raw) -> Event:
    trade = _single(body)
    return Trades(trade.pair, (_trade(trade),), replay=False)


def _read_list(body: msgspec.Raw) -> Event:
    listed = _list(body)
    return Trades(listed.pair, tuple(_trade(trade) for trade in listed.items), replay=True)


def _read_result(body: msgspec.Raw) -> Event:
    result = _result(body)
    return Acknowledged(result.ok, result.message or "")


def _trade(trade: _Trade) -> VenueTrade:
    _require_usable(trade.price, trade.quantity)
    if trade.side not in (0, 1):
        raise msgspec.ValidationError("side is neither 0 nor 1")
    return VenueTrade(
        trade_id=str(trade.id),
        price=trade.price,
        quantity=trade.quantity,
        side="buy" if trade.side == 0 else "sell",
        venue_time=datetime.fromtimestamp(int(trade.time) / 1000, UTC),
    )


def _require_usable(price: Decimal, quantity: Decimal) -> None:
    """Raises `InvalidOperation` for a price or quantity that is not finite, or absurd."""
    if not (_LEAST <= price <= _MOST and 0 <= quantity <= _MOST):
        raise InvalidOperation


_READERS: dict[int, Callable[[msgspec.Raw], Event]] = {
    100: _read_result,
    402: _read_ticker,
    421: _read_list,
    422: _read_single,
    431: _read_snapshot,
    432: _read_diff,
}
