"""BTCTurk's WebSocket frames: `parse` reads those that come in, `subscription` writes those that go out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from common.wire import Side
from marketdata.events import (
    Acknowledged,
    Bar,
    CandleUpdate,
    Event,
    Frame,
    FrameClass,
    LevelChange,
    PriceLevel,
    Ticker,
    Top,
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
        kind, decode, read = _READERS.get(frame[:5]) or _reader_of(frame)
        return Frame(kind, read(decode(frame)[1]))
    except msgspec.ValidationError:
        return _unreadable("field" if _is_envelope(frame) else "shape")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unreadable("json")
    except InvalidOperation:
        return _unreadable("number")
    except (ValueError, OverflowError):
        return _unreadable("time")


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


_envelope = msgspec.json.Decoder(tuple[int, msgspec.Raw]).decode
_one_ticker = msgspec.json.Decoder(shapes.BtcturkTicker).decode


def _is_envelope(frame: bytes) -> bool:
    try:
        _envelope(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _read_snapshot(book: shapes.BtcturkSnapshot) -> tuple[Event]:
    _require_usable(book.asks + book.bids)
    return (book,)


def _read_diff(diff: shapes.BtcturkDiff) -> tuple[Event]:
    _require_usable(diff.asks + diff.bids)
    return (diff,)


def _read_ticker(ticker: shapes.BtcturkTicker) -> tuple[Event]:
    return (_ticker_event(ticker),)


def _read_tickers(tickers: shapes.BtcturkTickers) -> tuple[Event, ...]:
    return tuple(_ticker_of_many(item) for item in tickers.items)


def _ticker_of_many(item: msgspec.Raw) -> Event:
    """Returns the ticker of one pair. One that can't be read, such as one that never traded, costs only itself."""
    try:
        return _ticker_event(_one_ticker(item))
    except msgspec.ValidationError:
        return Unreadable("field")
    except InvalidOperation:
        return Unreadable("number")


def _ticker_event(ticker: shapes.BtcturkTicker) -> Ticker:
    last = ticker.last if ticker.last is not None else ticker.old_last
    if last is None:
        raise msgspec.ValidationError("neither LA nor La")
    if not (_LEAST <= last <= _MOST and -_MOST <= ticker.percent <= _MOST):
        raise InvalidOperation
    return Ticker(ticker.pair, last, ticker.percent, best=_best(ticker))


def _best(ticker: shapes.BtcturkTicker) -> Top | None:
    """Returns the best of the book as the ticker tells it; None when it does not, or not in a usable way."""
    told = (ticker.bid, ticker.bid_quantity, ticker.ask, ticker.ask_quantity)
    usable = all(number is None or _ZERO <= number <= _MOST for number in told)
    if ticker.bid is None or ticker.ask is None or not usable:
        return None
    return Top(*(number or None for number in told))


def _read_single(trade: shapes.BtcturkSingleTrade) -> tuple[Event]:
    return (Trades(trade.pair, (_trade(trade),), replay=False),)


def _read_list(listed: shapes.BtcturkTradeList) -> tuple[Event]:
    return (Trades(listed.pair, tuple(_trade(trade) for trade in listed.items), replay=True),)


def _read_candle(candle: shapes.BtcturkCandle) -> tuple[Event]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not (_LEAST <= candle.low <= min(prices) and max(prices) <= candle.high <= _MOST):
        raise InvalidOperation
    if not _ZERO <= candle.volume <= _MOST:
        raise InvalidOperation
    start = int(_time(candle.start, timedelta(seconds=1)).timestamp())
    return (CandleUpdate(candle.pair, str(candle.resolution), Bar(start, *prices, candle.volume)),)


def _read_result(result: shapes.BtcturkResult) -> tuple[Event]:
    return (Acknowledged(result.ok, result.message or ""),)


def _read_nothing(_body: object) -> tuple[Event, ...]:
    return ()


def _trade(trade: shapes.BtcturkTrade) -> VenueTrade:
    _require_usable((trade,))
    side = _SIDES.get(trade.side)
    if side is None:
        raise msgspec.ValidationError("side is neither 0 nor 1")
    return VenueTrade(str(trade.id), trade.price, trade.quantity, side, _time(trade.time, timedelta(milliseconds=1)))


def _time(stamp: int | str, unit: timedelta) -> datetime:
    """Returns the time of a stamp that counts `unit` since 1970. Raises `ValueError` or `OverflowError`."""
    return _EPOCH + int(stamp) * unit


def _require_usable(levels: Iterable[PriceLevel | LevelChange | shapes.BtcturkTrade]) -> None:
    """Raises `InvalidOperation` for a price or quantity that is not finite, or absurd."""
    for level in levels:
        if not (_LEAST <= level.price <= _MOST and _ZERO <= level.quantity <= _MOST):
            raise InvalidOperation


class _Reader(NamedTuple):
    """Reads the frames of one model: `kind` is their label, `decode` returns the body, `read` its events."""

    kind: str
    decode: Callable[[bytes], tuple[int, Any]]
    read: Callable[[Any], tuple[Event, ...]]


def _reader(model: int, body: Any, read: Callable[[Any], tuple[Event, ...]]) -> tuple[int, _Reader]:
    return model, _Reader(str(model), msgspec.json.Decoder(tuple[int, body]).decode, read)


_BY_MODEL = dict(
    (
        _reader(100, shapes.BtcturkResult, _read_result),
        _reader(401, shapes.BtcturkTickers, _read_tickers),
        _reader(402, shapes.BtcturkTicker, _read_ticker),
        _reader(421, shapes.BtcturkTradeList, _read_list),
        _reader(422, shapes.BtcturkSingleTrade, _read_single),
        _reader(428, shapes.BtcturkCandle, _read_candle),
        _reader(431, shapes.BtcturkSnapshot, _read_snapshot),
        _reader(432, shapes.BtcturkDiff, _read_diff),
        _reader(991, msgspec.Raw, _read_nothing),
    )
)
_READERS = {b"[%d," % model: reader for model, reader in _BY_MODEL.items()}
_OTHER = _Reader("other", _envelope, _read_nothing)


def _reader_of(frame: bytes) -> _Reader:
    """Returns the reader of a frame with an unusual beginning: the model may be unknown, or there may be blanks."""
    return _BY_MODEL.get(_envelope(frame)[0], _OTHER)
