"""Paper fills: walks the visible book level by level, never past a bound, never one shown quantity twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from common.wire import Level, Side
from executor.orders import exact

FEE_STEP = Decimal("1e-8")
OLDEST_BOOK = timedelta(seconds=360)
"""The oldest book that may be traded on, asked for with the slowest answer of market data, is younger than this."""


@dataclass(frozen=True)
class Fees:
    """The fee rates.

    taker_percent: in percent of the notional, for what trades at once.
    maker_percent: in percent of the notional, for what rested first.
    """

    taker_percent: Decimal
    maker_percent: Decimal

    @property
    def highest(self) -> Decimal:
        """The higher of the two rates; funds are reserved for it."""
        return max(self.taker_percent, self.maker_percent)


@dataclass(frozen=True)
class LevelUse:
    """The part of one shown level that our own fills have used.

    shown: the quantity that the book showed.
    used: the quantity that our fills took of it.
    sequence: the sequence of that book.
    seen_at: when that book was received, UTC.
    """

    shown: Decimal
    used: Decimal
    sequence: int
    seen_at: datetime


@dataclass(frozen=True)
class LevelFill:
    """The part of one level that an order can get.

    price: the level's price, in the quote currency.
    quantity: in the base asset.
    """

    price: Decimal
    quantity: Decimal


def fee(price: Decimal, quantity: Decimal, percent: Decimal) -> Decimal:
    """Returns the fee in the quote currency, rounded down to 8 decimals, so that it never exceeds the reserve."""
    with exact():
        return (price * quantity * percent / 100).quantize(FEE_STEP, ROUND_DOWN)


def cost(price: Decimal, quantity: Decimal, percent: Decimal) -> Decimal:
    """Returns the most that a purchase can cost: the notional and its fee at `percent`."""
    with exact():
        return price * quantity * (1 + percent / 100)


def reference(side: Side, bids: Sequence[Level], asks: Sequence[Level], last: Decimal | None) -> Decimal | None:
    """Returns the price that an order of `side` is measured from; None for an empty book.

    It is the middle of best bid and ask. A book of one side tells half of it: a price may be above a lone bid and below
    a lone ask, up to the last trade. Of that range a buy is measured from the low end, and a sale from the high one.
    """
    bid, ask = (levels[0].price if levels else None for levels in (bids, asks))
    if bid is not None and ask is not None:
        with exact():
            return (bid + ask) / 2
    if bid is not None:
        return bid if side == "buy" or last is None else max(bid, last)
    if ask is not None:
        return ask if side == "sell" or last is None else min(ask, last)
    return None


def collar(price: Decimal, percent: Decimal) -> tuple[Decimal, Decimal]:
    """Returns the lowest and the highest price within `percent` of `price`."""
    with exact():
        return price * (1 - percent / 100), price * (1 + percent / 100)


def within(side: Side, price: Decimal, bound: Decimal) -> bool:
    """Returns true when an order of this side may trade at `price` without going past `bound`."""
    return price <= bound if side == "buy" else price >= bound


def is_newer(seen_at: datetime, sequence: int, use: LevelUse) -> bool:
    """Returns true when a book, received at `seen_at`, is newer than the one that a use was noted for.

    A book with a later sequence that seems to be from long before is newer: the clock that received it was set back.
    """
    return seen_at > use.seen_at or (sequence > use.sequence and use.seen_at - seen_at > OLDEST_BOOK)


def remaining_quantity(level: Level, use: LevelUse | None, sequence: int, seen_at: datetime) -> Decimal:
    """Returns what is left of a shown level after our own earlier fills.

    A level whose shown quantity changed in a newer book counts as refreshed, see `is_newer`. A book that is older than
    the one that the ledger has seen, because the other executor was faster, can only show less, never more.
    """
    with exact():
        if use is None or (level.quantity != use.shown and is_newer(seen_at, sequence, use)):
            return level.quantity
        return max(Decimal(0), min(level.quantity, use.shown - use.used))


def use_level(level: Level, use: LevelUse | None, quantity: Decimal, sequence: int, seen_at: datetime) -> LevelUse:
    """Returns the level's use after `quantity` more was filled from it."""
    with exact():
        if use is None or (level.quantity != use.shown and is_newer(seen_at, sequence, use)):
            return LevelUse(level.quantity, quantity, sequence, seen_at)
        newer = (sequence, seen_at) if is_newer(seen_at, sequence, use) else (use.sequence, use.seen_at)
        return LevelUse(use.shown, use.used + quantity, *newer)


def total(fills: Sequence[LevelFill]) -> Decimal:
    """Returns the quantity of all level fills together."""
    with exact():
        return sum((part.quantity for part in fills), Decimal(0))


def walk(side: Side, levels: Iterable[Level], quantity: Decimal, bound: Decimal) -> list[LevelFill]:
    """Returns what an order of `quantity` gets from the opposite levels, best first, without going past `bound`."""
    fills: list[LevelFill] = []
    with exact():
        for level in levels:
            if not quantity or not within(side, level.price, bound):
                break
            part = min(quantity, level.quantity)
            fills.append(LevelFill(level.price, part))
            quantity -= part
    return fills
