"""A kill switch for all accounts stops all of them or none, whenever the database goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.common.local import eventually
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Executor, Place

pytestmark = pytest.mark.slow

STOP = {"engaged": True, "reason": "drill", "scope": "all"}
NAMES = ("paper", "second", "third")


@pytest.fixture
def wire(postgres_server: postgres.Server) -> Iterator[Wire]:
    cable = Wire(postgres_server.port)
    yield cable
    cable.close()


def engage(executor: Executor) -> int:
    return executor.put("/v1/kill-switch", STOP)[0]


def stopped(executors: list[Executor]) -> list[bool]:
    return [executor.get("/v1/kill-switch")["engaged"] for executor in executors]


def test_a_database_that_goes_away_between_two_accounts_leaves_none_stopped(
    make: MakeExecutor, postgres_server: postgres.Server, wire: Wire
) -> None:
    behind = postgres_server.new_place(wire.port)
    direct = Place(behind.url.replace(f":{wire.port}/", f":{postgres_server.port}/"), behind.password)
    others = [make(direct, account=name) for name in NAMES[1:]]
    executor, answers = make(behind), list[int]()
    with postgres_server.connect(direct.url.rpartition("/")[2]) as locked, locked.transaction():
        locked.execute("SELECT 1 FROM leases WHERE account = %s FOR UPDATE", (NAMES[1],))
        asking = threading.Thread(target=lambda: answers.append(engage(executor)))
        asking.start()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with postgres_server.connect() as looker:
            eventually(lambda: (looker.execute(waits).fetchone() or (0,))[0])
        wire.pull()
        asking.join(20)
    assert answers == [503]
    assert stopped(others) == [False, False]
    wire.plug()
    eventually(lambda: executor.client.get("/v1/kill-switch").status_code == 200)
    assert stopped([executor]) == [False]
    assert engage(executor) == 200
    eventually(lambda: stopped([executor, *others]) == [True, True, True])


def test_two_kill_switches_of_all_and_orders_of_every_account_all_come_through(
    make: MakeExecutor, place: Place
) -> None:
    """Each switch makes the writers of all accounts begin anew; who is told to ask again does so."""
    executors, answers = [make(place, account=name) for name in NAMES], list[int]()

    def ask(do: Callable[[], tuple[int, dict[str, Any]]]) -> None:
        status, answer = do()
        while status == 503 and answer["error"]["retryable"]:
            status, answer = do()
        answers.append(status)

    def work(number: int) -> None:
        executor = executors[number % 3]
        for count in range(5):
            if number < 2:
                ask(lambda: executor.put("/v1/kill-switch", STOP))
            else:
                key = f"{number}-{count}"
                ask(lambda key=key: executor.order(client_order_id=key, quantity="0.1"))  # type: ignore[misc]

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(answers) == {200, 201}
    assert len(answers) == 40
    for name, executor in zip(NAMES, executors, strict=True):
        assert len(executor.get("/v1/orders")["orders"]) == 10, name
