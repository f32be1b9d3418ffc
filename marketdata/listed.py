"""Lists that venues send, read row by row: a row that can't be used is left out and named, the others stand. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import DecimalException
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")

_LONGEST_NAME, _LONGEST_REASON = 40, 120


class LeftOut(NamedTuple):
    """A row that was left out.

    of: the name of its list, under which it is counted.
    row: a short name of the row.
    reason: the words why it can't be used.
    """

    of: str
    row: str
    reason: str


class BadRow(Exception):
    """A row that can be read and not be used. The message says why."""


class Listed(NamedTuple, Generic[T]):
    """The rows of a list.

    rows: the rows that can be used.
    left_out: the others.
    """

    rows: tuple[T, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def spoilt(self) -> bool:
        """True when rows came and none can be used: the list itself is then unusable."""
        return bool(self.left_out) and not self.rows


def each(items: Iterable[Any], read: Callable[[Any], T | None], of: str, key: str = "", *, first: int = 0) -> Listed[T]:
    """Reads each item by itself. `key` is the field that names a row; without it, its place does, counted from `first`.

    `read` returns None for a row that says nothing, such as an amount of 0, and raises for one that can't be used.
    """
    rows: list[T] = []
    left_out: list[LeftOut] = []
    for place, item in enumerate(items, first):
        try:
            row = read(item)
        except (msgspec.ValidationError, DecimalException, ValueError, OverflowError, OSError, BadRow) as error:
            left_out.append(LeftOut(of, _name(item, place, key), _reason(error)))
        else:
            rows += [row] if row is not None else []
    return Listed(tuple(rows), tuple(left_out))


def _name(item: Any, place: int, key: str) -> str:
    named = item.get(key) if isinstance(item, dict) else None
    return str(named)[:_LONGEST_NAME] if isinstance(named, str | int) else f"row {place}"


def _reason(error: Exception) -> str:
    return "a number that can't be" if isinstance(error, DecimalException) else str(error)[:_LONGEST_REASON]
