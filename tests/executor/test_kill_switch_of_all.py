"""A kill switch for all accounts stops all of them or none, whenever the database goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from executor.app import create_app
from executor.ledger import Ledger
from executor.ledger.engine import make_engine
from executor.timing import StageMetrics
from tests.common.local import eventually
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import TOKEN, Executor, Place

STOP = {"engaged": True, "reason": "drill", "scope": "all"}
NAMES = ("paper", "second", "third")


@pytest.fixture
def wire(postgres_server: postgres.Server) -> Iterator[Wire]:
    cable = Wire(postgres_server.port)
    yield cable
    cable.close()


def engage(executor: Executor) -> int:
    answer = executor.client.put("/v1/kill-switch", json=STOP, headers={"Authorization": f"Bearer {TOKEN}"})
    return answer.status_code


def stopped(executors: list[Executor]) -> list[bool]:
    return [executor.get("/v1/kill-switch")["engaged"] for executor in executors]


@contextmanager
def waiting_for_a_lock(place: Place) -> Iterator[sa.Connection]:
    """Tells, over a connection of its own, whether a session of the database waits for an advisory lock."""
    engine = make_engine(place.url, place.password)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


def test_a_database_that_goes_away_between_two_accounts_leaves_none_stopped(
    make: MakeExecutor, postgres_server: postgres.Server, wire: Wire
) -> None:
    behind = postgres_server.new_place(wire.port)
    direct = Place(behind.url.replace(f":{wire.port}/", f":{postgres_server.port}/"), behind.password)
    others = [make(direct, account=name) for name in NAMES]
    executor, answers = make(behind), list[int]()
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with waiting_for_a_lock(direct) as looker, others[1].trading.ledger.transaction():
        asking = threading.Thread(target=lambda: answers.append(engage(executor)))
        asking.start()
        eventually(lambda: looker.execute(waits).scalar_one() > 0)
        wire.pull()
        asking.join(20)
    assert answers == [503]
    assert stopped(others) == [False, False, False]
    wire.plug()
    assert engage(executor) == 200
    assert stopped(others) == [True, True, True]


def test_no_commit_leaves_some_accounts_stopped_and_others_not(make: MakeExecutor, place: Place) -> None:
    """The database may go away after any commit."""
    executors, seen = [make(place, account=name) for name in NAMES], list[list[bool]]()
    executor, trading = executors[0], executors[0].trading
    ledger = Ledger(
        executor.settings.ledger,
        trading.ledger.now,
        StageMetrics(CollectorRegistry()),
        lambda: seen.append(stopped(executors)),
    )
    ledger.prepare()
    hooked = replace(executor.parts, trading=replace(trading, ledger=ledger))
    watched = replace(executor, parts=hooked, app=create_app(executor.settings, hooked))
    assert engage(watched) == 200
    ledger.close()
    assert seen
    assert all(each == [True, True, True] for each in seen)


def test_two_kill_switches_of_all_and_orders_of_every_account_do_not_wait_for_each_other(
    make: MakeExecutor, place: Place
) -> None:
    executors, statuses = [make(place, account=name) for name in NAMES], list[int]()

    def work(number: int) -> None:
        for count in range(5):
            statuses.append(engage(executors[number % 3]))
            statuses.append(executors[number % 3].order(client_order_id=f"{number}-{count}", quantity="0.1")[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(statuses) <= {200, 201}
    assert len(statuses) == 60
