"""BTCTurk's WebSocket frames: `parse` reads those that come in, `subscription` writes those that go out. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import InvalidOperation
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from marketdata.events import Frame, FrameClass, Ticker, Trades
from marketdata.listed import LeftOut
from marketdata.numbers import whole
from marketdata.venues.btcturk import oddframes, readings, shapes

SOURCE = "BTCTURK"
BookChannel = Literal["obdiff", "orderbook"]
"""obdiff: changes of a book with a sequence. orderbook: the whole book each time it changed."""
BOOK_CHANNELS: tuple[BookChannel, ...] = get_args(BookChannel)
CHANNELS = ("ticker", "trade", *BOOK_CHANNELS, "tradeview")
KINDS = ("100", "401", "402", "421", "422", "428", "431", "432", "991", "other", "unreadable")
REASONS = ("json", "shape", "field", "number", "time", "pair")
"""The reasons why a frame could not be used. The caller counts `pair`: a pair that was not subscribed to."""

_MODEL = re.compile(rb'\s*\[\s*"?\s*([\d.eE+-]{1,20})\s*"?\s*,')
_NAMES = {name: re.compile(rb'"%s"\s*:\s*"([^"]*)"' % name) for name in (b"channel", b"event")}


def subscription(channel: str, event: str, *, join: bool) -> str:
    """Returns the frame that joins or leaves one stream: one channel and one event, pairs in upper case."""
    body = {"type": 151, "channel": channel, "event": event, "join": join}
    return msgspec.json.encode([151, body]).decode()


def parse(frame: bytes) -> Frame:
    """Returns the events of a frame.

    Never raises: an unreadable frame is an `Unreadable` event with one of `REASONS`. A frame is first read as the venue
    usually writes it, which is quick; only one that does not fit is read value by value.
    """
    try:
        decode, read = _READERS.get(frame[:5]) or _reader_of(frame)
        return read(decode(frame)[1])
    except (msgspec.DecodeError, InvalidOperation, ValueError, OverflowError, RecursionError):
        return oddframes.parse(frame)


_CLASSES: dict[int, FrameClass] = {
    401: "coalesce",
    402: "coalesce",
    428: "coalesce",
    421: "keep",
    422: "keep",
    431: "sequence",
    432: "sequence",
}
_USUAL = {b"[%d," % model: treated for model, treated in _CLASSES.items()}


def classify(frame: bytes) -> tuple[FrameClass, str]:
    """Returns how a full inbox may treat a frame (see `link.inbox`), and the frame's stream as `channel:event`.

    Reads only the first bytes and two names, so that the socket's reader can afford it. Never raises. The stream is
    empty when a name is not found.
    """
    found = _USUAL.get(frame[:5]) or _class_of(frame)
    if found == "plain":
        return found, ""
    channel, event = _name(frame, b"channel", b'"channel":"'), _name(frame, b"event", b'"event":"')
    if not (channel and event):
        return found, ""
    return "coalesce" if channel == "orderbook" else found, f"{channel}:{event}"


def _class_of(frame: bytes) -> FrameClass:
    """Returns the treatment of a frame with an unusual beginning."""
    model = _MODEL.match(frame)
    try:
        return _CLASSES.get(whole(model[1].decode()), "plain") if model else "plain"
    except ValueError:
        return "plain"


def _name(frame: bytes, name: bytes, mark: bytes) -> str:
    """Returns the text behind a mark. It searches from the end, where the venue writes such marks."""
    start = frame.rfind(mark) + len(mark)
    end = frame.find(b'"', start) if start >= len(mark) else -1
    if end >= 0:
        return frame[start:end].decode("ascii", "replace")
    found = _NAMES[name].search(frame)
    return found[1].decode("ascii", "replace") if found else ""


_envelope = msgspec.json.Decoder(tuple[int, msgspec.Raw], strict=False).decode
_one_ticker = msgspec.json.Decoder(shapes.BtcturkTicker).decode


def _read_snapshot(book: shapes.BtcturkSnapshot) -> Frame:
    readings.require_usable(book.asks + book.bids)
    readings.require_one_pair(book)
    return Frame("431", (book,))


def _read_diff(diff: shapes.BtcturkDiff) -> Frame:
    readings.require_usable(diff.asks + diff.bids)
    return Frame("432", (diff,))


def _read_ticker(ticker: shapes.BtcturkTicker) -> Frame:
    return Frame("402", (readings.ticker(ticker),))


def _read_tickers(tickers: shapes.BtcturkTickers) -> Frame:
    """Reads the ticker of each pair by itself. One that can't be read is left out."""
    found: list[Ticker] = []
    left_out: list[LeftOut] = []
    for place, item in enumerate(tickers.items):
        try:
            found.append(readings.ticker(_one_ticker(item)))
        except (msgspec.ValidationError, InvalidOperation):
            odd = oddframes.one_ticker(bytes(item), place)
            found += odd.rows
            left_out += odd.left_out
    return Frame("401", tuple(found), tuple(left_out))


def _read_single(trade: shapes.BtcturkSingleTrade) -> Frame:
    return Frame("422", (Trades(trade.pair, (readings.trade(trade),), replay=False),))


def _read_list(listed: shapes.BtcturkTradeList) -> Frame:
    return Frame("421", (Trades(listed.pair, tuple(map(readings.trade, listed.items)), replay=True),))


def _read_candle(candle: shapes.BtcturkCandle) -> Frame:
    return Frame("428", (readings.candle(candle),))


def _read_result(result: shapes.BtcturkResult) -> Frame:
    return Frame("100", (readings.acknowledged(result),))


class _Reader(NamedTuple):
    """Reads the frames of one model: `decode` returns the body, `read` its events."""

    decode: Callable[[bytes], tuple[int, Any]]
    read: Callable[[Any], Frame]


def _reader(model: int, body: Any, read: Callable[[Any], Frame]) -> tuple[int, _Reader]:
    return model, _Reader(msgspec.json.Decoder(tuple[int, body]).decode, read)


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
        _reader(991, msgspec.Raw, lambda _body: Frame("991")),
    )
)
_READERS = {b"[%d," % model: reader for model, reader in _BY_MODEL.items()}
_OTHER = _Reader(_envelope, lambda _body: Frame("other"))


def _reader_of(frame: bytes) -> _Reader:
    """Returns the reader of a frame with an unusual beginning: the model may be unknown, or there may be blanks."""
    return _BY_MODEL.get(_envelope(frame)[0], _OTHER)
