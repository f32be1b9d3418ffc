"""Streams of orders under the real HTTP server, and where their ledger goes away: nobody waits for who is slow."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.answers import AccountStatus
from common.clock import SYSTEM_CLOCK
from common.loop import Loop
from executor.errors import LedgerUnavailable
from executor.messages import account_status
from executor.metrics import StreamMetrics
from executor.settings import LedgerSettings
from executor.store import Ledger
from executor.stream.streams import StreamTimings
from executor.stream.tail import LedgerTail, StreamPosition
from executor.timing import StageMetrics
from executor.writer import admin
from executor.writer.reign import Told
from tests.common.local import eventually, http_server
from tests.common.server import Server, gunicorn
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.listener import HEARTBEAT, Listener, flood
from tests.executor.standin import CASH, MarketData, Place, make_executor, wide_limits
from tests.executor.streamed import environment_of, ready

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(marketdata: MarketData, place: Place, tmp_path: Path) -> dict[str, str]:
    return environment_of(place, marketdata, tmp_path)


@pytest.fixture
def cable(postgres_server: postgres.Server) -> Iterator[Wire]:
    wire = Wire(postgres_server.port)
    yield wire
    wire.close()


def _open(server: Server) -> float:
    with urllib.request.urlopen(f"{server.address}/metrics", timeout=5) as answer:
        return float(next(line for line in answer if line.startswith(b"executor_order_streams ")).split()[1])


def test_a_client_that_takes_nothing_is_cut_off_while_others_are_told(
    environment: dict[str, str], place: Place, marketdata: MarketData
) -> None:
    other = make_executor(place, marketdata)
    other.start_writing()
    with gunicorn("tests.executor.streamed:hasty()", environment) as server:
        eventually(lambda: ready(server))
        stuck = socket.socket()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", server.port))
        stuck.sendall(b"GET /v1/orders/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        with Listener(server.address) as listener:
            listener.next()
            eventually(lambda: _open(server) == 2)
            flood(other.trading.ledger, 900)
            listener.until(lambda event: event.name == "account")
            for number in range(10):
                other.limit(f"later-{number}", "buy", "0.1", "99")
                listener.until(lambda event: event.name == "account")
            eventually(lambda: _open(server) == 1)
        stuck.close()
    other.close()


def test_a_stream_outlives_the_database_and_tells_all_that_was_missed(
    make: MakeExecutor, marketdata: MarketData, postgres_server: postgres.Server, cable: Wire
) -> None:
    behind = postgres_server.new_place(cable.port)
    direct = Place(behind.url.replace(f":{cable.port}/", f":{postgres_server.port}/"), behind.password)
    other, executor = make(direct), make_executor(behind, marketdata, timings=StreamTimings(heartbeat=0.2, send=5.0))
    executor.start_writing()
    executor.parts.start()
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
        executor.parts.stop()
    executor.close()


def _account(ledger: Ledger) -> AccountStatus:
    view = ledger.view()
    return account_status("simulated", view.account, view.controls.state)


class Failing(Ledger):
    """A ledger that fails twice, first in a way that nobody foresaw."""

    def __init__(self, place: Place) -> None:
        settings = LedgerSettings(place.url, place.password, "paper", CASH, place.timings)
        told = Told(lambda _: None, lambda: None)
        super().__init__(settings, SYSTEM_CLOCK, StageMetrics(CollectorRegistry()), told, wide_limits())
        self.failures = [LedgerUnavailable("as told"), RuntimeError("a fault of ours")]

    def sequence(self) -> int:
        if self.failures:
            raise self.failures.pop()
        return super().sequence()


def test_a_look_that_fails_is_counted_and_the_next_one_tells(place: Place) -> None:
    ledger = Failing(place)
    ledger.step()
    tail = LedgerTail(ledger, lambda: _account(ledger), StreamMetrics(CollectorRegistry()), lambda: True)
    loop = Loop("tail", tail.step)
    loop.run_once()
    loop.run_once()
    assert (tail.windows.number, loop.failures) == (0, 1), "the ledger's absence is not counted"
    loop.run_once()
    ledger.do(lambda work: admin.switch(work, engaged=True, reason="a test", scope="account"))
    loop.run_once()
    since = tail.windows.value.since(StreamPosition(1, 1))
    assert since is not None
    assert since[0].startswith(b"event: account\n")
    ledger.close()


def test_of_many_orders_only_the_newest_are_kept_and_who_is_further_behind_is_told_so(
    make: MakeExecutor, place: Place
) -> None:
    executor = make(place)
    tail = LedgerTail(
        executor.trading.ledger, executor.parts.desk.account, StreamMetrics(CollectorRegistry()), lambda: True
    )
    tail.step()
    flood(executor.trading.ledger, 1010)
    tail.step()
    assert tail.windows.value.since(StreamPosition(1, 1)) is None
    since = tail.windows.value.since(StreamPosition(1 + 2 * 10, 1))
    assert since is not None
    assert since[0].count(b"event: order\n") == 1000
    assert since[1] == StreamPosition(1 + 2 * 1010, 1 + 2 * 1010)
