"""Ledgers for measurements: databases of one durable PostgreSQL, which is reached by its own address."""

from __future__ import annotations

import random
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from prometheus_client import CollectorRegistry

from common.clock import SYSTEM_CLOCK
from common.wire import OrderRequest
from executor.account import Terms
from executor.settings import LedgerSettings
from executor.store import Ledger
from executor.timing import StageMetrics
from executor.writer.reign import Told
from executor.writer.transaction import Transaction
from tests.chaos import database
from tests.chaos.database import Database
from tests.chaos.market import CASH
from tests.executor.standin import wide_limits

SYMBOLS = tuple(f"BTCTURK:C{number}TRY" for number in range(10))
TOGETHER = 100
"""Orders that one work records: so few that heartbeats come between."""
FAR, STEP = Decimal(50), Decimal("0.01")
STEPS = 2_000


@dataclass(frozen=True)
class Place:
    """A ledger's database.

    url, password: as the settings want them, for an executor.
    dsn: the same for the driver, for the superuser.
    """

    url: str
    password: str
    dsn: str


class Places:
    """Databases of one server."""

    def __init__(self, server: Database) -> None:
        self._server = server

    def new(self) -> Place:
        """Returns a new database with the tables of a ledger, none of which has a row."""
        name = f"b{secrets.token_hex(6)}"
        with self._server.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        self._server.give_roles(name)
        self._server.migrate(name)
        host, port = self._server.address()
        where, password = f"{host}:{port}/{name}", self._server.password
        return Place(f"postgresql+psycopg://spark_executor@{where}", password, f"postgresql://spark:{password}@{where}")


@contextmanager
def durable(options: Sequence[str] = ()) -> Iterator[Places]:
    """A server whose commits are on disk; `options` are further settings of it."""
    with tempfile.TemporaryDirectory() as folder, database.running(Path(folder), random.Random(), options) as server:
        yield Places(server)


@contextmanager
def ledger_at(place: Place) -> Iterator[Ledger]:
    """A ledger that this process writes, by hand: its heartbeat is the caller's."""
    settings = LedgerSettings(place.url, place.password, "paper", CASH)
    told = Told(lambda _: None, lambda: None)
    ledger = Ledger(settings, SYSTEM_CLOCK, StageMetrics(CollectorRegistry()), told, wide_limits())
    try:
        while ledger.writer.reign is None:
            time.sleep(min(0.1, ledger.step()))
        yield ledger
    finally:
        ledger.close()


def fill(place: Place, count: int, *, resting: bool) -> None:
    """Records so many orders: they rest far from any market, or have ended at once."""
    with ledger_at(place) as ledger:
        for first in range(0, count, TOGETHER):
            numbers = range(first, min(first + TOGETHER, count))
            ledger.do(lambda transaction, numbers=numbers: _record(transaction, numbers, resting))  # type: ignore[misc]
            ledger.step()


def _record(transaction: Transaction, numbers: range, resting: bool) -> None:
    for number in numbers:
        symbol = SYMBOLS[number % len(SYMBOLS)]
        request = OrderRequest(
            client_order_id=f"filled-{number}",
            symbol=symbol,
            side="buy",
            type="limit",
            quantity=Decimal("0.1"),
            limit_price=FAR + STEP * (number // len(SYMBOLS) % STEPS),
            time_in_force="GTC",
        )
        order = transaction.accept(transaction.receive(request, None, 0.0), _terms(symbol, request.limit_price))
        if not resting:
            transaction.end(order, "cancelled", "filled up for a measurement")


def _terms(symbol: str, price: Decimal | None) -> Terms:
    return Terms(
        base_asset=symbol.partition(":")[2].removesuffix("TRY"),
        quote_currency="TRY",
        reserve_name="cash",
        reserve_symbol="",
        reserve_unit="TRY",
        reserve_per_unit=price or Decimal(0),
        maker_fee_percent=Decimal("0.06"),
    )
