"""The levels of the books that our own fills used, as one transaction knows them; written once, at its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import sqlalchemy as sa

from common.wire import Book, Level, Side
from executor.ledger import rows, writes
from executor.ledger.bulk import Bulk
from executor.paper import LevelUse, remaining_levels, use_level

FORGET_AFTER = timedelta(seconds=360)
"""The oldest book that may be traded on, asked for with the slowest answer of market data, is younger than this."""

BookSide = tuple[str, Side]
"""A symbol, and the side of the orders that trade there: buy orders trade against the asks."""


class Consumption:
    """The used levels, by book side and price. What is noted counts at once within the transaction."""

    def __init__(self, connection: sa.Connection, account: str) -> None:
        self._connection, self._account = connection, account
        self._uses: dict[BookSide, dict[Decimal, LevelUse]] = {}
        self._changed: dict[tuple[BookSide, Decimal], LevelUse | None] = {}

    def preload(self, uses: Mapping[BookSide, dict[Decimal, LevelUse]]) -> None:
        """Takes what the tables hold, where it was read together with other things."""
        self._uses |= uses

    def levels(self, book: Book, side: Side) -> list[Level]:
        """Returns the levels that an order of `side` can trade against, less what our own fills have used."""
        place, shown = (book.symbol, side), book.asks if side == "buy" else book.bids
        uses, prices = self._at(place), {level.price for level in shown}
        gone = [price for price, use in uses.items() if price not in prices and use.seen_at < book.received_at]
        for price in gone:
            self._note_gone(place, price, book)
        return remaining_levels(shown, uses, book.received_at)

    def _note_gone(self, place: BookSide, price: Decimal, book: Book) -> None:
        """Notes that a newer book does not show a level any more.

        An executor that still has an older book must get nothing of that level. So the level is noted as gone, and
        forgotten only when no executor can have such a book any longer.
        """
        uses = self._at(place)
        if uses[price].shown:
            uses[price] = LevelUse(Decimal(0), Decimal(0), book.sequence, book.received_at)
            self._changed[place, price] = uses[price]
        elif book.received_at - uses[price].seen_at > FORGET_AFTER:
            del uses[price]
            self._changed[place, price] = None

    def consume(self, book: Book, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Notes that `quantity` of the level at `price` is used."""
        place = (book.symbol, side)
        shown = next(level for level in (book.asks if side == "buy" else book.bids) if level.price == price)
        uses = self._at(place)
        uses[price] = use_level(shown, uses.get(price), quantity, book.sequence, book.received_at)
        self._changed[place, price] = uses[price]

    def copy(self) -> Consumption:
        """Returns the notes as they are now, for a savepoint."""
        other = Consumption(self._connection, self._account)
        other._uses = {place: dict(uses) for place, uses in self._uses.items()}
        other._changed = dict(self._changed)
        return other

    def flush(self, into: Bulk) -> None:
        """Writes what was noted, and deletes what is to be forgotten."""
        kept = {key: use for key, use in self._changed.items() if use is not None}
        writes.consumption(into, self._account, kept)
        writes.forget_levels(self._connection, self._account, [key for key in self._changed if key not in kept])

    def _at(self, place: BookSide) -> dict[Decimal, LevelUse]:
        if place not in self._uses:
            self._uses |= rows.level_uses(self._connection, self._account, place[0])
        return self._uses[place]
