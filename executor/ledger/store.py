"""The ledger: opens itself, answers questions, and lends transactions for every change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TypeVar

import sqlalchemy as sa

from common.wire import Account, Order, Position
from executor import account as accounts
from executor.account import Balances
from executor.errors import LedgerUnavailable
from executor.guardrails.controls import EVERYTHING, Controls
from executor.ledger import admin, rows, schema
from executor.ledger.engine import make_engine, reading, writing
from executor.ledger.events import GENESIS, LedgerEvent
from executor.ledger.group import GroupCommit
from executor.ledger.leader import MatchingLeader
from executor.ledger.lookup import lock_account
from executor.ledger.migrate import migrate
from executor.ledger.transaction import Transaction
from executor.losses import Anchors
from executor.orders import PRECISION, tidy
from executor.settings import LedgerSettings
from executor.timing import StageMetrics, StageTimer

T = TypeVar("T")

ACCOUNTS_LOCK = "accounts"
"""The lock of the list of accounts. Its holder may take the accounts' own locks, by name; nobody takes it after one."""


@dataclass(frozen=True)
class AccountState:
    """The account at one moment.

    account: cash, what open orders have reserved of it, and the sequence of the latest event.
    controls: kill switches, holds, and the limits that an operator has set.
    balances: every balance of the account.
    anchors: the equities that losses are measured from; None before the equity was first known.
    open_forbidden: true when an order is open that the controls forbid.
    """

    account: Account
    controls: Controls
    balances: Balances
    anchors: Anchors | None
    open_forbidden: bool


@dataclass(frozen=True)
class OrderChanges:
    """Orders that changed, or that are open.

    sequence: the ledger's sequence up to which nothing is missing.
    orders: the orders as of then.
    state: the account as of then; None when there are more orders than were asked for.
    """

    sequence: int
    orders: Sequence[Order]
    state: AccountState | None


class Ledger:
    """One account's ledger, which any number of executors share.

    Every method raises `LedgerUnavailable` when the database is away. None of them waits longer than a few seconds.

    account_name: the account's name.
    now: returns the time that the ledger would record.
    leader: the right to match resting orders, which one executor holds.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        now: Callable[[], datetime],
        stages: StageMetrics,
        committed: Callable[[], None],
    ) -> None:
        """`now` gives the time to record; `stages` takes the durations; `committed` is called after each commit."""
        self.account_name = settings.account
        self.now, self._settings, self._stages, self._committed = now, settings, stages, committed
        self._engine = make_engine(settings.url, settings.password)
        self._preparing = threading.Lock()
        self._prepared = False
        self.leader = MatchingLeader(self._engine, f"matching:{settings.account}")
        self._group = GroupCommit(self.transaction, stages)

    def prepare(self) -> None:
        """Brings the tables up to date and opens the account, once; later calls do nothing."""
        with self._preparing:
            if self._prepared:
                return
            self._migrate()
            with localcontext(prec=PRECISION), writing(self._engine, ACCOUNTS_LOCK) as connection:
                if rows.head(connection, self.account_name) is None:
                    first = rows.LedgerHead(0, GENESIS, Controls())
                    transaction = Transaction(connection, self.account_name, first, {}, self.now())
                    transaction.open_account(self._settings.starting_cash)
                    _copy_switch_of_all(transaction, rows.all_controls(connection))
                    transaction.flush()
            self._prepared = True

    def _migrate(self) -> None:
        patient = make_engine(self._settings.url, self._settings.password, patient=True)
        try:
            migrate(patient)
        finally:
            patient.dispose()

    def close(self) -> None:
        """Closes all connections."""
        self.leader.resign()
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Lends the account under its lock. A clean exit commits everything, an exception undoes everything."""
        with self.transactions(every_account=False) as [transaction]:
            yield transaction

    @contextmanager
    def transactions(self, *, every_account: bool) -> Iterator[Sequence[Transaction]]:
        """Lends, as `transaction`, this account alone or every account of the ledger: all are changed, or none is.

        The locks are taken in the order of the accounts' names, so that two of these can't wait for each other.
        """
        self._require_prepared()
        timer = StageTimer(self._stages)
        lock = ACCOUNTS_LOCK if every_account else None
        with localcontext(prec=PRECISION), writing(self._engine, lock) as connection:
            names = sorted(rows.accounts(connection)) if every_account else [self.account_name]
            transactions = [self._begin(connection, name) for name in names]
            timer.end("lock")
            yield transactions
            timer.end("decide")
            for transaction in transactions:
                transaction.flush()
            timer.end("write")
        timer.end("commit")
        self._committed()

    def _begin(self, connection: sa.Connection, account: str) -> Transaction:
        head, balances = lock_account(connection, account)
        return Transaction(connection, account, head, balances, self.now())

    def do(self, work: Callable[[Transaction], T], *, key: str | None = None, symbol: str | None = None) -> T:
        """Returns what `work` returns, as soon as everything that it did is durable.

        It shares a transaction with the works that arrive meanwhile. An exception of `work` undoes its own part alone.
        `key` and `symbol` are the client's key and the symbol of an order: the reads of all orders are made together.
        """
        return self._group.do(work, key, symbol)

    def order(self, order_id: str) -> Order:
        """Returns the order as it is now. Raises `UnknownOrder`."""
        with self._reading() as connection:
            return rows.order(connection, self.account_name, order_id)

    def orders(self, limit: int, *, only_open: bool = False, before: int | None = None) -> list[Order]:
        """Returns up to `limit` orders, newest first; with `before`, only those with a lower number."""
        table = schema.orders.c
        conditions = [table.account == self.account_name, *([table.is_open] if only_open else [])]
        conditions += [] if before is None else [table.received_sequence < before]
        with self._reading() as connection:
            return rows.orders(connection, *conditions, limit=limit)

    def events(self, limit: int, *, kind: str | None = None, before: int | None = None) -> list[LedgerEvent]:
        """Returns up to `limit` events, newest first; with `kind` or `before`, only those of it, or below it."""
        log = schema.events.c
        conditions = [log.account == self.account_name, *([] if kind is None else [log.kind == kind])]
        conditions += [] if before is None else [log.sequence < before]
        with self._reading() as connection:
            return rows.latest_events(connection, *conditions, limit=limit)

    def resting_orders(self) -> list[rows.RestingOrder]:
        """Returns all open orders, with the fields that matching needs."""
        with self._reading() as connection:
            return rows.resting_orders(connection, self.account_name)

    def account_state(self) -> AccountState:
        """Returns the account, all of one moment."""
        with self._reading() as connection:
            return self._state(connection, self._head(connection))

    def head(self) -> rows.LedgerHead:
        """Returns the sequence of the account's latest event, and the controls after it."""
        with self._reading() as connection:
            return self._head(connection)

    def changes(self, after: int, most: int) -> OrderChanges:
        """Returns up to `most` orders that changed after a sequence, in the order of their latest change."""
        table = schema.orders.c
        with self._reading() as connection:
            head = self._head(connection)
            changed = (table.account == self.account_name, table.sequence > after)
            found = rows.orders(connection, *changed, limit=most + 1, by_change=True)
            if len(found) > most:
                return OrderChanges(found[most - 1].sequence, found[:most], None)
            return OrderChanges(head.sequence, found, self._state(connection, head))

    def open_orders(self, most: int) -> OrderChanges:
        """Returns up to `most` open orders, newest first, and the account, all of one moment."""
        table = schema.orders.c
        with self._reading() as connection:
            head = self._head(connection)
            found = rows.orders(connection, table.account == self.account_name, table.is_open, limit=most)
            return OrderChanges(head.sequence, found, self._state(connection, head))

    def positions(self) -> list[Position]:
        """Returns one position for each symbol that was ever held."""
        with self._reading() as connection:
            return accounts.positions(rows.balances(connection, self.account_name))

    def _state(self, connection: sa.Connection, head: rows.LedgerHead) -> AccountState:
        balances = rows.balances(connection, self.account_name)
        open_orders = rows.open_orders(connection, self.account_name)
        anchors = rows.anchors(connection, self.account_name)
        forbidden = any(head.controls.forbids(order.symbol, order.side) is not None for order in open_orders)
        account = self._account(head, balances, open_orders)
        return AccountState(account, head.controls, balances, anchors, open_forbidden=forbidden)

    def _account(self, head: rows.LedgerHead, balances: Balances, open_orders: Sequence[rows.OpenOrder]) -> Account:
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

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self._require_prepared()
        with localcontext(prec=PRECISION), reading(self._engine) as connection:
            yield connection

    def _require_prepared(self) -> None:
        if not self._prepared:
            raise LedgerUnavailable("its tables are not ready yet")

    def _head(self, connection: sa.Connection) -> rows.LedgerHead:
        head = rows.head(connection, self.account_name)
        if head is None:
            raise LedgerUnavailable("the account is not open")
        return head


def _copy_switch_of_all(transaction: Transaction, others: Iterable[Controls]) -> None:
    """Stops a new account while the kill switch of all accounts is engaged."""
    for reason in {other.switches[EVERYTHING] for other in others if EVERYTHING in other.switches}:
        admin.switch(transaction, engaged=True, reason=reason, scope=EVERYTHING)
