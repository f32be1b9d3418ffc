"""AlgoLab's WebSocket frames: `parse` reads those that come in, the others write those that go out. Pure.

Source: the broker's public document 1.0.5. Keys come in any case; there are no sequence numbers and no trade ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from common.wire import Side
from marketdata import lenient
from marketdata.events import (
    BookRow,
    Equilibrium,
    Event,
    Frame,
    FrameClass,
    Ticker,
    Top,
    Trades,
    Unreadable,
    VenueTrade,
)
from marketdata.state.rowbook import MOST_ROWS
from marketdata.venues.algolab import shapes

SOURCE = "BIST"
KINDS = ("T", "D", "O", "other", "unreadable")
REASONS = ("json", "shape", "field", "number", "time", "side", "pair")
"""The reasons why a frame, or the trade in it, could not be used. side: no aggressor is told. The caller counts `pair`:
a symbol that was not subscribed to."""

_MOST = Decimal("1e15")
_FINEST = -8
_SIDES: dict[str, Side] = {"B": "buy", "S": "sell", "BUY": "buy", "SELL": "sell"}
_TYPE = re.compile(rb'"type"\s*:\s*"([^"]*)"', re.IGNORECASE)
_ROW_KEY = re.compile(rb'"(symbol|direction|row)"\s*:\s*"?([^",}\s]*)', re.IGNORECASE)
_NOTHING_TRADED = re.compile(rb'"tradequantity"\s*:\s*("?\s*0(\.0*)?(e[+-]?\d+)?\s*"?|null)\s*[,}]', re.IGNORECASE)


def subscription(kind: Literal["T", "D"], token: str, symbols: Sequence[str]) -> str:
    """Returns the frame that asks for ticks (T) or depth (D) of symbols. `token` is the session's hash."""
    return msgspec.json.encode({"Type": kind, "Token": token, "Symbols": list(symbols)}).decode()


def heartbeat(token: str) -> str:
    """Returns the frame that keeps a subscription alive."""
    return msgspec.json.encode({"Type": "H", "Token": token}).decode()


def classify(frame: bytes) -> tuple[FrameClass, str]:
    """Returns how a full inbox may treat a frame (see `link.inbox`), and the key under which a newer one replaces it.

    Trades are kept. A row replaces the same row of its book, a tick without a trade the one before of its symbol.
    """
    kind = _TYPE.search(frame)
    name = kind[1].upper() if kind else b""
    if name not in (b"T", b"D"):
        return "plain", ""
    if name == b"T" and not _NOTHING_TRADED.search(frame):
        return "keep", ""
    found = {key.lower(): value for key, value in _ROW_KEY.findall(frame)}
    if name == b"T":
        return "coalesce", f"T {found.get(b'symbol', b'')!r}"
    return "coalesce", "D {!r} {!r} {!r}".format(*(found.get(key, b"") for key in (b"symbol", b"direction", b"row")))


def parse(frame: bytes) -> Frame:
    """Returns the events of a frame. Never raises: an unreadable frame is an `Unreadable` event with one of `REASONS`.

    A trade's id is made of its second, price, quantity and side. Another trade may share all of these, so the caller
    numbers them. A price of 0 is no price. News of own orders (O) is of no interest.
    """
    return lenient.read_frame(frame, _envelope, _content)


def _envelope(frame: bytes) -> shapes.Envelope:
    return msgspec.convert(_DECODER.decode(frame.decode()), shapes.Envelope)


def _content(envelope: shapes.Envelope) -> Frame:
    kind = envelope.type.upper()
    reader = _READERS.get(kind)
    if reader is None:
        return Frame("O" if kind == "O" else "other")
    return Frame(kind, reader(envelope.content))


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.lower(): value for key, value in pairs}


_DECODER = json.JSONDecoder(object_pairs_hook=_folded, parse_float=lenient.number, parse_constant=lenient.number)


def _converted(content: dict[str, Any] | None, kind: Any) -> Any:
    """Returns a content as `kind`: as the venue usually writes it, else value by value."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError:
        return lenient.converted(lenient.plain(content), kind)


def _read_tick(content: dict[str, Any] | None) -> tuple[Event, ...]:
    tick: shapes.Tick = _converted(content, shapes.Tick)
    change = tick.changepercentage
    _require_usable(
        *(tick.price, tick.bid, tick.ask, tick.refprice, tick.tradequantity, tick.balanceprice, tick.balanceamount),
        None if change is None else abs(change),
    )
    at = _time(tick.date)
    events: list[Event] = []
    if tick.price:
        told = tick.bid is not None and tick.ask is not None
        best = Top(bid=tick.bid or None, ask=tick.ask or None) if told else None
        reference = tick.refprice or None
        events.append(Ticker(tick.symbol, tick.price, change, best=best, reference=reference, venue_time=at))
    if tick.price and tick.tradequantity:
        side = _SIDES.get((tick.direction or "").strip().upper())
        events.append(_trades(tick, tick.price, tick.tradequantity, side) if side else Unreadable("side"))
    price, quantity = (tick.balanceprice, tick.balanceamount) if tick.balanceprice else (None, None)
    events.append(Equilibrium(tick.symbol, price, quantity, at))
    return tuple(events)


def _read_row(content: dict[str, Any] | None) -> tuple[Event, ...]:
    row: shapes.Row = _converted(content, shapes.Row)
    _require_usable(row.price, row.quantity)
    if not 0 <= row.row < MOST_ROWS:
        raise msgspec.ValidationError("a book has rows 0 to 9")
    price, quantity = (row.price or Decimal(0)), (row.quantity or Decimal(0))
    return (BookRow(row.symbol, _side(row.direction), row.row, price, quantity if price else price, _time(row.date)),)


def _trades(tick: shapes.Tick, price: Decimal, quantity: Decimal, side: Side) -> Trades:
    at = _time(tick.date)
    identity = f"{int(at.timestamp())}-{price.normalize():f}-{quantity.normalize():f}-{side}"
    return Trades(tick.symbol, (VenueTrade(identity, price, quantity, side, at),), replay=False)


def _side(direction: str) -> Side:
    side = _SIDES.get(direction.strip().upper())
    if side is None:
        raise msgspec.ValidationError("direction is neither B nor S")
    return side


def _time(text: str) -> datetime:
    """Returns the time in UTC. Raises `ValueError` for a text that is no time, or has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


def _require_usable(*numbers: Decimal | None) -> None:
    """Raises `InvalidOperation` for a number that is not finite, negative, absurdly large or absurdly fine."""
    for number in numbers:
        if number is None:
            continue
        if not 0 <= number <= _MOST or (number and number.adjusted() < _FINEST):
            raise InvalidOperation


_READERS: dict[str, Callable[[dict[str, Any] | None], tuple[Event, ...]]] = {"T": _read_tick, "D": _read_row}
