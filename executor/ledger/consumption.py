"""What our own fills used up of the levels that were shown, as one transaction knows it; written once, at its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import sqlalchemy as sa

from common.wire import Book, Level, Side
from executor.ledger import rows, writes
from executor.ledger.bulk import Bulk
from executor.paper import Taken, left, take

FORGET_AFTER = timedelta(seconds=360)
"""Longer than the oldest book that may be set to be traded on, and market data's slowest answer, take together."""

Place = tuple[str, Side]
"""A symbol, and the side of the orders that trade there."""


class Consumption:
    """Notes by place and price. What is noted counts at once for whoever asks again in the same transaction."""

    def __init__(self, connection: sa.Connection, account: str) -> None:
        self._connection, self._account = connection, account
        self._notes: dict[Place, dict[Decimal, Taken]] = {}
        self._changed: dict[tuple[Place, Decimal], Taken | None] = {}

    def know(self, notes: Mapping[Place, dict[Decimal, Taken]]) -> None:
        """What the tables say, where it was read with other things."""
        self._notes |= notes

    def levels(self, book: Book, side: Side) -> list[Level]:
        """The levels that an order of `side` can trade against, without what our own fills have used up."""
        place, shown = (book.symbol, side), book.asks if side == "buy" else book.bids
        notes, prices = self._at(place), {level.price for level in shown}
        gone = [price for price, seen in notes.items() if price not in prices and seen.seen_at < book.received_at]
        for price in gone:
            self._go(place, price, book)
        return left(shown, notes, book.received_at)

    def _go(self, place: Place, price: Decimal, book: Book) -> None:
        """A newer book shows a level no more. Whoever still holds an older one must get nothing of it, so that it is
        noted as gone, and forgotten only when nobody can hold such a book any longer."""
        notes = self._at(place)
        if notes[price].shown:
            notes[price] = Taken(Decimal(0), Decimal(0), book.sequence, book.received_at)
            self._changed[place, price] = notes[price]
        elif book.received_at - notes[price].seen_at > FORGET_AFTER:
            del notes[price]
            self._changed[place, price] = None

    def consume(self, book: Book, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Notes that `quantity` of the level at `price` is used up."""
        place = (book.symbol, side)
        shown = next(level for level in (book.asks if side == "buy" else book.bids) if level.price == price)
        notes = self._at(place)
        notes[price] = take(shown, notes.get(price), quantity, book.sequence, book.received_at)
        self._changed[place, price] = notes[price]

    def copy(self) -> Consumption:
        """The notes as they are now, to come back to."""
        other = Consumption(self._connection, self._account)
        other._notes = {place: dict(notes) for place, notes in self._notes.items()}
        other._changed = dict(self._changed)
        return other

    def flush(self, into: Bulk) -> None:
        """Writes what was noted, and drops what is to be forgotten."""
        kept = {key: seen for key, seen in self._changed.items() if seen is not None}
        writes.consumption(into, self._account, kept)
        writes.forget(self._connection, self._account, [key for key in self._changed if key not in kept])

    def _at(self, place: Place) -> dict[Decimal, Taken]:
        if place not in self._notes:
            self._notes |= rows.taken(self._connection, self._account, place[0])
        return self._notes[place]
