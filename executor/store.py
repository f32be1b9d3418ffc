"""The ledger of one account, as the rest of the executor uses it: works go to the writer, questions to the tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from common.clock import Clock
from common.wire import Instrument, Order, Position, Side
from executor import account as accounts
from executor.account import Posting
from executor.errors import LedgerUnavailable, NotWriting
from executor.guardrails import Limits
from executor.guardrails.controls import EVERYTHING, Controls
from executor.ledger import listing, rows, schema
from executor.ledger.engine import make_engine, reading, tell_version, writing
from executor.ledger.events import LedgerEvent
from executor.ledger.fills import listed_fills
from executor.ledger.lease import Lease
from executor.ledger.listing import EventFilter, FillFilter, OrderFilter, Page
from executor.ledger.migrate import require_newest
from executor.ledger.walk import Walk
from executor.listing_messages import ListedFill
from executor.orders import PRECISION
from executor.paper import within
from executor.settings import LedgerSettings
from executor.steady import SteadyClock
from executor.timing import StageMetrics
from executor.writer import admin
from executor.writer.everywhere import do_everywhere
from executor.writer.job import Job
from executor.writer.reign import Reign, Told
from executor.writer.transaction import Transaction
from executor.writer.view import View
from executor.writer.writer import Writer

T = TypeVar("T")

ACCOUNTS_LOCK = "accounts"
"""The lock of the list of accounts."""


@dataclass(frozen=True)
class OrderChanges:
    """Orders that changed, or that are open.

    sequence: the ledger's sequence up to which nothing is missing.
    orders: the orders as of then.
    complete: false when there are more orders than were asked for.
    """

    sequence: int
    orders: Sequence[Order]
    complete: bool


class Ledger:
    """One account's ledger. Any number of executors read it, and one of them writes it.

    Every method raises `LedgerUnavailable` when the database is away. None of them waits longer than a few seconds.

    account_name: the account's name.
    clock: the clocks; its wall clock gives the times that are recorded, and follows no jump of the machine's.
    writer: this executor's part in writing the account.
    server_version: the version that PostgreSQL gave at the latest connection; None before the first.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        clock: Clock,
        stages: StageMetrics,
        told: Told,
        limits: Limits,
        name: str = "executor",
        address: Callable[[], str] = str,
    ) -> None:
        """`limits` are those of the settings; `name` and `address` are told to the other executors."""
        self.account_name, self.clock, self._settings = settings.account, SteadyClock.of(clock), settings
        self._engine = make_engine(settings.url, settings.password, settings.timings)
        self.server_version: str | None = None
        tell_version(self._engine, self._learn)
        self._preparing = threading.Lock()
        self._prepared = False
        lease = Lease(self._engine, settings.account, name, address, settings.timings)
        self.writer = Writer(self._engine, lease, self.clock, self._open_account, stages, told, limits)

    def prepare(self) -> None:
        """Makes sure, once, that the tables are of this version; later calls do nothing. Raises `LedgerUnavailable`."""
        with self._preparing:
            if not self._prepared:
                require_newest(self._engine)
                self._prepared = True

    def connections_used(self) -> int:
        """Returns how many connections to the database are lent now."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def _learn(self, version: str) -> None:
        self.server_version = version

    def step(self) -> float:
        """Looks at the tables once, and keeps or takes the lease; returns the seconds until the next step."""
        self.prepare()
        return self.writer.step()

    def close(self) -> None:
        """Gives the lease up and closes all connections."""
        self.writer.stop()
        self._engine.dispose()

    def do(self, work: Callable[[Transaction], T]) -> T:
        """Returns what `work` returns, as soon as everything that it did is durable.

        It shares a batch with the works that come meanwhile. An exception of `work` undoes its own part alone.
        Raises `LedgerUnavailable` also where this executor does not write the account.
        """
        return self._reign().do(work)

    def do_all(self, works: Sequence[Callable[[Transaction], T]]) -> Sequence[Job[T]]:
        """Does works one after the other in one batch, as `do`; returns them with their outcomes."""
        return self._reign().do_all(works)

    def rehearse(self, work: Callable[[Transaction], T]) -> T:
        """Returns what `work` would return now; nothing of what it does stays. Raises as `do`."""
        return self._reign().rehearse(work)

    def do_everywhere(self, work: Callable[[Transaction], object]) -> None:
        """Does a work on every account of the ledger: all are changed, or none is."""
        with localcontext(prec=PRECISION), writing(self._engine, ACCOUNTS_LOCK) as connection:
            do_everywhere(connection, sorted(rows.accounts(connection)), work, self.clock)
        self.writer.begin_anew("the account was changed from elsewhere")

    def remember(self, seconds: float) -> None:
        """Makes sure that orders which ask for the same are known for so many seconds back. Raises as `do`."""
        self._reign()
        self.writer.remember(seconds)

    def view(self) -> View:
        """Returns the account as of its latest durable event. Raises `LedgerUnavailable` as `do`."""
        return self._reign().view

    def find_open(self, order_id: str) -> Order | None:
        """Returns an open order as memory has it, which may not be durable yet; None when it knows none of this id."""
        reign = self.writer.reign
        found = None if reign is None else reign.open.by_id.get(order_id)
        return None if found is None else found.order

    def rests(self, symbol: str) -> bool:
        """Returns true when this executor writes the account and an order of the symbol is open."""
        reign = self.writer.reign
        return reign is not None and reign.open.of_symbol(symbol) > 0

    def is_valued_by(self, instrument: Instrument, currency: str) -> bool:
        """Returns true when this executor writes the account, whose value in a currency depends on a symbol's mark."""
        reign = self.writer.reign
        return reign is not None and reign.view.is_valued_by(instrument, currency)

    def reaches(self, symbol: str, side: Side, opposite: Decimal | None) -> bool:
        """Returns true when an open order of a symbol and side may trade at the best price of the other side."""
        reign = self.writer.reign
        best = None if reign is None else reign.open.ladder(symbol, side).best()
        return best is not None and opposite is not None and within(side, opposite, best)

    def order(self, order_id: str) -> Order:
        """Returns the order as it is now. Raises `UnknownOrder`."""
        with self._reading() as connection:
            return rows.order(connection, self.account_name, order_id)

    def first_answer(self, client_order_id: str) -> Order | None:
        """Returns the order of a client's key as it was first answered; None for a key that the tables don't know."""
        with self._reading() as connection:
            return rows.first_answer(connection, self.account_name, client_order_id)

    def list_orders(self, wanted: OrderFilter, limit: int, before: int | None = None) -> Page[Order]:
        """Returns a page of orders, newest first; `before` is the `next` of the page before."""
        with self._reading() as connection:
            return listing.orders(connection, self.account_name, wanted, limit, before)

    def list_events(self, wanted: EventFilter, limit: int, before: int | None = None) -> Page[LedgerEvent]:
        """Returns a page of events, newest first; `before` is the `next` of the page before."""
        with self._reading() as connection:
            return listing.events(connection, self.account_name, wanted, limit, before)

    def list_fills(self, wanted: FillFilter, limit: int, before: int | None = None) -> Page[ListedFill]:
        """Returns a page of fills, newest first; `before` is the `next` of the page before."""
        with self._reading() as connection:
            return listed_fills(connection, self.account_name, wanted, limit, before)

    def sequence(self) -> int:
        """Returns the sequence of the account's latest event; 0 before the first."""
        with self._reading() as connection:
            return rows.latest_sequence(connection, self.account_name)

    def changes(self, after: int, most: int) -> OrderChanges:
        """Returns up to `most` orders that changed after a sequence, in the order of their latest change."""
        table = schema.orders.c
        with self._reading() as connection:
            until = rows.latest_sequence(connection, self.account_name)
            changed = (table.account == self.account_name, table.sequence > after)
            found = rows.orders(connection, *changed, limit=most + 1, by_change=True)
        if len(found) > most:
            return OrderChanges(found[most - 1].sequence, found[:most], complete=False)
        return OrderChanges(until, found, complete=True)

    def open_orders(self, most: int) -> OrderChanges:
        """Returns up to `most` open orders, newest first, all of one moment."""
        table = schema.orders.c
        with self._reading() as connection:
            until = rows.latest_sequence(connection, self.account_name)
            found = rows.orders(connection, table.account == self.account_name, table.is_open, limit=most)
        return OrderChanges(until, found, complete=True)

    def known_fill(self, trade_id: str) -> rows.KnownFill | None:
        """Returns a fill with its postings; None when there is no such fill."""
        with self._reading() as connection:
            return rows.known_fill(connection, self.account_name, trade_id)

    def adjustment(self, client_key: str) -> LedgerEvent | None:
        """Returns what an operator's key did, of what is durable; None for a new key."""
        with self._reading() as connection:
            return rows.adjustment(connection, self.account_name, client_key)

    def postings(self, sequence: int) -> list[Posting]:
        """Returns the postings of one event."""
        with self._reading() as connection:
            return rows.postings(connection, self.account_name, sequence)

    def prove(self, walk: Walk, most: int) -> bool:
        """Proves up to `most` further events of a walk; true at the latest one. Raises `LedgerFault` too."""
        with self._reading() as connection:
            return walk.prove(connection, most)

    def ages(self) -> rows.LedgerAges:
        """Returns how old the latest backup and the account are."""
        with self._reading() as connection:
            return rows.ages(connection, self.account_name)

    def positions(self) -> list[Position]:
        """Returns one position for each symbol that was ever held."""
        return accounts.positions(self.view().balances)

    def _reign(self) -> Reign:
        reign = self.writer.reign
        if reign is None:
            raise NotWriting
        return reign

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        if not self._prepared:
            raise LedgerUnavailable("its tables are not ready yet")
        with localcontext(prec=PRECISION), reading(self._engine) as connection:
            yield connection

    def _open_account(self, reign: Reign, checkpoint: Callable[[], None]) -> None:
        """Opens the account while no switch of all accounts can be set."""
        with writing(self._engine, ACCOUNTS_LOCK) as connection:
            others = rows.all_controls(connection)

            def work(transaction: Transaction) -> None:
                transaction.open_account(self._settings.starting_cash)
                _copy_switch_of_all(transaction, others)

            reign.do(work)
            checkpoint()


def _copy_switch_of_all(transaction: Transaction, others: Iterable[Controls]) -> None:
    """Stops a new account while the kill switch of all accounts is engaged."""
    for reason in {other.switches[EVERYTHING] for other in others if EVERYTHING in other.switches}:
        admin.switch(transaction, engaged=True, reason=reason, scope=EVERYTHING)
