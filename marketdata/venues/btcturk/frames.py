"""BTCTurk's WebSocket frames: `parse` reads those that come in, `subscription` writes those that go out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

import msgspec

from common.wire import Side
from marketdata.events import (
    Acknowledged,
    CandleUpdate,
    Event,
    Frame,
    LevelChange,
    PriceLevel,
    Ticker,
    Trades,
    Unreadable,
    VenueTrade,
)
from marketdata.venues.btcturk import shapes

SOURCE = "BTCTURK"
BookChannel = Literal["obdiff", "orderbook"]
"""obdiff: changes of a book with a sequence. orderbook: the whole book each time it changed."""
BOOK_CHANNELS: tuple[BookChannel, ...] = get_args(BookChannel)
CHANNELS = ("ticker", "trade", *BOOK_CHANNELS, "tradeview")
KINDS = ("100", "401", "402", "421", "422", "428", "431", "432", "991", "other", "unreadable")
REASONS = ("json", "shape", "field", "number", "time", "pair")
"""The reasons why a frame could not be used. The caller counts `pair`: a pair that was not subscribed to."""

_LEAST, _MOST, _ZERO = Decimal("1e-18"), Decimal("1e18"), Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIDES: dict[int, Side] = {0: "buy", 1: "sell"}


def subscription(channel: str, event: str, *, join: bool) -> str:
    """Returns the frame that joins or leaves one stream: one channel and one event, pairs in upper case."""
    body = {"type": 151, "channel": channel, "event": event, "join": join}
    return msgspec.json.encode([151, body]).decode()


def parse(frame: bytes) -> Frame:
    """Returns the events of a frame.

    Never raises: an unreadable frame is an `Unreadable` event with one of `REASONS`.
    """
    try:
        kind, read = _READERS.get(frame[:5]) or _reader_of(frame)
        return Frame(kind, read(frame))
    except msgspec.ValidationError:
        return _unreadable("field" if _is_envelope(frame) else "shape")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unreadable("json")
    except InvalidOperation:
        return _unreadable("number")
    except (ValueError, OverflowError):
        return _unreadable("time")


FrameClass = Literal["keep", "coalesce", "sequence", "plain"]

_CLASSES: dict[bytes, FrameClass] = {
    b"[401,": "coalesce",
    b"[402,": "coalesce",
    b"[428,": "coalesce",
    b"[421,": "keep",
    b"[422,": "keep",
    b"[431,": "sequence",
    b"[432,": "sequence",
}


def classify(frame: bytes) -> tuple[FrameClass, str]:
    """Returns how a full inbox may treat a frame (see `link.inbox`), and the frame's stream as `channel:event`.

    Reads only the first bytes and two names, so that the socket's reader can afford it. Never raises. The stream is
    empty when a name is not found.
    """
    found = _CLASSES.get(frame[:5], "plain")
    if found == "plain":
        return found, ""
    channel, event = _text_after(frame, b'"channel":"'), _text_after(frame, b'"event":"')
    if not (channel and event):
        return found, ""
    return "coalesce" if channel == "orderbook" else found, f"{channel}:{event}"


def _text_after(frame: bytes, mark: bytes) -> str:
    """Returns the text behind a mark. It searches from the end, where the venue writes such marks."""
    start = frame.rfind(mark) + len(mark)
    end = frame.find(b'"', start) if start >= len(mark) else -1
    return frame[start:end].decode("ascii", "replace") if end >= 0 else ""


def _unreadable(reason: str) -> Frame:
    return Frame("unreadable", (Unreadable(reason),))


def _decoder(body: Any) -> Callable[[bytes], tuple[int, Any]]:
    return msgspec.json.Decoder(tuple[int, body]).decode


_envelope = _decoder(msgspec.Raw)
_snapshot, _diff, _ticker, _tickers = (
    _decoder(body) for body in (shapes.Snapshot, shapes.Diff, shapes.Ticker, shapes.Tickers)
)
_single, _list, _candle, _result = (
    _decoder(body) for body in (shapes.SingleTrade, shapes.TradeList, shapes.Candle, shapes.Result)
)
_one_of_many = msgspec.json.Decoder(shapes.Ticker).decode


def _is_envelope(frame: bytes) -> bool:
    try:
        _envelope(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _read_snapshot(frame: bytes) -> tuple[Event]:
    book: shapes.Snapshot = _snapshot(frame)[1]
    _require_usable(book.asks + book.bids)
    return (book,)


def _read_diff(frame: bytes) -> tuple[Event]:
    diff: shapes.Diff = _diff(frame)[1]
    _require_usable(diff.asks + diff.bids)
    return (diff,)


def _read_ticker(frame: bytes) -> tuple[Event]:
    return (_ticker_event(_ticker(frame)[1]),)


def _read_tickers(frame: bytes) -> tuple[Event, ...]:
    return tuple(_each_ticker(_tickers(frame)[1].items))


def _each_ticker(items: Iterable[msgspec.Raw]) -> Iterator[Event]:
    """Yields the ticker of each pair. One that can't be read, such as one that never traded, costs only itself."""
    for item in items:
        try:
            yield _ticker_event(_one_of_many(item))
        except msgspec.ValidationError:
            yield Unreadable("field")
        except InvalidOperation:
            yield Unreadable("number")


def _ticker_event(ticker: shapes.Ticker) -> Ticker:
    last = ticker.last if ticker.last is not None else ticker.old_last
    if last is None:
        raise msgspec.ValidationError("neither LA nor La")
    if not (_LEAST <= last <= _MOST and -_MOST <= ticker.percent <= _MOST):
        raise InvalidOperation
    return Ticker(ticker.pair, last, ticker.percent)


def _read_single(frame: bytes) -> tuple[Event]:
    trade: shapes.SingleTrade = _single(frame)[1]
    return (Trades(trade.pair, (_trade(trade),), replay=False),)


def _read_list(frame: bytes) -> tuple[Event]:
    listed: shapes.TradeList = _list(frame)[1]
    return (Trades(listed.pair, tuple(_trade(trade) for trade in listed.items), replay=True),)


def _read_candle(frame: bytes) -> tuple[Event]:
    candle: shapes.Candle = _candle(frame)[1]
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not (_LEAST <= candle.low <= min(prices) and max(prices) <= candle.high <= _MOST):
        raise InvalidOperation
    if not _ZERO <= candle.volume <= _MOST:
        raise InvalidOperation
    start = _time(candle.start, timedelta(seconds=1))
    return (CandleUpdate(candle.pair, str(candle.resolution), start, *prices, candle.volume),)


def _read_result(frame: bytes) -> tuple[Event]:
    result: shapes.Result = _result(frame)[1]
    return (Acknowledged(result.ok, result.message or ""),)


def _read_nothing(_frame: bytes) -> tuple[Event, ...]:
    return ()


def _trade(trade: shapes.Trade) -> VenueTrade:
    _require_usable((trade,))
    side = _SIDES.get(trade.side)
    if side is None:
        raise msgspec.ValidationError("side is neither 0 nor 1")
    return VenueTrade(str(trade.id), trade.price, trade.quantity, side, _time(trade.time, timedelta(milliseconds=1)))


def _time(stamp: int | str, unit: timedelta) -> datetime:
    """Returns the time of a stamp that counts `unit` since 1970. Raises `ValueError` or `OverflowError`."""
    return _EPOCH + int(stamp) * unit


def _require_usable(levels: Iterable[PriceLevel | LevelChange | shapes.Trade]) -> None:
    """Raises `InvalidOperation` for a price or quantity that is not finite, or absurd."""
    for level in levels:
        if not (_LEAST <= level.price <= _MOST and _ZERO <= level.quantity <= _MOST):
            raise InvalidOperation


_Read = Callable[[bytes], tuple[Event, ...]]

_BY_MODEL: dict[int, _Read] = {
    100: _read_result,
    401: _read_tickers,
    402: _read_ticker,
    421: _read_list,
    422: _read_single,
    428: _read_candle,
    431: _read_snapshot,
    432: _read_diff,
    991: _read_nothing,
}
_READERS = {b"[%d," % model: (str(model), read) for model, read in _BY_MODEL.items()}


def _reader_of(frame: bytes) -> tuple[str, _Read]:
    """Returns the reader of a frame with an unusual beginning: the model may be unknown, or there may be blanks."""
    model = _envelope(frame)[0]
    read = _BY_MODEL.get(model)
    return ("other", _read_nothing) if read is None else (str(model), read)
