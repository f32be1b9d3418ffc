"""Paper fills: walks the visible book level by level, never past a bound, never the same shown quantity twice. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, localcontext

from common.wire import Level, Side
from executor.orders import PRECISION

FEE_STEP = Decimal("1e-8")


@dataclass(frozen=True)
class Fees:
    """Fee rates in percent of the notional: taker for what trades at once, maker for what rested first."""

    taker_percent: Decimal
    maker_percent: Decimal

    @property
    def highest(self) -> Decimal:
        """The rate that funds are reserved for."""
        return max(self.taker_percent, self.maker_percent)


@dataclass(frozen=True)
class Taken:
    """How much of one shown level our own fills have used up, and of which state of the book."""

    shown: Decimal
    taken: Decimal
    sequence: int
    seen_at: datetime


@dataclass(frozen=True)
class Slice:
    """A part of one level that can be filled."""

    price: Decimal
    quantity: Decimal


def fee(price: Decimal, quantity: Decimal, percent: Decimal) -> Decimal:
    """The fee in the quote currency, rounded down to 8 decimals, so that it never exceeds what was reserved."""
    with localcontext(prec=PRECISION):
        return (price * quantity * percent / 100).quantize(FEE_STEP, ROUND_DOWN)


def cost(price: Decimal, quantity: Decimal, percent: Decimal) -> Decimal:
    """What a purchase takes at most: the notional and its fee at `percent`."""
    with localcontext(prec=PRECISION):
        return price * quantity * (1 + percent / 100)


def reference(bids: Sequence[Level], asks: Sequence[Level]) -> Decimal | None:
    """The price that collars are measured from: the middle of best bid and ask, or the one side that is there."""
    best = [side[0].price for side in (bids, asks) if side]
    with localcontext(prec=PRECISION):
        return sum(best, Decimal(0)) / len(best) if best else None


def collar(price: Decimal, percent: Decimal) -> tuple[Decimal, Decimal]:
    """The lowest and the highest price within `percent` of `price`."""
    with localcontext(prec=PRECISION):
        return price * (1 - percent / 100), price * (1 + percent / 100)


def within(side: Side, price: Decimal, bound: Decimal) -> bool:
    """Whether an order of this side that goes no further than `bound` may trade at `price`."""
    return price <= bound if side == "buy" else price >= bound


def untaken(level: Level, taken: Taken | None, seen_at: datetime) -> Decimal:
    """What is left of a shown level after our own earlier fills.

    A level whose shown quantity changed in a newer book counts as refreshed. A book that is older than what the
    ledger has seen (the other executor was quicker) can only show less, never more.
    """
    with localcontext(prec=PRECISION):
        if taken is None or (level.quantity != taken.shown and seen_at > taken.seen_at):
            return level.quantity
        return max(Decimal(0), min(level.quantity, taken.shown - taken.taken))


def take(level: Level, taken: Taken | None, quantity: Decimal, sequence: int, seen_at: datetime) -> Taken:
    """The level's record after `quantity` more was filled from it."""
    with localcontext(prec=PRECISION):
        if taken is None or (level.quantity != taken.shown and seen_at > taken.seen_at):
            return Taken(level.quantity, quantity, sequence, seen_at)
        newer = (sequence, seen_at) if seen_at > taken.seen_at else (taken.sequence, taken.seen_at)
        return Taken(taken.shown, taken.taken + quantity, *newer)


def left(levels: Sequence[Level], taken: Mapping[Decimal, Taken], seen_at: datetime) -> list[Level]:
    """The side of a book without what our own fills have used up; emptied levels are left out."""
    remaining = [Level(price=level.price, quantity=untaken(level, taken.get(level.price), seen_at)) for level in levels]
    return [level for level in remaining if level.quantity]


def total(slices: Sequence[Slice]) -> Decimal:
    """How much is to be had from the slices together."""
    with localcontext(prec=PRECISION):
        return sum((part.quantity for part in slices), Decimal(0))


def walk(side: Side, levels: Sequence[Level], quantity: Decimal, bound: Decimal) -> list[Slice]:
    """What an order of `quantity` gets from the levels in front of it (best first), going no further than `bound`."""
    slices: list[Slice] = []
    with localcontext(prec=PRECISION):
        for level in levels:
            if not quantity or not within(side, level.price, bound):
                break
            part = min(quantity, level.quantity)
            slices.append(Slice(level.price, part))
            quantity -= part
    return slices
