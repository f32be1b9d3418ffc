"""One change of the ledger, under the account's lock: collects events and what follows from them, writes all once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa

from common.wire import Book, Denial, Fill, Level, Order, OrderRequest, Side
from executor import account as accounts
from executor.account import Entry, Posting, Terms
from executor.errors import UnknownOrder
from executor.guardrails import Holdings, Limits
from executor.ledger import events, rows, schema, writes
from executor.ledger.events import Event
from executor.ledger.replay import Change, Replay, Switch
from executor.ledger.rows import Open, Resting
from executor.orders import OPEN, tidy
from executor.paper import Taken, left, take


class Transaction:
    """Made by `Ledger.transaction`, which holds the lock and commits. Reads see the account as it is under the lock."""

    def __init__(self, connection: sa.Connection, account: str, head: rows.Head, at: datetime) -> None:
        self.at = at
        self.account = account
        self.changes: list[Change] = []
        self._connection = connection
        self._head = head
        self._replay = Replay(balances=rows.balances(connection, account), switch=head.switch)
        self._events: list[Event] = []
        self._postings: dict[int, list[Posting]] = {}
        self._taken: dict[tuple[str, Side, Decimal], Taken] = {}
        self._open: list[Open] | None = None

    @property
    def switch(self) -> Switch:
        """The kill switch as it stands."""
        return self._replay.switch

    @property
    def cash_currencies(self) -> frozenset[str]:
        """The units that are cash."""
        return accounts.currencies(self._replay.balances)

    def available(self, entry: Entry, without: str | None = None) -> Decimal:
        """The balance of `entry` less what open orders, one perhaps left out, have reserved of it."""
        held = self._replay.balances.get(entry, Decimal(0))
        reserved = accounts.reserved((order.terms, order.remaining) for order in self._others(without))
        return held - reserved.get(entry, Decimal(0))

    def holdings(self, order: Order, book: Book, limits: Limits) -> Holdings:
        """What the account has and did beside an order that was just received."""
        balances, others = self._replay.balances, self._others(order.replaces)
        same = [other for other in others if other.symbol == order.symbol]
        opposite = [other.limit_price for other in same if other.side != order.side]
        held = accounts.holding(order.symbol, book.base_asset, self.cash_currencies)
        buys = [(other.terms, other.remaining * other.limit_price) for other in others if other.side == "buy"]
        return Holdings(
            position=None if held.name == "cash" else balances.get(held, Decimal(0)),
            open_buys=sum((other.remaining for other in same if other.side == "buy"), Decimal(0)),
            exposure=accounts.exposure(balances, book.quote_currency, buys),
            opposite=(min if order.side == "buy" else max)(opposite, default=None),
            recent=self._recent(limits.max_orders_per_second),
            twin=self._twin(order, limits.duplicate_seconds),
        )

    def first_answer(self, client_order_id: str) -> Order | None:
        """The first answer to a client's key, None for a new key."""
        return rows.first_answer(self._connection, self.account, client_order_id)

    def load(self, order_id: str) -> Order:
        """The order as it is now; raises `UnknownOrder`."""
        table = schema.orders.c
        found = rows.orders(self._connection, table.order_id == order_id, table.account == self.account)
        if not found:
            raise UnknownOrder(order_id)
        order = found[0]
        self._replay.orders[order_id] = order
        if order.status in OPEN:
            self._replay.terms[order_id] = rows.terms_of(self._connection, [order_id])[order_id]
        return order

    def load_open(self, symbol: str | None, most: int) -> list[Order]:
        """Open orders of one symbol or of all, newest first, at most so many."""
        table = schema.orders.c
        conditions = [table.account == self.account, table.is_open, *([table.symbol == symbol] if symbol else [])]
        found = rows.orders(self._connection, *conditions, limit=most)
        self._replay.orders |= {order.order_id: order for order in found}
        self._replay.terms |= rows.terms_of(self._connection, [order.order_id for order in found])
        return found

    def resting(self, symbol: str) -> list[Resting]:
        """The symbol's open orders as far as matching needs them, oldest first."""
        return rows.resting(self._connection, self.account, symbol)

    def terms(self, order: Order) -> Terms:
        """What a loaded open order was accepted on."""
        return self._replay.terms[order.order_id]

    def receive(self, request: OrderRequest, replaces: str | None = None) -> Order:
        """Records a checked request as a new order, which may be one in place of another."""
        number = self._head.sequence + 1
        return self._step(f"{self.account}-{number}", events.Received(request=request, replaces=replaces))

    def deny(self, order: Order, denials: tuple[Denial, ...]) -> Order:
        """Records why the guardrails refused."""
        return self._step(order.order_id, events.Denied(denials=denials))

    def accept(self, order: Order, terms: Terms) -> Order:
        """Records that the order may trade; from here on its reserve counts."""
        return self._step(order.order_id, events.Accepted(terms=terms))

    def fill(
        self, order: Order, price: Decimal, quantity: Decimal, fee: Decimal, liquidity: Literal["taker", "maker"]
    ) -> Order:
        """Records one fill with its postings."""
        part = Fill(
            trade_id=f"{order.order_id}-{len(order.fills) + 1}",
            price=tidy(price),
            quantity=tidy(quantity),
            fee=tidy(fee),
            filled_at=self.at,
        )
        return self._step(order.order_id, events.Filled(fill=part, liquidity=liquidity))

    def end(self, order: Order, status: Literal["cancelled", "expired"], reason: str) -> Order:
        """Records that the rest of the order will not be traded."""
        return self._step(order.order_id, events.Ended(status=status, reason=reason))

    def open_account(self, cash: Mapping[str, Decimal]) -> None:
        """Records the starting cash."""
        self._record(None, events.Opened(cash=dict(cash)))

    def set_switch(self, switch: Switch) -> None:
        """Records the kill switch, when that changes it."""
        if switch != self._replay.switch:
            self._record(None, events.Switched(engaged=switch.engaged, reason=switch.reason))

    def levels(self, book: Book, side: Side) -> list[Level]:
        """The levels that an order of `side` can trade against, without what our own fills have used up."""
        shown = book.asks if side == "buy" else book.bids
        taken = rows.taken(self._connection, self.account, book.symbol, side)
        prices = {level.price for level in shown}
        gone = [price for price, seen in taken.items() if price not in prices and seen.seen_at < book.received_at]
        writes.forget(self._connection, self.account, book.symbol, side, gone)
        self._taken |= {(book.symbol, side, price): seen for price, seen in taken.items() if price not in gone}
        return left(shown, taken, book.received_at)

    def consume(self, book: Book, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Notes that `quantity` of the level at `price` is used up."""
        shown = next(level for level in (book.asks if side == "buy" else book.bids) if level.price == price)
        key = (book.symbol, side, price)
        seen = take(shown, self._taken.get(key), quantity, book.sequence, book.received_at)
        self._taken[key] = seen
        writes.consumption(self._connection, self.account, key, seen)

    def flush(self) -> None:
        """Writes everything that was recorded; called once, just before the commit."""
        if self._events:
            writes.log(self._connection, self._events, self._postings)
            writes.orders(self._connection, self._summed(), self._replay.terms)
            writes.balances(self._connection, self.account, self._touched())
            writes.head(self._connection, self._events[-1], self._replay.switch)

    def _others(self, without: str | None) -> list[Open]:
        """The open orders, one perhaps left out."""
        if self._open is None:
            self._open = rows.open_orders(self._connection, self.account)
        return [order for order in self._open if order.order_id != without]

    def _recent(self, most: int) -> int:
        return rows.recent(self._connection, self.account, self.at - timedelta(seconds=1), most)

    def _twin(self, order: Order, seconds: float) -> str | None:
        return rows.twin(self._connection, order, self.at - timedelta(seconds=seconds)) if seconds else None

    def _summed(self) -> list[Change]:
        """One change for each order, however many events it had."""
        first: dict[str, Change] = {}
        for change in self.changes:
            first.setdefault(change.after.order_id, change)
        return [change._replace(after=self._replay.orders[order_id]) for order_id, change in first.items()]

    def _touched(self) -> dict[Entry, Decimal]:
        entries = {posting.entry for parts in self._postings.values() for posting in parts}
        return {entry: self._replay.balances[entry] for entry in entries}

    def _step(self, order_id: str, content: events.Any) -> Order:
        self._record(order_id, content)
        return self._replay.orders[order_id]

    def _record(self, order_id: str | None, content: events.Any) -> None:
        event = events.make(self.account, self._head.sequence + 1, order_id, self.at, content, self._head.hash)
        effect = self._replay.apply(event)
        self._head = rows.Head(event.sequence, event.hash, self._replay.switch)
        self._events.append(event)
        self._postings[event.sequence] = effect.postings
        if effect.change is not None:
            self.changes.append(effect.change)
