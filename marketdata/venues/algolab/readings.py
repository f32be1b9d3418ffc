"""Reads the fields of AlgoLab's ticks and rows one by one: one that can't be read costs no other. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from common.bist.rules import ISTANBUL
from common.wire import Side
from marketdata import lenient
from marketdata.venues.algolab import shapes

MOST = Decimal("1e15")
FINEST = -8
FIRST_YEAR, LAST_YEAR = 2000, 2199
MILLISECONDS = 10**11
"""A number of a time that is larger counts milliseconds, a smaller one seconds."""
NOTHING = "-"
"""A text that stands for no number."""
_SIDES: dict[str, Side] = {"B": "buy", "S": "sell", "BUY": "buy", "SELL": "sell"}
_SIGNED = "changepercentage"
_NUMBERS = tuple(name for name in shapes.Tick.__struct_fields__ if name not in ("symbol", "date", "direction"))
_EPOCH = re.compile(r"(?:/Date\()?(\d{9,14})(?:[+-]\d{4})?(?:\)/)?")
_TURKISH = "%d.%m.%Y %H:%M:%S"


class ReadTick(NamedTuple):
    """A tick whose fields were read one by one.

    tick: the tick; a field that can't be read is None, as one that is not told.
    unread: the fields that can't be read, each with the reason.
    """

    tick: shapes.Tick
    unread: Mapping[str, str]


def tick(content: dict[str, Any] | None) -> ReadTick:
    """Returns a tick. Raises `msgspec.ValidationError` for one that names no symbol."""
    try:
        whole = msgspec.convert(content, shapes.Tick)
        require_usable(*(getattr(whole, name) for name in _NUMBERS if name != _SIGNED), _size(whole.changepercentage))
    except (msgspec.ValidationError, InvalidOperation):
        return _by_field(lenient.mapping(content))
    return ReadTick(whole, {})


def row(content: dict[str, Any] | None) -> shapes.Row:
    """Returns a row. Raises `msgspec.ValidationError` or `InvalidOperation`: no field of it can be done without."""
    try:
        found = msgspec.convert(content, shapes.Row)
    except msgspec.ValidationError:
        found = lenient.converted(lenient.plain(content), shapes.Row)
    require_usable(found.price, found.quantity)
    return found


def side(direction: str | None) -> Side | None:
    """Returns the side; None for one that is not told or not known."""
    return _SIDES.get((direction or "").strip().upper())


def time(value: Any) -> datetime:
    """Returns the time in UTC: of a text, which is one of Istanbul when it names no zone, or of a number of seconds or
    milliseconds. Raises `ValueError`."""
    text = str(value).strip()
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        number = int(epoch[1])
        at = datetime.fromtimestamp(number / 1000 if number > MILLISECONDS else number, UTC)
    elif ":" in text:
        at = _of_text(text)
    else:
        raise ValueError("it is no time")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError("a time of no market")
    return (at if at.tzinfo is not None else at.replace(tzinfo=ISTANBUL)).astimezone(UTC)


def require_usable(*numbers: Decimal | None) -> None:
    """Raises `InvalidOperation` for a number that is not finite, negative, absurdly large or absurdly fine."""
    for number in numbers:
        if number is None:
            continue
        if not 0 <= number <= MOST or (number and number.adjusted() < FINEST):
            raise InvalidOperation


def _of_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.strptime(text, _TURKISH).replace(tzinfo=ISTANBUL)


def _by_field(content: Mapping[str, Any]) -> ReadTick:
    symbol, direction = content.get("symbol"), content.get("direction")
    if not isinstance(symbol, str) or not symbol.strip():
        raise msgspec.ValidationError("it names no symbol")
    found, unread = (
        shapes.Tick(symbol, content.get("date"), direction=direction if type(direction) is str else None),
        {},
    )
    for name in _NUMBERS:
        try:
            setattr(found, name, _number(content.get(name), signed=name == _SIGNED))
        except msgspec.ValidationError:
            unread[name] = "field"
        except InvalidOperation:
            unread[name] = "number"
    return ReadTick(found, unread)


def _number(value: Any, *, signed: bool) -> Decimal | None:
    plain = lenient.plain(value)
    if plain is None or plain == NOTHING:
        return None
    if isinstance(plain, bool):
        raise msgspec.ValidationError("it is no number")
    number: Decimal = lenient.converted(plain, Decimal)
    require_usable(_size(number) if signed else number)
    return number


def _size(number: Decimal | None) -> Decimal | None:
    return None if number is None else abs(number)
