"""The levels of the books that our own fills used, in memory: no shown quantity is filled twice."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from common.wire import Book, Level, Side
from executor.paper import OLDEST_BOOK, LevelUse, is_newer, remaining_quantity, use_level
from executor.writer.journal import Journal
from executor.writer.open_orders import Place


class LevelUses:
    """The used levels by symbol and side of the orders that trade there: buy orders trade against the asks.

    by_place: the used levels of each place, by price.
    """

    def __init__(self) -> None:
        self.by_place: dict[Place, dict[Decimal, LevelUse]] = {}

    def levels(self, journal: Journal, book: Book, side: Side) -> Iterator[Level]:
        """Yields the levels that an order of `side` can trade against, less what our own fills used, best first."""
        shown = book.asks if side == "buy" else book.bids
        uses = self.by_place.get((book.symbol, side))
        if not uses:
            yield from shown
            return
        self._note_gone(journal, uses, book, shown)
        for level in shown:
            use = uses.get(level.price)
            if use is None:
                yield level
                continue
            left = remaining_quantity(level, use, book.sequence, book.received_at)
            if left:
                yield Level(price=level.price, quantity=left)

    def consume(self, journal: Journal, book: Book, side: Side, price: Decimal, quantity: Decimal) -> LevelUse:
        """Notes that `quantity` of the level at `price` is used; returns the level's use after it."""
        uses = self.by_place.setdefault((book.symbol, side), {})
        shown = next(level for level in (book.asks if side == "buy" else book.bids) if level.price == price)
        use = use_level(shown, uses.get(price), quantity, book.sequence, book.received_at)
        journal.put(uses, price, use)
        return use

    def _note_gone(self, journal: Journal, uses: dict[Decimal, LevelUse], book: Book, shown: tuple[Level, ...]) -> None:
        """Notes which levels a newer book does not show any more, and forgets those that are gone for long.

        Another executor that takes over may still have an older book, and must get nothing of such a level.
        """
        older = [(price, use) for price, use in uses.items() if is_newer(book.received_at, book.sequence, use)]
        prices = {level.price for level in shown} if older else set()
        for price, use in older:
            if price in prices:
                continue
            if use.shown:
                journal.put(uses, price, LevelUse(Decimal(0), Decimal(0), book.sequence, book.received_at))
            elif book.received_at - use.seen_at > OLDEST_BOOK:
                journal.drop(uses, price)
