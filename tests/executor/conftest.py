"""Fixtures of the executor's tests: market data on loopback, and a ledger in a PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from executor.guardrails import Limits
from executor.ledger.timings import LedgerTimings
from tests.executor import postgres
from tests.executor.standin import (
    CASH,
    LEADS,
    PATIENT,
    Executor,
    MarketData,
    Place,
    make_executor,
    market_data,
    serving,
)

MakeExecutor = Callable[..., Executor]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture(autouse=True, scope="module")
def _all_closed() -> Iterator[None]:
    """No executor goes on after its tests: it would look for its lost database for as long as others run."""
    yield
    assert [thread for thread in threading.enumerate() if thread.name == LEADS] == []


@pytest.fixture(autouse=True)
def _dropped(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leaves no database behind."""
    if "postgres_server" not in request.fixturenames:
        yield
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.dropping():
        yield


@pytest.fixture
def place(postgres_server: postgres.Server) -> Place:
    """A ledger of its own without any account."""
    return postgres_server.new_place()


@pytest.fixture
def marketdata() -> Iterator[MarketData]:
    """Market data over a real socket."""
    with serving(market_data()) as data:
        yield data


@pytest.fixture
def timings() -> LedgerTimings:
    """The limits on waiting for the ledger: patient, but in tests that are about them."""
    return PATIENT


@pytest.fixture
def make(marketdata: MarketData, timings: LedgerTimings) -> Iterator[MakeExecutor]:
    """Makes executors that share the market data, with their ledger ready; closes them at the end."""
    made: list[Executor] = []

    def build(
        place: Place,
        *,
        cash: dict[str, Decimal] = CASH,
        fee: str = "0.1",
        ready: bool = True,
        limits: Limits | None = None,
        now: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] | None = None,
        account: str = "paper",
        switches_all: bool = True,
    ) -> Executor:
        executor = make_executor(
            replace(place, timings=timings),
            marketdata,
            cash=cash,
            fee=fee,
            limits=limits,
            now=now,
            monotonic=monotonic,
            account=account,
            switches_all=switches_all,
        )
        made.append(executor)
        if ready:
            executor.start_writing()
        return executor

    yield build
    for executor in made:
        executor.close()


@pytest.fixture
def executor(make: MakeExecutor, place: Place) -> Executor:
    """One executor."""
    return make(place)


@pytest.fixture(scope="module")
def door(postgres_server: postgres.Server) -> Iterator[Executor]:
    """One executor for all calls of a module that it refuses: they leave nothing behind."""
    with serving(market_data()) as data:
        executor = make_executor(postgres_server.new_place(), data)
        executor.start_writing()
        yield executor
        executor.close()
