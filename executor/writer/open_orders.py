"""The open orders of an account in memory, with the sums that guardrails need: none of them is counted anew."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import msgspec

from common.wire import Order, Side
from executor.account import Balances, Entry, Terms, cash
from executor.orders import number, remaining
from executor.writer.journal import Journal

ZERO = Decimal(0)
Place = tuple[str, Side]
"""A symbol and a side of its orders."""


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """An open order.

    order: the order.
    terms: the terms that it was accepted on.
    remaining: the quantity that is still to be filled.
    """

    order: Order
    terms: Terms
    remaining: Decimal

    @property
    def reserved(self) -> Decimal:
        """The amount that it holds back of `terms.reserve`."""
        return self.remaining * self.terms.reserve_per_unit

    @property
    def notional(self) -> Decimal:
        """The remaining quantity at the limit price, in the quote currency."""
        return self.remaining * (self.order.limit_price or ZERO)


class PriceLadder:
    """The open orders of one symbol and side by their limit price."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._prices: list[Decimal] = []
        self._at: dict[Decimal, set[str]] = {}

    def add(self, price: Decimal, order_id: str) -> None:
        """Adds an order."""
        if price not in self._at:
            insort(self._prices, price)
            self._at[price] = set()
        self._at[price].add(order_id)

    def remove(self, price: Decimal, order_id: str) -> None:
        """Removes an order."""
        at = self._at[price]
        at.remove(order_id)
        if not at:
            del self._at[price]
            del self._prices[bisect_left(self._prices, price)]

    def best(self) -> Decimal | None:
        """Returns the highest price of buy orders, the lowest of sell orders; None without any."""
        found = self._prices[-1:] if self._side == "buy" else self._prices[:1]
        return found[0] if found else None

    def ids(self) -> Iterator[str]:
        """Yields the ids of all orders."""
        for at in self._at.values():
            yield from at

    def reached(self, opposite: Decimal) -> Iterator[str]:
        """Yields the ids of orders that may trade at `opposite`, by price, then by age."""
        first = bisect_left(self._prices, opposite)
        if self._side == "buy":
            prices = self._prices[first:][::-1]
        else:
            last = first + (first < len(self._prices) and self._prices[first] == opposite)
            prices = self._prices[:last]
        for price in prices:
            yield from sorted(self._at[price], key=number)


class OpenOrders:
    """All open orders, and sums over them. Every change goes through a journal.

    by_id: the open orders.
    reserved: the amounts that they hold back, by entry.
    buying: the quantities that are still to be bought, by symbol.
    buy_notional: the notional of what is still to be bought, by quote currency; buying cash is left out.
    counts: how many there are, by symbol and side.
    """

    def __init__(self, balances: Balances) -> None:
        """`balances` are the account's, which say what is cash; they may change later."""
        self._balances = balances
        self.by_id: dict[str, OpenOrder] = {}
        self.reserved: dict[Entry, Decimal] = {}
        self.buying: dict[str, Decimal] = {}
        self.buy_notional: dict[str, Decimal] = {}
        self.counts: dict[Place, int] = {}
        self._ladders: dict[Place, PriceLadder] = {}

    def put(self, journal: Journal, found: OpenOrder) -> None:
        """Adds an order, or takes its new state; its price stays the same."""
        order_id = found.order.order_id
        before = self.by_id.get(order_id)
        journal.put(self.by_id, order_id, found)
        if before is None:
            self._rest(journal, found.order)
            self._move(journal, found, found.remaining, found.reserved, found.notional)
        else:
            self._move(
                journal,
                found,
                found.remaining - before.remaining,
                found.reserved - before.reserved,
                found.notional - before.notional,
            )

    def remove(self, journal: Journal, order_id: str) -> None:
        """Removes an order."""
        found = self.by_id[order_id]
        journal.drop(self.by_id, order_id)
        place, price = (found.order.symbol, found.order.side), found.order.limit_price or ZERO
        ladder = self._ladders[place]
        ladder.remove(price, order_id)
        journal.did(partial(ladder.add, price, order_id))
        journal.put(self.counts, place, self.counts[place] - 1)
        self._move(journal, found, -found.remaining, -found.reserved, -found.notional)

    def ladder(self, symbol: str, side: Side) -> PriceLadder:
        """Returns the orders of a symbol and side by price."""
        return self._ladders.setdefault((symbol, side), PriceLadder(side))

    def of_symbol(self, symbol: str) -> int:
        """Returns how many orders of a symbol are open."""
        return self.counts.get((symbol, "buy"), 0) + self.counts.get((symbol, "sell"), 0)

    def _rest(self, journal: Journal, order: Order) -> None:
        price, ladder = order.limit_price or ZERO, self.ladder(order.symbol, order.side)
        ladder.add(price, order.order_id)
        journal.did(partial(ladder.remove, price, order.order_id))
        place: Place = (order.symbol, order.side)
        journal.put(self.counts, place, self.counts.get(place, 0) + 1)

    def _move(
        self, journal: Journal, found: OpenOrder, quantity: Decimal, reserved: Decimal, notional: Decimal
    ) -> None:
        entry, terms = found.terms.reserve, found.terms
        journal.put(self.reserved, entry, self.reserved.get(entry, ZERO) + reserved)
        if found.order.side == "buy":
            symbol, unit = found.order.symbol, terms.quote_currency
            journal.put(self.buying, symbol, self.buying.get(symbol, ZERO) + quantity)
            if cash(terms.base_asset) not in self._balances:
                journal.put(self.buy_notional, unit, self.buy_notional.get(unit, ZERO) + notional)


def open_order(order: Order, terms: Terms) -> OpenOrder:
    """Returns the open order of an order and its terms."""
    return OpenOrder(order, terms, remaining(order) if order.filled_quantity else order.quantity)
