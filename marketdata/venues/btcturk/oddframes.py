"""Reads the BTCTurk frames that are not written as usual: value by value, and row by row. Pure.

A frame comes here after its quick reading failed. Zero levels and trades are no levels and no trades. A row that can't
be read is left out, but for a change of a book: without it the book would be wrong from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from marketdata.events import (
    ChangeKind,
    Event,
    Frame,
    LevelChange,
    PriceLevel,
    Ticker,
    Trades,
    Unreadable,
    VenueTrade,
)
from marketdata.lenient import converted, folded_names, loads, mapping
from marketdata.listed import LeftOut, Listed, each
from marketdata.venues.btcturk import readings, shapes
from marketdata.venues.btcturk.readings import number_of

LISTS = ("401", "402", "421", "422", "428", "431")
"""The models of frames in which a row, a field, or the one thing that they tell, may be left out."""
ODDITIES = ("null_side", "zero_level", "zero_trade")

_TICKER_FIELDS = dict.fromkeys(("LA", "La", "B", "BA", "A", "AA"), readings.ZERO) | {"DP": -readings.MOST}
"""The numbers of a ticker, each with the least that it can be."""
_NAMES = folded_names(
    *("channel", "event", "ok", "message", "symbol", "items"),
    *("PS", "CS", "AO", "BO", "CP", "LA", "DP", "BA", "AA"),
    *"PABDISROHLCV",
)


class _Head(msgspec.Struct, rename={"pair": "PS", "sequence": "CS"}):
    """The fields of a 431 or 432 beside its levels.

    pair: the pair.
    sequence: the number of its version.
    channel, event: the stream that it came on; empty where it is not told.
    """

    pair: str
    sequence: int
    channel: str = ""
    event: str = ""


class _Change(msgspec.Struct, rename={"kind": "CP", "price": "P", "quantity": "A"}):
    """A change whose quantity may be missing.

    kind: the venue's code.
    price: the level's price.
    quantity: the new quantity; of no meaning for a deleted level.
    """

    kind: int
    price: Decimal
    quantity: Any = None


def parse(frame: bytes) -> Frame:
    """Returns the events of a frame. Never raises: an unreadable frame is an `Unreadable` event with its reason."""
    try:
        model, body = _envelope(loads(frame, names=_NAMES))
    except msgspec.ValidationError:
        return _unreadable("shape")
    except (ValueError, RecursionError):
        return _unreadable("json")
    read = _READERS.get(model)
    try:
        return Frame(str(model), *read(mapping(body))) if read else Frame("other")
    except msgspec.ValidationError:
        return _unreadable("field")
    except InvalidOperation:
        return _unreadable("number")
    except (ValueError, OverflowError):
        return _unreadable("time")


def one_ticker(item: bytes, place: int) -> Listed[Ticker]:
    """Returns the ticker of one pair, the item of a 401 at that place."""
    try:
        told = loads(item, names=_NAMES)
    except (ValueError, RecursionError) as error:
        return Listed((), (LeftOut("401", f"row {place}", str(error)),))
    fields: list[LeftOut] = []
    found = each((told,), lambda one: _ticker(one, fields, "401"), "401", "PS", first=place)
    return Listed(found.rows, (*found.left_out, *fields))


def _envelope(value: Any) -> tuple[int, Any]:
    if not isinstance(value, list) or len(value) < 2:  # what is behind the two parts is nothing that we know
        raise msgspec.ValidationError("a frame has two parts")
    return converted(value[0], int), value[1]


def _unreadable(reason: str) -> Frame:
    return Frame("unreadable", (Unreadable(reason),))


_Read = tuple[tuple[Event, ...], tuple[LeftOut, ...], tuple[str, ...]]
"""Events, rows left out, oddities."""


def _read_snapshot(body: Any) -> _Read:
    head, odd = converted(body, _Head), _Oddities()
    asks, bids = (each(side, odd.level, "431", "P") for side in _sides(body, odd))
    if asks.spoilt or bids.spoilt:
        raise msgspec.ValidationError("no level of a side can be read")
    book = shapes.BtcturkSnapshot(head.pair, head.channel, head.sequence, asks.rows, bids.rows, head.event)
    readings.require_one_pair(book)
    return (book,), (*asks.left_out, *bids.left_out), tuple(odd.kinds)


def _read_diff(body: Any) -> _Read:
    head, odd = converted(body, _Head), _Oddities()
    asks, bids = (tuple(filter(None, map(odd.change, side))) for side in _sides(body, odd))
    return (shapes.BtcturkDiff(head.pair, head.channel, head.sequence, asks, bids),), (), tuple(odd.kinds)


def _sides(body: Any, odd: _Oddities) -> tuple[list[Any], list[Any]]:
    """Returns asks and bids. A side that is null or missing is empty, unless both are missing: then it is no book."""
    if "AO" not in body and "BO" not in body:
        raise msgspec.ValidationError("neither AO nor BO")
    asks, bids = body.get("AO"), body.get("BO")
    odd.kinds += ["null_side"] * (asks is None) + ["null_side"] * (bids is None)
    return _rows(asks), _rows(bids)


def _rows(value: Any) -> list[Any]:
    """Returns a list; null is an empty one. Raises `msgspec.ValidationError` for anything else."""
    if value is not None and not isinstance(value, list):
        raise msgspec.ValidationError("it is no list")
    return value or []


class _Oddities:
    """Reads levels, changes and trades, and notes the harmless oddities in `kinds`."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def level(self, item: Any) -> shapes.BtcturkLevel | None:
        level = converted(item, shapes.BtcturkLevel)
        return None if self._is_zero(level, "zero_level") else level

    def change(self, item: Any) -> shapes.BtcturkChange | None:
        """Returns a change. Without a quantity it is a deletion; at a price of 0 it changes nothing."""
        told = converted(item, _Change)
        if told.kind == ChangeKind.DELETED:
            told.quantity = _quantity(told.quantity)
        change = shapes.BtcturkChange(told.kind, told.price, converted(told.quantity, Decimal))
        if not self._is_zero(change, "zero_level"):
            return change
        return shapes.BtcturkChange(int(ChangeKind.DELETED), change.price, Decimal(1)) if change.price else None

    def trade(self, item: Any) -> VenueTrade | None:
        trade = converted(item, shapes.BtcturkTrade)
        return None if self._is_zero(trade, "zero_trade") else readings.trade(trade)

    def _is_zero(self, told: PriceLevel | LevelChange | shapes.BtcturkTrade, kind: str) -> bool:
        """Returns true, and notes it, for a price or quantity of 0. Raises `InvalidOperation` for an impossible one."""
        if not (readings.ZERO <= told.price <= readings.MOST and readings.ZERO <= told.quantity <= readings.MOST):
            raise InvalidOperation
        if told.price and told.quantity:
            readings.require_usable((told,))
            return False
        self.kinds.append(kind)
        return True


def _quantity(told: Any) -> Decimal:
    """Returns the quantity of a deletion, which means nothing: any will do when it can't be read."""
    try:
        quantity: Decimal = converted(told, Decimal)
        return quantity if readings.LEAST <= quantity <= readings.MOST else Decimal(1)
    except (msgspec.ValidationError, InvalidOperation):
        return Decimal(1)


def _read_list(body: Any) -> _Read:
    if not isinstance(body.get("symbol"), str):
        raise msgspec.ValidationError("the pair is not named")
    odd = _Oddities()
    found = each(_rows(body.get("items")), odd.trade, "421", "I")
    if found.spoilt:
        raise msgspec.ValidationError("no trade can be read")
    return (Trades(body["symbol"], found.rows, replay=True),), found.left_out, tuple(odd.kinds)


def _read_single(body: Any) -> _Read:
    odd = _Oddities()
    trade = odd.trade(body)
    pair = converted(body, shapes.BtcturkSingleTrade).pair
    return (Trades(pair, (trade,), replay=False),) if trade else (), (), tuple(odd.kinds)


def _read_tickers(body: Any) -> _Read:
    items = body.get("items")
    if not isinstance(items, list):
        raise msgspec.ValidationError("items is no list")
    fields: list[LeftOut] = []
    found = each(items, lambda item: _ticker(item, fields, "401"), "401", "PS")
    return found.rows, (*found.left_out, *fields), ()


def _read_ticker(body: Any) -> _Read:
    fields: list[LeftOut] = []
    return (_ticker(body, fields),), tuple(fields), ()


def _ticker(item: Any, left_out: list[LeftOut], of: str = "402") -> Ticker:
    """Returns a ticker without the fields that can't be read, which are added to `left_out`."""
    told = dict(mapping(item))
    bad = {name: told[name] for name, least in _TICKER_FIELDS.items() if not _can_be(told.get(name), least)}
    left_out += [LeftOut(of, str(told.get("PS"))[:40], f"{name} is {str(value)[:40]!r}") for name, value in bad.items()]
    usable = {name: value for name, value in told.items() if name not in bad}
    return readings.ticker(converted(usable, shapes.BtcturkTicker))


def _can_be(value: Any, least: Decimal) -> bool:
    """Returns true for a number of at least `least`, and for one that is not told."""
    number = number_of(value)
    return value is None or (number is not None and number >= least)


def _plainly(kind: Any, read: Callable[[Any], Event]) -> Callable[[Any], _Read]:
    return lambda body: ((read(converted(body, kind)),), (), ())


_READERS: dict[int, Callable[[Any], _Read]] = {
    100: _plainly(shapes.BtcturkResult, readings.acknowledged),
    401: _read_tickers,
    402: _read_ticker,
    421: _read_list,
    422: _read_single,
    428: _plainly(shapes.BtcturkCandle, readings.candle),
    431: _read_snapshot,
    432: _read_diff,
    991: lambda _body: ((), (), ()),
}
