"""A live order book kept by a venue's diffs: it takes a change whole or not at all, and knows when it lost track."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from decimal import Decimal

from common.wire import Level
from marketdata.venues.events import BookDiff, BookSnapshot, ChangeKind, LevelChange, PriceLevel

MOST_LEVELS = 100

FAULTS = (
    "gap",
    "diff_before_snapshot",
    "unknown_change",
    "new_on_held",
    "change_on_absent",
    "level_twice",
    "too_deep",
    "crossed",
)
"""Why a frame did not fit the book; each asks for a new snapshot."""


class _Side:
    """Prices of one side in ascending order, with their quantities."""

    def __init__(self, levels: Sequence[PriceLevel] = ()) -> None:
        self.quantities = {level.price: level.quantity for level in levels}
        self.prices = sorted(self.quantities)

    def set(self, price: Decimal, quantity: Decimal) -> None:
        if price not in self.quantities:
            insort(self.prices, price)
        self.quantities[price] = quantity

    def remove(self, price: Decimal) -> None:
        del self.quantities[price]
        del self.prices[bisect_left(self.prices, price)]

    def restore(self, price: Decimal, quantity: Decimal | None) -> None:
        """Puts a price back to what it was: a quantity, or absent."""
        if quantity is not None:
            self.set(price, quantity)
        elif price in self.quantities:
            self.remove(price)


class LiveBook:
    """One pair's book. `live` is false until a snapshot came, and again after a fault; the last good levels stay."""

    def __init__(self) -> None:
        self.live = False
        self._sequence = 0
        self._asks, self._bids = _Side(), _Side()

    def lose(self) -> None:
        """Nothing vouches for the levels any more: the subscription or the socket ended."""
        self.live = False

    def snapshot(self, snapshot: BookSnapshot) -> str | None:
        """Replaces the book and makes it live; or one of `FAULTS`, and the book is what it was, but not live."""
        asks, bids = _Side(snapshot.asks), _Side(snapshot.bids)
        twice = len(asks.prices) != len(snapshot.asks) or len(bids.prices) != len(snapshot.bids)
        fault = "level_twice" if twice else _shape_fault(asks, bids)
        self.live = fault is None
        if fault is None:
            self._asks, self._bids, self._sequence = asks, bids, snapshot.sequence
        return fault

    def apply(self, diff: BookDiff) -> str | None:
        """Applies all changes; or one of `FAULTS`, and the book is what it was before, but not live."""
        if not self.live:
            return "diff_before_snapshot"
        fault = "gap" if diff.sequence != self._sequence + 1 else self._change(diff)
        if fault is None:
            self._sequence = diff.sequence
        self.live = fault is None
        return fault

    def top(self) -> tuple[Level | None, Level | None]:
        """Best bid and best ask; None for an empty side."""
        bids, asks = self._bids, self._asks
        bid = Level(price=bids.prices[-1], quantity=bids.quantities[bids.prices[-1]]) if bids.prices else None
        ask = Level(price=asks.prices[0], quantity=asks.quantities[asks.prices[0]]) if asks.prices else None
        return bid, ask

    def levels(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """The best `depth` bids (descending) and asks (ascending)."""
        bids, asks = self._bids, self._asks
        return (
            tuple(Level(price=price, quantity=bids.quantities[price]) for price in bids.prices[: -depth - 1 : -1]),
            tuple(Level(price=price, quantity=asks.quantities[price]) for price in asks.prices[:depth]),
        )

    def _change(self, diff: BookDiff) -> str | None:
        undo: list[tuple[_Side, Decimal, Decimal | None]] = []
        for side, changes in ((self._asks, diff.asks), (self._bids, diff.bids)):
            for change in changes:
                before = side.quantities.get(change.price)
                undo.append((side, change.price, before))
                fault = _change_level(side, change, before)
                if fault is not None:
                    return _undone(undo, fault)
        fault = _shape_fault(self._asks, self._bids)
        return None if fault is None else _undone(undo, fault)


def _change_level(side: _Side, change: LevelChange, before: Decimal | None) -> str | None:
    match change.kind:
        case ChangeKind.UPDATED | ChangeKind.DELETED if before is None:
            return "change_on_absent"
        case ChangeKind.NEW if before is not None:
            return "new_on_held"
        case ChangeKind.UPDATED | ChangeKind.NEW:
            side.set(change.price, change.quantity)
        case ChangeKind.DELETED:
            side.remove(change.price)
        case _:
            return "unknown_change"
    return None


def _shape_fault(asks: _Side, bids: _Side) -> str | None:
    if len(asks.prices) > MOST_LEVELS or len(bids.prices) > MOST_LEVELS:
        return "too_deep"
    if asks.prices and bids.prices and bids.prices[-1] >= asks.prices[0]:
        return "crossed"
    return None


def _undone(undo: list[tuple[_Side, Decimal, Decimal | None]], fault: str) -> str:
    for side, price, quantity in reversed(undo):
        side.restore(price, quantity)
    return fault
