"""AlgoLab's WebSocket frames: `parse` reads those that come in, the others write those that go out. Pure.

Source: the broker's public document 1.0.5. Keys come in any case; there are no sequence numbers and no trade ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from marketdata import lenient
from marketdata.events import (
    BookRow,
    Equilibrium,
    Event,
    Frame,
    FrameClass,
    Loss,
    Ticker,
    Top,
    Trades,
    Unreadable,
    VenueTrade,
)
from marketdata.state.rowbook import MOST_ROWS
from marketdata.venues.algolab import readings, shapes

SOURCE = "BIST"
KINDS = ("T", "D", "O", "other", "unreadable")
REASONS = ("json", "shape", "field", "number", "time", "side", "pair")
"""The reasons why a frame, or the trade in it, could not be used. side: no aggressor is told. The caller counts `pair`:
a symbol that was not subscribed to."""
ODDITIES = ("row_beyond",)
"""The harmless oddities of frames. row_beyond: a row further down than a book has any."""

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
    """Returns the events of a frame. Never raises: what can't be read is an `Unreadable` event with one of `REASONS`.

    A field that can't be read costs no other. A trade's id is made of its second, price, quantity and side. Another
    trade may share all of these, so the caller numbers them. A price of 0 is no price. News of own orders (O) is of no
    interest.
    """
    try:
        envelope: shapes.Envelope = msgspec.convert(_DECODER.decode(frame.decode()), shapes.Envelope)
    except msgspec.ValidationError:
        return _unreadable("shape", frame)
    except (ValueError, RecursionError):
        return _unreadable("json", frame)
    kind = envelope.type.strip().upper()
    reader = _READERS.get(kind)
    if reader is None:
        return Frame("O" if kind == "O" else "other")
    try:
        return reader(envelope.content)
    except msgspec.ValidationError:
        return _unreadable("field", frame)
    except InvalidOperation:
        return _unreadable("number", frame)


def _unreadable(reason: str, frame: bytes) -> Frame:
    """Returns what an unreadable frame may have lost, as far as its bytes show it: half a frame is one too."""
    kind, found = _TYPE.search(frame), {key.lower(): value for key, value in _ROW_KEY.findall(frame)}
    if kind is None:
        loses: Loss = "any" if reason == "json" and frame.lstrip()[:1] == b"{" else ""
    else:
        loses = _LOSSES.get(kind[1].strip().upper(), "")
    pair = found.get(b"symbol", b"").decode(errors="replace") if loses else ""
    return Frame("unreadable", (Unreadable(reason, loses, pair),))


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.lower(): value for key, value in pairs}


_DECODER = json.JSONDecoder(object_pairs_hook=_folded, parse_float=lenient.number, parse_constant=lenient.number)


def _read_tick(content: dict[str, Any] | None) -> Frame:
    tick, unread = readings.tick(content)
    pair, failures = tick.symbol.strip(), [*unread.values()]
    at = _time(tick.date, failures)
    events: list[Event] = []
    told = tick.bid is not None and tick.ask is not None
    best = Top(bid=tick.bid or None, ask=tick.ask or None) if told else None
    if tick.price or (best is not None and (best.bid or best.ask)):
        events.append(
            Ticker(
                pair,
                tick.price or None,
                tick.changepercentage,
                best=best,
                reference=tick.refprice or None,
                venue_time=at,
            )
        )
    trade = _trade(tick, unread, at)
    if isinstance(trade, VenueTrade):
        events.append(Trades(pair, (trade,), replay=False))
    elif trade is not None:
        events.append(Unreadable(trade, "trade", pair, at))
    if tick.balanceprice is not None:
        price, quantity = (tick.balanceprice, tick.balanceamount) if tick.balanceprice else (None, None)
        events.append(Equilibrium(pair, price, quantity, at))
    usable = any(not isinstance(event, Unreadable) for event in events)
    failed = [Unreadable(failure) for failure in dict.fromkeys(failures) if failure != trade]
    return Frame("unreadable" if failures and not usable else "T", (*events, *failed))


def _trade(tick: shapes.Tick, unread: Mapping[str, str], at: datetime | None) -> VenueTrade | str | None:
    """Returns the trade that a tick tells, the reason why it can't be used, or None when there is none."""
    lost = unread.get("price") or unread.get("tradequantity")
    if lost is not None and (tick.tradequantity or "tradequantity" in unread):
        return lost
    if not tick.tradequantity or not tick.price:
        return None
    side = readings.side(tick.direction)
    if at is None or side is None:
        return "time" if at is None else "side"
    price, quantity = tick.price, tick.tradequantity
    identity = f"{int(at.timestamp())}-{price.normalize():f}-{quantity.normalize():f}-{side}"
    return VenueTrade(identity, price, quantity, side, at)


def _read_row(content: dict[str, Any] | None) -> Frame:
    row = readings.row(content)
    failures: list[str] = []
    if row.row >= MOST_ROWS:
        return Frame("D", oddities=("row_beyond",))
    side = readings.side(row.direction)
    if side is None or row.row < 0:
        raise msgspec.ValidationError("it is no row of a side")
    at, price = _time(row.date, failures), row.price or Decimal(0)
    quantity = (row.quantity or Decimal(0)) if price else price
    read = BookRow(row.symbol.strip(), side, row.row, price, quantity, at)
    return Frame("D", (read, *(Unreadable(failure) for failure in failures)))


def _time(value: Any, failures: list[str]) -> datetime | None:
    """Returns the time; None, and adds to the failures, where it can't be read."""
    try:
        return readings.time(value)
    except (ValueError, OverflowError, OSError):
        failures.append("time")
        return None


_READERS: dict[str, Callable[[dict[str, Any] | None], Frame]] = {"T": _read_tick, "D": _read_row}
_LOSSES: dict[bytes, Loss] = {b"T": "trade", b"D": "row"}
