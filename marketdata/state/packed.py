"""Bars as rows of bytes: exact, and in a tenth of the memory that objects take. Pure."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Iterator, MutableMapping
from decimal import Decimal
from struct import Struct
from typing import Any, TypeVar

from marketdata.events import Bar
from marketdata.state.bars import GrowingBar, Order, microseconds, moment
from marketdata.state.kept import KeptBar

MOST_DIGITS, MOST_NAME = 18, 20
"""The longest number and the longest trade id that a row holds. 18 digits always fit into 64 bits."""

T = TypeVar("T")

_BAR = "<qbqbqbqbqb"
"""The digits of open, high, low, close and volume as whole numbers, each with the power of ten that it counts."""
_ORDERS = f"q{MOST_NAME}sq{MOST_NAME}s"
"""When the earliest and the latest trade were made, in microseconds, each with its id."""
_POWERS = {exponent: Decimal(1).scaleb(exponent) for exponent in range(-128, 128)}
_Fields = tuple[Any, ...]


class Packed(MutableMapping[int, T]):
    """Bars by their start, in the order of time. What is taken out is a copy: only setting it changes what is held.

    The bar that was set last stays an object until another one is set, as it is the likeliest to be set again. So does
    a bar that fits no row.
    """

    _layout: Struct

    def __init__(self) -> None:
        self._starts, self._rows = array("q"), bytearray()
        self._objects: dict[int, T] = {}
        self._last: int | None = None

    @abstractmethod
    def _packed(self, value: T) -> _Fields | None:
        """Returns the fields of a row; None when the value fits none."""

    @abstractmethod
    def _unpacked(self, start: int, fields: _Fields) -> T:
        """Returns the value of a row's fields."""

    @abstractmethod
    def _bar(self, value: T) -> Bar:
        """Returns the bar alone."""

    def newest(self, count: int) -> list[int]:
        """Returns the starts of the newest bars, oldest first."""
        return sorted([*self._starts[-count:], *self._objects])[-count:]

    def between(self, since: float, until: float) -> dict[int, Bar]:
        """Returns the bars that begin between two times, by their start."""
        low, high = bisect_left(self._starts, since), bisect_left(self._starts, until)
        rows = self._layout.iter_unpack(self._rows[low * self._layout.size : high * self._layout.size])
        found = {start: _bar(start, fields) for start, fields in zip(self._starts[low:high], rows, strict=True)}
        return found | {start: self._bar(value) for start, value in self._objects.items() if since <= start < until}

    def __getitem__(self, start: int) -> T:
        if start in self._objects:
            return self._objects[start]
        place = self._place(start)
        if place is None:
            raise KeyError(start)
        return self._unpacked(start, self._layout.unpack_from(self._rows, place * self._layout.size))

    def __setitem__(self, start: int, bar: T) -> None:
        if start != self._last:
            self._pack_last()
            self._drop_row(start)
            self._last = start
        self._objects[start] = bar

    def __delitem__(self, start: int) -> None:
        if not self._drop_row(start):
            del self._objects[start]

    def __contains__(self, start: object) -> bool:
        return start in self._objects or (isinstance(start, int) and self._place(start) is not None)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted([*self._starts, *self._objects]))

    def __len__(self) -> int:
        return len(self._starts) + len(self._objects)

    def _pack_last(self) -> None:
        start = self._last
        if start is None or start not in self._objects:
            return
        fields = self._packed(self._objects[start])
        if fields is not None:
            place = bisect_left(self._starts, start)
            at = place * self._layout.size
            self._starts.insert(place, start)
            self._rows[at:at] = self._layout.pack(*fields)
            del self._objects[start]

    def _place(self, start: int) -> int | None:
        place = bisect_left(self._starts, start)
        return place if place < len(self._starts) and self._starts[place] == start else None

    def _drop_row(self, start: int) -> bool:
        place = self._place(start)
        if place is None:
            return False
        del self._starts[place]
        del self._rows[place * self._layout.size : (place + 1) * self._layout.size]
        return True


class PackedBars(Packed[Bar]):
    """Bars that a venue told."""

    _layout = Struct(_BAR)

    def _packed(self, value: Bar) -> _Fields | None:
        return _fields(value)

    def _unpacked(self, start: int, fields: _Fields) -> Bar:
        return _bar(start, fields)

    def _bar(self, value: Bar) -> Bar:
        return value


class PackedSums(Packed[KeptBar]):
    """Bars that were made of shorter ones; no trade of theirs is known by its place."""

    _layout = Struct(_BAR + "?")

    def _packed(self, value: KeptBar) -> _Fields | None:
        fields = _fields(value.bar)
        return None if fields is None else (*fields, value.complete)

    def _unpacked(self, start: int, fields: _Fields) -> KeptBar:
        return KeptBar(_bar(start, fields), fields[-1])

    def _bar(self, value: KeptBar) -> Bar:
        return value.bar


class PackedMinutes(Packed[GrowingBar]):
    """Bars that were made of trades."""

    _layout = Struct(_BAR + _ORDERS)

    def _packed(self, value: GrowingBar) -> _Fields | None:
        fields, first, last = _fields(value.bar), _name(value.first), _name(value.last)
        if fields is None or first is None or last is None:
            return None
        return (*fields, microseconds(value.first[0]), first, microseconds(value.last[0]), last)

    def _unpacked(self, start: int, fields: _Fields) -> GrowingBar:
        first_at, first, last_at, last = fields[-4:]
        return GrowingBar(_bar(start, fields), _order(first_at, first), _order(last_at, last))

    def _bar(self, value: GrowingBar) -> Bar:
        return value.bar


def _fields(bar: Bar) -> _Fields | None:
    fields: list[int] = []
    for number in bar[1:]:
        sign, digits, exponent = number.as_tuple()
        if sign or len(digits) > MOST_DIGITS or exponent not in _POWERS:
            return None
        fields += int(number.scaleb(-int(exponent))), int(exponent)
    return tuple(fields)


def _bar(start: int, fields: _Fields) -> Bar:
    opened, o, high, h, low, w, close, c, volume, v = fields[:10]
    powers = _POWERS
    return Bar(
        start,
        Decimal(opened) * powers[o],
        Decimal(high) * powers[h],
        Decimal(low) * powers[w],
        Decimal(close) * powers[c],
        Decimal(volume) * powers[v],
    )


def _name(order: Order) -> bytes | None:
    """Returns the trade's id as it stands in a row; None for one that is too long, or that a row would change."""
    name = order[2]
    return name.encode() if len(name) <= MOST_NAME and name.isascii() and "\0" not in name else None


def _order(at: int, name: bytes) -> Order:
    trade_id = name.rstrip(b"\0").decode()
    return moment(at), len(trade_id), trade_id
