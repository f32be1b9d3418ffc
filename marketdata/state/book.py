"""An order book kept by a venue's diffs: it applies a diff whole or not at all, and knows when it lost track."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from decimal import Decimal

from common.wire import Level
from marketdata.events import BookDiff, BookSnapshot, ChangeKind, LevelChange, PriceLevel, Top

MOST_LEVELS = 100
_UPDATED, _NEW, _DELETED = int(ChangeKind.UPDATED), int(ChangeKind.NEW), int(ChangeKind.DELETED)

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
"""The reasons why a frame did not fit the book. Each calls for a new snapshot."""


Sides = tuple[tuple[Level, ...], tuple[Level, ...]]
"""Bids descending, asks ascending."""


class _Side:
    """Prices of one side in ascending order, with their quantities."""

    __slots__ = ("prices", "quantities")

    def __init__(self, levels: Sequence[PriceLevel] = ()) -> None:
        self.quantities = {level.price: level.quantity for level in levels}
        self.prices = sorted(self.quantities)

    def remove(self, price: Decimal) -> None:
        del self.quantities[price]
        del self.prices[bisect_left(self.prices, price)]

    def restore(self, price: Decimal, quantity: Decimal | None) -> None:
        """Puts back the quantity at a price; None removes the price."""
        if quantity is None:
            self.remove(price)
            return
        if price not in self.quantities:
            insort(self.prices, price)
        self.quantities[price] = quantity


class LiveBook:
    """One pair's order book. The last good levels stay after a fault.

    live: false until a snapshot came, and again after a fault.
    """

    def __init__(self) -> None:
        self.live = False
        self._sequence = 0
        self._asks, self._bids = _Side(), _Side()

    def lose(self) -> None:
        """Marks the levels as no longer certain: the subscription or the socket ended."""
        self.live = False

    def snapshot(self, snapshot: BookSnapshot) -> str | None:
        """Replaces the book and makes it live.

        Returns one of `FAULTS` when it can't: the levels stay, the book is not live.
        """
        asks, bids = _Side(snapshot.asks), _Side(snapshot.bids)
        twice = len(asks.prices) != len(snapshot.asks) or len(bids.prices) != len(snapshot.bids)
        fault = "level_twice" if twice else _shape_fault(asks, bids)
        self.live = fault is None
        if fault is None:
            self._asks, self._bids, self._sequence = asks, bids, snapshot.sequence
        return fault

    def apply(self, diff: BookDiff) -> str | None:
        """Applies all changes. Returns one of `FAULTS` when it can't: the levels stay, the book is not live."""
        if not self.live:
            return "diff_before_snapshot"
        fault = "gap" if diff.sequence != self._sequence + 1 else self._change(diff)
        if fault is None:
            self._sequence = diff.sequence
        else:
            self.live = False
        return fault

    def top(self) -> Top:
        """Returns best bid and best ask."""
        bids, asks = self._bids, self._asks
        if bids.prices and asks.prices:
            bid, ask = bids.prices[-1], asks.prices[0]
            return Top(bid, bids.quantities[bid], ask, asks.quantities[ask])
        if bids.prices:
            return Top(bids.prices[-1], bids.quantities[bids.prices[-1]])
        return Top(None, None, asks.prices[0], asks.quantities[asks.prices[0]]) if asks.prices else Top()

    def levels(self, depth: int) -> Sides:
        """Returns the best `depth` bids (descending) and asks (ascending)."""
        bids, asks = self._bids, self._asks
        return (
            tuple(Level(price=price, quantity=bids.quantities[price]) for price in bids.prices[: -depth - 1 : -1]),
            tuple(Level(price=price, quantity=asks.quantities[price]) for price in asks.prices[:depth]),
        )

    def _change(self, diff: BookDiff) -> str | None:
        undo: list[_Undo] = []
        fault = (
            _apply(self._asks, diff.asks, undo)
            or _apply(self._bids, diff.bids, undo)
            or _shape_fault(self._asks, self._bids)
        )
        if fault is not None:
            for side, price, quantity in reversed(undo):
                side.restore(price, quantity)
        return fault


_Undo = tuple[_Side, Decimal, Decimal | None]
"""A side, a price, and the quantity that stood there; None for none."""


def _apply(side: _Side, changes: Sequence[LevelChange], undo: list[_Undo]) -> str | None:
    """Applies changes in their order until one does not fit; `undo` collects the way back."""
    quantities = side.quantities
    for change in changes:
        kind, price = change.kind, change.price
        before = quantities.get(price)
        undo.append((side, price, before))
        if kind == _UPDATED and before is not None:
            quantities[price] = change.quantity
        elif kind == _DELETED and before is not None:
            side.remove(price)
        elif kind == _NEW and before is None:
            insort(side.prices, price)
            quantities[price] = change.quantity
        else:
            undo.pop()
            return _misfit(kind)
    return None


def _misfit(kind: int) -> str:
    """Returns the fault of a change that did not fit its level."""
    if kind == _NEW:
        return "new_on_held"
    return "change_on_absent" if kind in (_UPDATED, _DELETED) else "unknown_change"


def _shape_fault(asks: _Side, bids: _Side) -> str | None:
    if asks.prices and bids.prices and bids.prices[-1] >= asks.prices[0]:
        return "crossed"
    if len(asks.prices) > MOST_LEVELS or len(bids.prices) > MOST_LEVELS:
        return "too_deep"
    return None
