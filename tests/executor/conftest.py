"""Fixtures of the executor's tests: market data on loopback, and a ledger on each back end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from executor.guardrails import Limits
from tests.executor import postgres
from tests.executor.standin import CASH, Executor, MarketData, Place, make_executor, market_data, serving

MakeExecutor = Callable[..., Executor]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    with postgres.running(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty ledger on each back end."""
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path}/ledger.db")
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.new_place()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    """An empty ledger in a file, for what does not depend on the back end."""
    return Place(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def marketdata() -> Iterator[MarketData]:
    """Market data over a real socket."""
    with serving(market_data()) as data:
        yield data


@pytest.fixture
def make(marketdata: MarketData) -> Iterator[MakeExecutor]:
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
        account: str = "paper",
    ) -> Executor:
        executor = make_executor(place, marketdata, cash=cash, fee=fee, limits=limits, now=now, account=account)
        made.append(executor)
        if ready:
            executor.trading.ledger.prepare()
        return executor

    yield build
    for executor in made:
        executor.trading.ledger.close()


@pytest.fixture
def executor(make: MakeExecutor, place: Place) -> Executor:
    """One executor on each back end."""
    return make(place)


@pytest.fixture
def desk_executor(make: MakeExecutor, sqlite_place: Place) -> Executor:
    """One executor on a file, for what does not depend on the back end."""
    return make(sqlite_place)
