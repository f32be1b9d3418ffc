"""An order book kept by a venue's diffs: it applies a diff whole or not at all, and knows when it lost track."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Sequence
from decimal import Decimal

from common.wire import Level
from marketdata.events import BookDiff, BookSnapshot, ChangeKind, LevelChange, PriceLevel, Top

MOST_LEVELS, DEEPEST_SIDE = 100, 1_000
REMEMBERED = 16
_UPDATED, _NEW, _DELETED = int(ChangeKind.UPDATED), int(ChangeKind.NEW), int(ChangeKind.DELETED)

FAULTS = (
    "gap",
    "diff_before_snapshot",
    "unknown_change",
    "level_twice",
    "too_deep",
    "crossed",
)
"""The reasons why a frame did not fit the book. Each calls for a new snapshot."""
REPEATED_DIFF = "repeated_diff"
ODDITIES = ("absent_delete", "absent_update", "held_new", REPEATED_DIFF, "repeated_level", "deep_side")
"""The harmless oddities of a frame that was applied: an amount is absolute, so the book is known all the same.

absent_delete, absent_update: a change of a price that the book does not have.
held_new: a new price that the book has already.
repeated_diff: one of the last `REMEMBERED` frames once more.
repeated_level: a level of a snapshot twice, with one amount.
deep_side: a side has grown beyond `MOST_LEVELS` levels.
"""


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
        """Puts back the quantity at a price; None removes the price, if it is there."""
        if quantity is None:
            if price in self.quantities:
                self.remove(price)
            return
        if price not in self.quantities:
            insort(self.prices, price)
        self.quantities[price] = quantity


class LiveBook:
    """One pair's order book. The last good levels stay after a fault.

    live: false until a snapshot came, and again after a fault.
    oddities: the harmless oddities met, by kind, until somebody takes them.
    """

    def __init__(self) -> None:
        self.live = False
        self.oddities: Counter[str] = Counter()
        self._sequence = 0
        self._recent: deque[BookDiff] = deque(maxlen=REMEMBERED)
        self._asks, self._bids = _Side(), _Side()
        self._deep = False

    def lose(self) -> None:
        """Marks the levels as no longer certain: the subscription or the socket ended."""
        self.live = False

    def snapshot(self, snapshot: BookSnapshot) -> str | None:
        """Replaces the book and makes it live.

        Returns one of `FAULTS` when it can't: the levels stay, the book is not live.
        """
        asks, bids = _Side(snapshot.asks), _Side(snapshot.bids)
        repeated = len(snapshot.asks) + len(snapshot.bids) - len(asks.prices) - len(bids.prices)
        contradicted = repeated and not (_agree(asks, snapshot.asks) and _agree(bids, snapshot.bids))
        fault = "level_twice" if contradicted else _shape_fault(asks, bids)
        self.live = fault is None
        if fault is None:
            self._asks, self._bids, self._sequence = asks, bids, snapshot.sequence
            self._recent.clear()
            if repeated:
                self.oddities["repeated_level"] += repeated
            self._note_depth()
        return fault

    def apply(self, diff: BookDiff) -> str | None:
        """Applies all changes. Returns one of `FAULTS` when it can't: the levels stay, the book is not live.

        One of the last frames once more changes nothing. Another frame with its number is a gap.
        """
        if not self.live:
            return "diff_before_snapshot"
        if diff.sequence != self._sequence + 1:
            if diff.sequence <= self._sequence and diff in self._recent:
                self.oddities[REPEATED_DIFF] += 1
                return None
            fault: str | None = "gap"
        else:
            fault = self._change(diff)
        if fault is None:
            self._sequence = diff.sequence
            self._recent.append(diff)
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
        asks, bids = self._asks, self._bids
        old_asks: list[Decimal | None] = []
        old_bids: list[Decimal | None] = []
        odd: list[str] = []
        fault = (
            _apply(asks, diff.asks, old_asks, odd) or _apply(bids, diff.bids, old_bids, odd) or _shape_fault(asks, bids)
        )
        if fault is not None:
            _undo(asks, diff.asks, old_asks)
            _undo(bids, diff.bids, old_bids)
            return fault
        if odd:
            self.oddities.update(odd)
        self._note_depth()
        return None

    def _note_depth(self) -> None:
        deep = len(self._asks.prices) > MOST_LEVELS or len(self._bids.prices) > MOST_LEVELS
        if deep and not self._deep:
            self.oddities["deep_side"] += 1
        self._deep = deep


def _apply(side: _Side, changes: Sequence[LevelChange], old: list[Decimal | None], odd: list[str]) -> str | None:
    """Applies changes in their order until one has an unknown code.

    Adds to `old` the quantity that stood at the price of each, None for none, and to `odd` the oddities.
    """
    quantities = side.quantities
    for change in changes:
        kind, price = change.kind, change.price
        before = quantities.get(price)
        old.append(before)
        if before is None:
            if kind == _DELETED:
                odd.append("absent_delete")
                continue
            if kind == _UPDATED:
                odd.append("absent_update")
            elif kind != _NEW:
                return "unknown_change"
            insort(side.prices, price)
            quantities[price] = change.quantity
        elif kind == _UPDATED:
            quantities[price] = change.quantity
        elif kind == _DELETED:
            side.remove(price)
        elif kind == _NEW:
            odd.append("held_new")
            quantities[price] = change.quantity
        else:
            return "unknown_change"
    return None


def _undo(side: _Side, changes: Sequence[LevelChange], old: Sequence[Decimal | None]) -> None:
    """Puts back what stood at the prices of the changes that were applied, the last one first."""
    for change, quantity in reversed(list(zip(changes, old, strict=False))):
        side.restore(change.price, quantity)


def _agree(side: _Side, levels: Sequence[PriceLevel]) -> bool:
    return all(side.quantities[level.price] == level.quantity for level in levels)


def _shape_fault(asks: _Side, bids: _Side) -> str | None:
    if asks.prices and bids.prices and bids.prices[-1] >= asks.prices[0]:
        return "crossed"
    if len(asks.prices) > DEEPEST_SIDE or len(bids.prices) > DEEPEST_SIDE:
        return "too_deep"
    return None
