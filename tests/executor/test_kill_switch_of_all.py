"""A kill switch for all accounts stops all of them or none, whenever the database goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

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
