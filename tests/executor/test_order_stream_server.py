"""Streams of orders under the real HTTP server, and where their ledger goes away: nobody waits for who is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from executor.app import STOP, TAIL
from executor.errors import LedgerUnavailable
from executor.ledger import Ledger
from executor.metrics import StreamMetrics
from executor.stream.streams import Pace
from executor.stream.tail import Position, Tail
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.listener import HEARTBEAT, Listener, flood
from tests.executor.standin import CASH, TOKEN, MarketData, Place, make_executor
from tests.marketdata.busy import ask, gunicorn
from tests.marketdata.rig import http_server
from tests.venue.rig import eventually

STOPS_WITHIN_SECONDS = 4.0


@pytest.fixture
def environment(marketdata: MarketData, sqlite_place: Place, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text(TOKEN)
    return {
        "SPARK_SERVICE": "executor",
        "SPARK_LEDGER_URL": sqlite_place.url,
        "SPARK_OPERATOR_TOKEN_FILE": str(tmp_path / "token"),
        "SPARK_MARKETDATA_URL": marketdata.url,
    }


@pytest.fixture
def cable(postgres_server: postgres.Server) -> Iterator[Wire]:
    wire = Wire(postgres_server.port)
    yield wire
    wire.close()


def _open(address: tuple[str, int]) -> float:
    with ask(address, "/metrics") as connection, connection.makefile("rb") as answer:
        return float(next(line for line in answer if line.startswith(b"executor_order_streams ")).split()[1])


def test_a_client_that_takes_nothing_is_cut_off_while_others_are_told(
    environment: dict[str, str], sqlite_place: Place, marketdata: MarketData
) -> None:
    other = make_executor(sqlite_place, marketdata)
    other.desk.ledger.prepare()
    with gunicorn("tests.executor.streamed:hasty()", more=environment) as address:
        stuck = ask(address, "/v1/orders/stream", read_buffer=4096)
        with Listener("http://{}:{}".format(*address)) as listener:
            listener.next()
            eventually(lambda: _open(address) == 2)
            flood(other.desk.ledger, 900)
            listener.until(lambda event: event.name == "account")
            for number in range(10):
                other.limit(f"later-{number}", "buy", "0.1", "99")
                began = time.monotonic()
                listener.until(lambda event: event.name == "account")
                assert time.monotonic() - began < 1
            eventually(lambda: _open(address) == 1)
        stuck.close()
    other.desk.ledger.close()


def test_a_stop_ends_the_streams_and_does_not_wait_for_its_grace(environment: dict[str, str]) -> None:
    with gunicorn("tests.executor.streamed:hasty()", grace=12, more=environment) as address:
        listeners = [Listener("http://{}:{}".format(*address)) for _ in range(3)]
        assert all(listener.next() for listener in listeners)
        began = time.monotonic()
    assert time.monotonic() - began < STOPS_WITHIN_SECONDS
    for listener in listeners:
        while listener.next():
            pass
        listener.close()


def test_a_stream_outlives_the_database_and_tells_all_that_was_missed(
    make: MakeExecutor, marketdata: MarketData, postgres_server: postgres.Server, cable: Wire
) -> None:
    behind = postgres_server.new_place(cable.port)
    direct = Place(behind.url.replace(f":{cable.port}/", f":{postgres_server.port}/"), behind.password)
    other, executor = make(direct), make_executor(behind, marketdata, pace=Pace(heartbeat=0.2, send=5.0))
    executor.desk.ledger.prepare()
    stop = executor.app.extensions[STOP]
    tail = threading.Thread(target=executor.app.extensions[TAIL].run, args=(stop,))
    tail.start()
    with http_server(executor.app) as url, Listener(url) as listener:
        listener.next()
        other.limit("before", "buy", "0.1", "99")
        listener.until(lambda event: event.name == "account")
        cable.pull()
        other.limit("while-away", "buy", "0.1", "99")
        other.limit("while-away-too", "buy", "0.1", "99")
        assert [event.name for event in (listener.next(), listener.next()) if event] == [HEARTBEAT] * 2
        with Listener(url) as refused:
            assert refused.answer.status == 503
            assert b"LEDGER_UNAVAILABLE" in refused.answer.read()
        cable.plug()
        listener.until(lambda event: event.name == "account")
        assert {order["client_order_id"] for order in listener.orders.values()} == {
            "before",
            "while-away",
            "while-away-too",
        }
        stop.set()
        tail.join(10)
    executor.desk.ledger.close()


class Failing(Ledger):
    """A ledger that fails twice, first in a way that nobody foresaw."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.url, place.password, "paper", CASH, lambda: datetime.now(UTC))
        self.failures = [LedgerUnavailable("as told"), RuntimeError("a fault of ours")]

    def sequence(self) -> int:
        if self.failures:
            raise self.failures.pop()
        return super().sequence()


def test_a_look_that_fails_is_counted_and_the_next_one_tells(sqlite_place: Place) -> None:
    ledger, registry = Failing(sqlite_place), CollectorRegistry()
    ledger.prepare()
    tail = Tail(ledger, "simulated", StreamMetrics(registry), lambda: True)
    tail.attempt()
    tail.attempt()
    assert tail.round.number == 0
    assert registry.get_sample_value("executor_stream_failures_total") == 1
    tail.attempt()
    with ledger.transaction() as transaction:
        transaction.control.switch(engaged=True, reason="a test", scope="account")
    tail.attempt()
    told = tail.round.since(Position(1, 1))
    assert told is not None
    assert told[0].startswith(b"event: account\n")
    ledger.close()


def test_of_many_orders_only_the_newest_are_kept_and_who_is_further_behind_is_told_so(
    make: MakeExecutor, sqlite_place: Place
) -> None:
    executor = make(sqlite_place)
    tail = Tail(executor.desk.ledger, "simulated", StreamMetrics(CollectorRegistry()), lambda: True)
    tail.attempt()
    flood(executor.desk.ledger, 1010)
    tail.attempt()
    assert tail.round.since(Position(1, 1)) is None
    told = tail.round.since(Position(1 + 2 * 10, 1))
    assert told is not None
    assert told[0].count(b"event: order\n") == 1000
    assert told[1] == Position(1 + 2 * 1010, 1 + 2 * 1010)
