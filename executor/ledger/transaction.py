"""One change of the ledger under the account's lock: collects events and their effects, and writes all of it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa

from common.wire import Book, Denial, Fill, Level, Order, OrderRequest, Side
from executor import account as accounts
from executor import orders
from executor.account import Entry, Posting, Terms
from executor.guardrails import Holdings, Limits
from executor.guardrails.controls import Controls
from executor.ledger import events, rows, schema, writes
from executor.ledger.bulk import Bulk
from executor.ledger.consumption import Consumption
from executor.ledger.events import LedgerEvent
from executor.ledger.lookup import look_up
from executor.ledger.recent_orders import RecentOrders
from executor.ledger.replay import OrderChange, Replay
from executor.ledger.rows import OpenOrder, RestingOrder
from executor.orders import OPEN, tidy


@dataclass(frozen=True)
class Savepoint:
    """A point of a transaction to roll back to.

    head: the head as of then.
    events: how many events there were.
    changes: how many changes of orders there were.
    replay: the state as of then.
    consumption: the used levels as of then.
    open_orders: the open orders as of then, by id; None when they were not read yet.
    """

    head: rows.LedgerHead
    events: int
    changes: int
    replay: Replay
    consumption: Consumption
    open_orders: dict[str, OpenOrder] | None


class Transaction:
    """The account under its lock.

    at: the time that is recorded, UTC.
    account: the account's name.
    changes: the changes of orders so far.
    connection: the database's transaction.
    recent: the account's recent orders, this transaction's own included.
    """

    def __init__(
        self, connection: sa.Connection, account: str, head: rows.LedgerHead, balances: accounts.Balances, at: datetime
    ) -> None:
        self.at = at
        self.account = account
        self.changes: list[OrderChange] = []
        self.connection = connection
        self._head = head
        self._replay = Replay(balances=dict(balances), controls=head.controls)
        self._events: list[LedgerEvent] = []
        self._postings: dict[int, list[Posting]] = {}
        self._consumption = Consumption(connection, account)
        self._open: dict[str, OpenOrder] | None = None
        self._answered: dict[str, Order] = {}
        self._new_keys: Set[str] = frozenset()
        self._settled = 0
        self.recent = RecentOrders(connection, account, at, self.changes)

    @property
    def controls(self) -> Controls:
        """The kill switches, the holds and the operator's limits as they are now."""
        return self._replay.controls

    @property
    def cash_currencies(self) -> frozenset[str]:
        """The units that are cash."""
        return accounts.currencies(self._replay.balances)

    def available(self, entry: Entry, without: str | None = None) -> Decimal:
        """Returns the balance of `entry` less what open orders but `without` have reserved of it."""
        held = self._replay.balances.get(entry, Decimal(0))
        return held - self._reserved(without).get(entry, Decimal(0))

    def holdings(self, order: Order, book: Book, limits: Limits) -> Holdings:
        """Returns what the account holds and did, without the order that was just received."""
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
            recent=self.recent.orders(),
            twin=self.recent.twin(order, limits.duplicate_seconds),
            executions=self.recent.executions(order.symbol, order.side),
        )

    def savepoint(self) -> Savepoint:
        """Returns the present point, to roll back to."""
        replay = self._replay
        return Savepoint(
            head=self._head,
            events=len(self._events),
            changes=len(self.changes),
            replay=replace(replay, orders=dict(replay.orders), terms=dict(replay.terms)),
            consumption=self._consumption.copy(),
            open_orders=None if self._open is None else dict(self._open),
        )

    def roll_back_to(self, point: Savepoint) -> None:
        """Undoes everything since the savepoint; nothing of it was written yet."""
        for event in self._events[point.events :]:
            del self._postings[event.sequence]
        del self._events[point.events :], self.changes[point.changes :]
        self._head, self._replay, self._open = point.head, point.replay, point.open_orders
        self._consumption = point.consumption

    def settle(self) -> None:
        """Keeps each new order as it is now, as the first answer to its key."""
        for change in self.changes[self._settled :]:
            if change.before is None:
                self._answered[change.after.client_order_id] = self._replay.orders[change.after.order_id]
        self._settled = len(self.changes)

    def preload(self, keys: Sequence[str], symbols: Set[str]) -> None:
        """Reads together what orders with these keys and of these symbols will need; call it before any of them."""
        if keys:
            found = look_up(self.connection, self.account, self.at, keys, symbols)
            self._new_keys = found.new_keys
            self._open = {order.order_id: order for order in found.open_orders}
            self.recent.preload(found)
            self._consumption.preload(found.level_uses)

    def first_answer(self, client_order_id: str) -> Order | None:
        """Returns the first answer to a client's key; None for a new key."""
        if client_order_id in self._answered:
            return self._answered[client_order_id]
        if client_order_id in self._new_keys:
            return None
        return rows.first_answer(self.connection, self.account, client_order_id)

    def load(self, order_id: str) -> Order:
        """Returns the order as it is now. Raises `UnknownOrder`."""
        if order_id in self._replay.orders:
            return self._replay.orders[order_id]
        order = rows.order(self.connection, self.account, order_id)
        self._replay.orders[order_id] = order
        if order.status in OPEN:
            self._replay.terms[order_id] = rows.terms_of(self.connection, [order_id])[order_id]
        return order

    def load_open(self, most: int, *, symbol: str | None = None, side: Side | None = None) -> list[Order]:
        """Returns up to `most` open orders, newest first; with `symbol` or `side`, only those."""
        table = schema.orders.c
        wanted = {table.account: self.account, table.symbol: symbol, table.side: side}
        conditions = [table.is_open, *(column == value for column, value in wanted.items() if value is not None)]
        found = rows.orders(self.connection, *conditions, limit=most)
        self._replay.orders |= {order.order_id: order for order in found}
        self._replay.terms |= rows.terms_of(self.connection, [order.order_id for order in found])
        return found

    def load_forbidden(self, most: int) -> list[Order]:
        """Returns up to `most` open orders that the controls forbid, newest first of each symbol and side."""
        found: list[Order] = []
        for symbol, side in rows.open_places(self.connection, self.account):
            if len(found) < most and self.controls.forbids(symbol, side) is not None:
                found += self.load_open(most - len(found), symbol=symbol, side=side)
        return found

    def resting_orders(self, symbol: str) -> list[RestingOrder]:
        """Returns the symbol's open orders, oldest first, with the fields that matching needs."""
        return rows.resting_orders(self.connection, self.account, symbol)

    def terms(self, order: Order) -> Terms:
        """Returns the terms of a loaded open order."""
        return self._replay.terms[order.order_id]

    def receive(self, request: OrderRequest, replaces: str | None = None) -> Order:
        """Records a checked request as a new order; `replaces` is the order whose place it is to take."""
        number = self._head.sequence + 1
        return self._step(f"{self.account}-{number}", events.OrderReceived(request=request, replaces=replaces))

    def deny(self, order: Order, denials: tuple[Denial, ...]) -> Order:
        """Records the guardrails' denials, which end the order."""
        return self._step(order.order_id, events.OrderDenied(denials=denials))

    def accept(self, order: Order, terms: Terms) -> Order:
        """Records that the order may trade. From here on its reserve counts."""
        return self._step(order.order_id, events.OrderAccepted(terms=terms))

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
        return self._step(order.order_id, events.OrderFilled(fill=part, liquidity=liquidity))

    def end(self, order: Order, status: Literal["cancelled", "expired"], reason: str) -> Order:
        """Records that the rest of the order is not traded any more."""
        return self._step(order.order_id, events.OrderEnded(status=status, reason=reason))

    def shortage(self, postings: Sequence[Posting]) -> str | None:
        """Returns why the account can't have these postings; None when it can."""
        return accounts.shortage(self._replay.balances, self._reserved(None), postings)

    def open_account(self, cash: Mapping[str, Decimal]) -> None:
        """Records the starting cash."""
        self.record(None, events.AccountOpened(cash=dict(cash)))

    def levels(self, book: Book, side: Side) -> list[Level]:
        """Returns the levels that an order of `side` can trade against, less what our own fills have used."""
        return self._consumption.levels(book, side)

    def consume(self, book: Book, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Notes that `quantity` of the level at `price` is used."""
        self._consumption.consume(book, side, price, quantity)

    def flush(self) -> None:
        """Writes everything that was recorded; called once, just before the commit."""
        self.settle()
        together = Bulk()
        self._consumption.flush(together)
        if self._events:
            answered = {order.order_id: order.sequence for order in self._answered.values()}
            writes.log(together, self._events, self._postings)
            writes.orders(self.connection, together, self._summed(), self._replay.terms, answered)
            writes.balances(together, self.account, self._touched())
            self.recent.flush(together)
            writes.head(together, self._events[-1], self._replay.controls)
        together.write(self.connection)

    def _reserved(self, without: str | None) -> dict[Entry, Decimal]:
        return accounts.reserved((order.terms, order.remaining) for order in self._others(without))

    def _others(self, without: str | None) -> list[OpenOrder]:
        """Returns the open orders but `without`."""
        if self._open is None:
            self._open = {order.order_id: order for order in rows.open_orders(self.connection, self.account)}
            for change in self.changes:
                self._follow(change.after.order_id)
        return [order for order in self._open.values() if order.order_id != without]

    def _follow(self, order_id: str) -> None:
        """Brings the open orders up to date after a change of one."""
        order = self._replay.orders[order_id]
        if self._open is None:
            return
        if order.status not in OPEN or order.limit_price is None:
            self._open.pop(order_id, None)
            return
        terms = self._replay.terms[order_id]
        self._open[order_id] = OpenOrder(
            order_id, order.symbol, order.side, order.limit_price, orders.remaining(order), terms
        )

    def _summed(self) -> list[OrderChange]:
        """Returns one change for each order, from its state before the transaction to the present one."""
        first: dict[str, OrderChange] = {}
        for change in self.changes:
            first.setdefault(change.after.order_id, change)
        return [change._replace(after=self._replay.orders[order_id]) for order_id, change in first.items()]

    def _touched(self) -> dict[Entry, Decimal]:
        entries = {posting.entry for parts in self._postings.values() for posting in parts}
        return {entry: self._replay.balances[entry] for entry in entries}

    def _step(self, order_id: str, content: events.Content) -> Order:
        self.record(order_id, content)
        return self._replay.orders[order_id]

    def record(self, order_id: str | None, content: events.Content) -> LedgerEvent:
        """Records an event with all that follows from it; the event counts at once within the transaction."""
        event = events.make_event(self.account, self._head.sequence + 1, order_id, self.at, content, self._head.hash)
        effect = self._replay.apply(event)
        self._head = rows.LedgerHead(event.sequence, event.hash, self._replay.controls)
        self._events.append(event)
        self._postings[event.sequence] = effect.postings
        if effect.change is not None:
            self.changes.append(effect.change)
            self._follow(effect.change.after.order_id)
        return event
