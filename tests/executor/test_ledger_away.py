"""A database that is away: 503 that may be tried again, nothing half done, and recovery without a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from executor.ledger.timings import LEDGER_TIMINGS, LedgerTimings
from executor.writer.transaction import Transaction
from tests.common.local import eventually
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Executor, Place


@pytest.fixture
def timings() -> LedgerTimings:
    """The real ones."""
    return LEDGER_TIMINGS


@pytest.fixture
def wire(postgres_server: postgres.Server) -> Iterator[Wire]:
    cable = Wire(postgres_server.port)
    yield cable
    cable.close()


def _assert_away(executor: Executor) -> None:
    for status, body in (executor.order(client_order_id="away"), executor.post("/v1/orders/paper-2/cancel")):
        assert (status, body["error"]["code"], body["error"]["retryable"]) == (503, "LEDGER_UNAVAILABLE", True)
        assert "password" not in body["error"]["message"]
    assert executor.client.get("/v1/account").status_code == 503
    assert executor.client.get("/healthz").status_code == 200
    executor.parts.leading.step()
    assert executor.health.trouble() is not None
    ready = executor.client.get("/readyz")
    assert (ready.status_code, ready.get_json()["parts"]["ledger"]["ready"]) == (503, False)
    assert "does not answer" in ready.get_json()["parts"]["ledger"]["reason"]


@pytest.mark.slow
def test_an_executor_outlives_its_database_and_goes_on_by_itself(
    make: MakeExecutor, postgres_server: postgres.Server, wire: Wire
) -> None:
    executor = make(postgres_server.new_place(wire.port), ready=False)
    wire.pull()
    _assert_away(executor)
    wire.plug()
    executor.start_writing()
    assert executor.order(client_order_id="before")[0] == 201
    wire.pull()
    _assert_away(executor)
    wire.plug()
    eventually(lambda: executor.trading.ledger.writer.reign)
    assert executor.client.get("/readyz").get_json()["parts"]["ledger"]["ready"] is True
    assert [order["client_order_id"] for order in executor.get("/v1/orders")["orders"]] == ["before"]
    assert executor.order(client_order_id="away")[1]["status"] == "filled"


@pytest.mark.slow
def test_a_database_that_hangs_is_503_within_seconds_and_is_used_again_when_it_answers(
    make: MakeExecutor, postgres_server: postgres.Server, wire: Wire
) -> None:
    executor = make(postgres_server.new_place(wire.port))
    assert executor.order(client_order_id="before")[0] == 201
    wire.hang()
    began = time.monotonic()
    _assert_away(executor)
    assert time.monotonic() - began < 10 * (LEDGER_TIMINGS.silent + LEDGER_TIMINGS.connect)
    wire.plug()
    eventually(lambda: executor.trading.ledger.writer.reign)
    assert executor.order(client_order_id="away")[1]["status"] == "filled"
    assert [order["client_order_id"] for order in executor.get("/v1/orders")["orders"]] == ["away", "before"]


def test_a_server_that_ends_its_connections_costs_no_order(
    make: MakeExecutor, postgres_server: postgres.Server
) -> None:
    executor = make(postgres_server.new_place())
    assert executor.order(client_order_id="before")[0] == 201
    with postgres_server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'spark-executor'"
        )

    def placed() -> bool:
        status, body = executor.order(client_order_id="after")
        assert status in (200, 201) or (status, body["error"]["retryable"]) == (503, True), body
        return status < 300

    eventually(placed)
    assert [order["client_order_id"] for order in executor.get("/v1/orders")["orders"]] == ["after", "before"]


def test_a_change_that_fails_leaves_nothing_behind(executor: Executor) -> None:
    class Crash(Exception):
        pass

    before = executor.get("/v1/account")

    def crash(work: Transaction) -> None:
        work.open_account({})
        raise Crash

    with pytest.raises(Crash):
        executor.trading.ledger.do(crash)
    assert executor.get("/v1/account") == before
    assert executor.order()[1]["order_id"] == "paper-2"


def test_a_ledger_that_falls_silent_is_not_called_ready(make: MakeExecutor, place: Place) -> None:
    executor = make(place, ready=False)
    assert "has not answered yet" in str(executor.health.trouble())
    executor.parts.leading.step()
    assert executor.health.trouble() is None
    executor.clock.now += 6.5
    assert executor.health.trouble() == "the ledger has not answered for 6 s"
