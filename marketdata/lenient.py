"""Reads JSON whose values are right and written in another form than usual, such as a number as a text. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from marketdata.events import Frame, Unreadable
from marketdata.numbers import is_whole

E = TypeVar("E")


def loads(data: bytes, *, fold: bool = False) -> Any:
    """Returns the value of a JSON text in its plainest form (see `plain`). With `fold`, keys are in small letters.

    Raises `ValueError` or `RecursionError`.
    """
    value = (_FOLDING if fold else _DECODER).decode(data.decode())
    return plain(value)


def plain(value: Any) -> Any:
    """Returns a JSON value with whole numbers as `int`, other numbers as `Decimal`, texts without blanks around them,
    and None for an empty text."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Decimal):
        return int(value) if is_whole(value) else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def converted(value: Any, kind: Any) -> Any:
    """Returns a plain value as `kind`, which msgspec reads. Texts may stand for numbers, and 1 or a text for true.

    Raises `msgspec.ValidationError`.
    """
    return msgspec.convert(value, kind, strict=False)


def read_frame(frame: bytes, envelope: Callable[[bytes], E], read: Callable[[E], Frame]) -> Frame:
    """Returns what `read` makes of what `envelope` finds in a frame.

    Never raises: an unreadable frame is an `Unreadable` event with its reason.
    """
    try:
        found = envelope(frame)
    except msgspec.ValidationError:
        return _unreadable("shape")
    except (ValueError, RecursionError):
        return _unreadable("json")
    try:
        return read(found)
    except msgspec.ValidationError:
        return _unreadable("field")
    except InvalidOperation:
        return _unreadable("number")
    except (ValueError, OverflowError):
        return _unreadable("time")


def _unreadable(reason: str) -> Frame:
    return Frame("unreadable", (Unreadable(reason),))


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a value that has to be an object. Raises `msgspec.ValidationError` for any other."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError("it is no object")
    return value


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.lower(): value for key, value in pairs}


def number(text: str) -> Decimal:
    """Returns a number of a JSON text; NaN for one that is none, which costs only the field that it is in."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


_DECODER = json.JSONDecoder(parse_float=number, parse_constant=number)
_FOLDING = json.JSONDecoder(object_pairs_hook=_folded, parse_float=number, parse_constant=number)
