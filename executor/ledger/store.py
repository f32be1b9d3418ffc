"""The ledger: opens itself, answers questions, and lends transactions to whoever changes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from common.wire import Account, Order, Position
from executor import account as accounts
from executor.errors import LedgerUnavailable, UnknownOrder
from executor.ledger import rows, schema
from executor.ledger.engine import make_engine, reading, writing
from executor.ledger.events import GENESIS
from executor.ledger.group import Group
from executor.ledger.migrate import migrate
from executor.ledger.replay import Switch
from executor.ledger.transaction import Transaction
from executor.ledger.turn import Turn
from executor.orders import PRECISION, tidy

T = TypeVar("T")


class Ledger:
    """One account's ledger, which any number of executors share. Every method raises `LedgerUnavailable` when the
    database is away; none of them waits longer than a few seconds."""

    def __init__(
        self, url: str, password: str, account: str, starting_cash: Mapping[str, Decimal], now: Callable[[], datetime]
    ) -> None:
        self.account_name = account
        self._starting_cash = starting_cash
        self._now = now
        self._engine = make_engine(url, password)
        self._preparing = threading.Lock()
        self._prepared = False
        self.turn = Turn(self._engine, f"matching:{account}")
        self._group = Group(self.transaction)

    def prepare(self) -> None:
        """Brings the tables up to date and opens the account, once; asked again it does nothing."""
        with self._preparing:
            if self._prepared:
                return
            migrate(self._engine)
            with localcontext(prec=PRECISION), writing(self._engine, self._lock) as connection:
                if rows.head(connection, self.account_name) is None:
                    first = rows.Head(0, GENESIS, Switch())
                    transaction = Transaction(connection, self.account_name, first, self._now())
                    transaction.open_account(self._starting_cash)
                    transaction.flush()
            self._prepared = True

    def close(self) -> None:
        """Gives all connections back."""
        self.turn.give_up()
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The account under its lock. Leaving it well commits everything, an exception undoes everything."""
        self._require_prepared()
        with localcontext(prec=PRECISION), writing(self._engine, self._lock) as connection:
            head = self._head(connection)
            transaction = Transaction(connection, self.account_name, head, self._now())
            yield transaction
            transaction.flush()

    def do(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, once all that it did under the account's lock is durable; it shares a transaction with
        what others do meanwhile. What it raises undoes what it did."""
        return self._group.do(work)

    def first_answer(self, client_order_id: str) -> Order | None:
        """The first answer to a client's key, None for a new key."""
        with self._reading() as connection:
            return rows.first_answer(connection, self.account_name, client_order_id)

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

    def resting(self) -> list[rows.Resting]:
        """All open orders, as far as matching needs them."""
        with self._reading() as connection:
            return rows.resting(connection, self.account_name)

    def account(self) -> Account:
        """Cash, what open orders have reserved of it, and the kill switch, all of one moment."""
        with self._reading() as connection:
            head = self._head(connection)
            balances = rows.balances(connection, self.account_name)
            open_orders = rows.open_orders(connection, self.account_name)
        with localcontext(prec=PRECISION):
            reserved = accounts.reserved((order.terms, order.remaining) for order in open_orders)
        cash = {unit: accounts.cash(unit) for unit in sorted(accounts.currencies(balances))}
        return Account(
            account=self.account_name,
            cash={unit: tidy(balances[entry]) for unit, entry in cash.items()},
            reserved={unit: tidy(reserved.get(entry, Decimal(0))) for unit, entry in cash.items()},
            open_orders=len(open_orders),
            kill_switch=head.switch.engaged,
            sequence=head.sequence,
        )

    def positions(self) -> list[Position]:
        """What is, or was, held of each symbol."""
        with self._reading() as connection:
            held = accounts.positions(rows.balances(connection, self.account_name))
        return [msgspec.structs.replace(position, average_cost=tidy(position.average_cost)) for position in held]

    def switch(self) -> Switch:
        """The kill switch."""
        with self._reading() as connection:
            return self._head(connection).switch

    @property
    def _lock(self) -> str:
        return f"account:{self.account_name}"

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
