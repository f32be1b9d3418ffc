"""The ledger: opens itself, answers questions, and lends transactions to whoever changes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from common.wire import Account, Order, Position
from executor import account as accounts
from executor.account import Balances
from executor.equity import Anchors
from executor.errors import LedgerUnavailable, UnknownOrder
from executor.guardrails.controls import EVERYTHING, Controls
from executor.ledger import rows, schema
from executor.ledger.engine import make_engine, reading, writing
from executor.ledger.events import GENESIS, Event
from executor.ledger.group import Group
from executor.ledger.known import locked
from executor.ledger.migrate import migrate
from executor.ledger.transaction import Transaction
from executor.ledger.turn import Turn
from executor.orders import PRECISION, tidy
from executor.timing import Laps, Nobody, Observer

T = TypeVar("T")


@dataclass(frozen=True)
class Condition:
    """How the account is at one moment: cash, what open orders have reserved of it, what is stopped, all balances, what
    its equity is measured from, and whether an order is open that the controls forbid."""

    account: Account
    controls: Controls
    balances: Balances
    anchors: Anchors | None
    open_forbidden: bool


@dataclass(frozen=True)
class Changes:
    """Orders as they were when the account's log had come to `sequence`, and how the account was then; without the
    account, there are more of them."""

    sequence: int
    orders: Sequence[Order]
    condition: Condition | None


class Ledger:
    """One account's ledger, which any number of executors share; `observer` is told how long its stages take, and
    `committed` is called after each commit. Every method raises `LedgerUnavailable` when the database is away; none of
    them waits longer than a few seconds."""

    def __init__(
        self, url: str, password: str, account: str, starting_cash: Mapping[str, Decimal], now: Callable[[], datetime]
    ) -> None:
        self.account_name = account
        self._starting_cash = starting_cash
        self._now = now
        self._url, self._password = url, password
        self._engine = make_engine(url, password)
        self._preparing = threading.Lock()
        self._prepared = False
        self.turn = Turn(self._engine, f"matching:{account}")
        self.observer: Observer = Nobody()
        self.committed: Callable[[], None] = _nobody_waits
        self._group = Group(self.transaction, lambda: self.observer)

    def prepare(self) -> None:
        """Brings the tables up to date and opens the account, once; asked again it does nothing."""
        with self._preparing:
            if self._prepared:
                return
            self._migrate()
            with localcontext(prec=PRECISION), writing(self._engine, _lock(self.account_name)) as connection:
                if rows.head(connection, self.account_name) is None:
                    first = rows.Head(0, GENESIS, Controls())
                    transaction = Transaction(connection, self.account_name, first, {}, self._now())
                    transaction.open_account(self._starting_cash)
                    _follow_others(transaction, rows.all_controls(connection))
                    transaction.flush()
            self._prepared = True

    def _migrate(self) -> None:
        patient = make_engine(self._url, self._password, patient=True)
        try:
            migrate(patient)
        finally:
            patient.dispose()

    def close(self) -> None:
        """Gives all connections back."""
        self.turn.give_up()
        self._engine.dispose()

    @contextmanager
    def transaction(self, account: str | None = None) -> Iterator[Transaction]:
        """The account, or another one, under its lock. Leaving it well commits everything, an exception undoes
        everything."""
        self._require_prepared()
        name = account or self.account_name
        laps = Laps(self.observer)
        with localcontext(prec=PRECISION), writing(self._engine) as connection:
            head, balances = locked(connection, _lock(name), name)
            transaction = Transaction(connection, name, head, balances, self._now())
            laps.lap("lock")
            yield transaction
            laps.lap("decide")
            transaction.flush()
            laps.lap("write")
        laps.lap("commit")
        self.committed()

    def do(self, work: Callable[[Transaction], T], *, key: str | None = None, symbol: str | None = None) -> T:
        """What `work` returns, once all that it did under the account's lock is durable; it shares a transaction with
        what others do meanwhile. What it raises undoes what it did. `key` is the client's and `symbol` that of the
        order, where there is one: what all of them need is read together."""
        return self._group.do(work, key, symbol)

    def now(self) -> datetime:
        """The time that the ledger records."""
        return self._now()

    def accounts(self) -> list[str]:
        """The names of all accounts in the ledger."""
        with self._reading() as connection:
            return rows.accounts(connection)

    def order(self, order_id: str) -> Order:
        """The order as it is now; raises `UnknownOrder`."""
        table = schema.orders.c
        with self._reading() as connection:
            found = rows.orders(connection, table.order_id == order_id, table.account == self.account_name)
        if not found:
            raise UnknownOrder(order_id)
        return found[0]

    def orders(self, limit: int, *, only_open: bool = False, before: int | None = None) -> list[Order]:
        """Up to `limit` orders, newest first; only those whose number is below `before`, if that is given."""
        table = schema.orders.c
        conditions = [table.account == self.account_name, *([table.is_open] if only_open else [])]
        conditions += [] if before is None else [table.received_sequence < before]
        with self._reading() as connection:
            return rows.orders(connection, *conditions, limit=limit)

    def events(self, limit: int, *, kind: str | None = None, before: int | None = None) -> list[Event]:
        """Up to `limit` events, newest first; only those of a kind, and below a sequence, if these are given."""
        log = schema.events.c
        conditions = [log.account == self.account_name, *([] if kind is None else [log.kind == kind])]
        conditions += [] if before is None else [log.sequence < before]
        with self._reading() as connection:
            return rows.latest_events(connection, *conditions, limit=limit)

    def resting(self) -> list[rows.Resting]:
        """All open orders, as far as matching needs them."""
        with self._reading() as connection:
            return rows.resting(connection, self.account_name)

    def condition(self) -> Condition:
        """How the account is, all of one moment."""
        with self._reading() as connection:
            return self._condition(connection, self._head(connection))

    def sequence(self) -> int:
        """The sequence of the account's latest event."""
        with self._reading() as connection:
            return self._head(connection).sequence

    def changes(self, after: int, most: int) -> Changes:
        """Up to `most` orders that changed after a sequence, as they are now, in the order of their latest change."""
        table = schema.orders.c
        with self._reading() as connection:
            head = self._head(connection)
            changed = (table.account == self.account_name, table.sequence > after)
            found = rows.orders(connection, *changed, limit=most + 1, by_change=True)
            if len(found) > most:
                return Changes(found[most - 1].sequence, found[:most], None)
            return Changes(head.sequence, found, self._condition(connection, head))

    def open_now(self, most: int) -> Changes:
        """Up to `most` open orders, newest first, and the account, all of one moment."""
        table = schema.orders.c
        with self._reading() as connection:
            head = self._head(connection)
            found = rows.orders(connection, table.account == self.account_name, table.is_open, limit=most)
            return Changes(head.sequence, found, self._condition(connection, head))

    def _condition(self, connection: sa.Connection, head: rows.Head) -> Condition:
        balances = rows.balances(connection, self.account_name)
        open_orders = rows.open_orders(connection, self.account_name)
        anchors = rows.anchors(connection, self.account_name)
        forbidden = any(head.controls.forbids(order.symbol, order.side) is not None for order in open_orders)
        account = self._account(head, balances, open_orders)
        return Condition(account, head.controls, balances, anchors, open_forbidden=forbidden)

    def _account(self, head: rows.Head, balances: Balances, open_orders: Sequence[rows.Open]) -> Account:
        with localcontext(prec=PRECISION):
            reserved = accounts.reserved((order.terms, order.remaining) for order in open_orders)
        cash = {unit: accounts.cash(unit) for unit in sorted(accounts.currencies(balances))}
        return Account(
            account=self.account_name,
            cash={unit: tidy(balances[entry]) for unit, entry in cash.items()},
            reserved={unit: tidy(reserved.get(entry, Decimal(0))) for unit, entry in cash.items()},
            open_orders=len(open_orders),
            kill_switch=head.controls.killed is not None,
            sequence=head.sequence,
        )

    def positions(self) -> list[Position]:
        """What is, or was, held of each symbol."""
        with self._reading() as connection:
            held = accounts.positions(rows.balances(connection, self.account_name))
        return [msgspec.structs.replace(position, average_cost=tidy(position.average_cost)) for position in held]

    def controls(self) -> Controls:
        """What is stopped, and the limits set."""
        with self._reading() as connection:
            return self._head(connection).controls

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self._require_prepared()
        with localcontext(prec=PRECISION), reading(self._engine) as connection:
            yield connection

    def _require_prepared(self) -> None:
        if not self._prepared:
            raise LedgerUnavailable("its tables are not ready yet")

    def _head(self, connection: sa.Connection) -> rows.Head:
        head = rows.head(connection, self.account_name)
        if head is None:
            raise LedgerUnavailable("the account is not open")
        return head


def _nobody_waits() -> None:
    """Nobody is told of commits."""


def _lock(account: str) -> str:
    return f"account:{account}"


def _follow_others(transaction: Transaction, others: Iterable[Controls]) -> None:
    """A new account is stopped like all others while the kill switch of all is engaged."""
    for reason in {other.switches[EVERYTHING] for other in others if EVERYTHING in other.switches}:
        transaction.control.switch(engaged=True, reason=reason, scope=EVERYTHING)
