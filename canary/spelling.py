"""JSON files read in the one spelling that their writer gives them (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from common import wire
from common.errors import InvalidRequest

T = TypeVar("T")


class SpellingError(ValueError):
    """The bytes are not those that the writer of this form gives. The message says where they differ."""


def read_spelled(kind: type[T], content: bytes, write: Callable[[T], bytes]) -> T:
    """Returns the value of which `write` makes exactly these bytes.

    Raises SpellingError for any other bytes: unknown fields, a field that comes twice, other spaces, other numbers.
    """
    try:
        value = wire.decode(kind, content)
    except InvalidRequest as error:
        raise SpellingError(error.message) from error
    again = write(value)
    if again != content:
        raise SpellingError(_difference(content, again))
    return value


def _difference(content: bytes, again: bytes) -> str:
    unknown = _unknown(msgspec.json.decode(content), msgspec.json.decode(again), "")
    if unknown is not None:
        return f"unknown field {unknown!r:.120}"
    pairs = enumerate(zip(content, again, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), min(len(content), len(again)))
    return f"it is spelled in another way than it was written, at byte {place}"


def _unknown(found: object, known: object, path: str) -> str | None:
    """Returns the path of the first field that `found` has and `known` has not; None when there is none."""
    if isinstance(found, dict) and isinstance(known, dict):
        for name, value in found.items():
            if name not in known:
                return f"{path}{name}"
            if (deeper := _unknown(value, known[name], f"{path}{name}.")) is not None:
                return deeper
    if isinstance(found, list) and isinstance(known, list):
        for number, (one, other) in enumerate(zip(found, known, strict=False)):
            if (deeper := _unknown(one, other, f"{path}{number}.")) is not None:
                return deeper
    return None
