"""Over a real socket: every client is told of every order and the account, whichever executor changed them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import pytest

from executor.stream.streams import StreamTimings
from executor.writer import admin
from tests.common.local import eventually, http_server
from tests.executor.listener import HEARTBEAT, Listener, flood
from tests.executor.standin import Executor, MarketData, Place, make_executor

pytestmark = pytest.mark.slow

QUICK = StreamTimings(heartbeat=0.2, send=5.0)
SLOW = StreamTimings(heartbeat=60.0, send=5.0)
Serve = Callable[..., tuple[Executor, str]]


@contextmanager
def _served(executor: Executor) -> Iterator[str]:
    """As the container runs it."""
    executor.parts.start()
    with http_server(executor.app) as url:
        try:
            yield url
        finally:
            executor.parts.loops.stop(10)
            assert not any(loop.alive for loop in executor.parts.loops.health())


@pytest.fixture
def serve(marketdata: MarketData) -> Iterator[Serve]:
    """Makes executors that are served, and ends them."""
    with ExitStack() as ending:

        def start(place: Place, *, streams: int = 8, timings: StreamTimings = SLOW) -> tuple[Executor, str]:
            executor = make_executor(place, marketdata, streams=streams, timings=timings)
            executor.start_writing()
            ending.callback(executor.close)
            return executor, ending.enter_context(_served(executor))

        yield start


def _metric(executor: Executor, name: str) -> float:
    lines = executor.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_a_stream_begins_with_the_open_orders_and_the_account(serve: Serve, place: Place) -> None:
    executor, url = serve(place)
    executor.order(client_order_id="ended")
    executor.limit("older", "buy", "1", "99")
    executor.limit("newer", "buy", "1", "99")
    with Listener(url) as listener:
        event = listener.next()
        assert event is not None
        assert listener.answer.headers["Content-Type"] == "text/event-stream"
        assert (event.name, event.id) == ("snapshot", str(event.body["sequence"]))
        assert event.body["market"] == "simulated"
        assert [order["client_order_id"] for order in event.body["orders"]] == ["newer", "older"]
        assert event.body["orders"] == executor.get("/v1/orders?status=open")["orders"]
        assert event.body["account"] == executor.get("/v1/account")


def test_an_order_of_either_executor_is_told_at_once_with_the_account(serve: Serve, place: Place) -> None:
    (first, url), (second, _) = serve(place), serve(place)
    with Listener(url) as listener:
        listener.next()
        for number, executor in enumerate((first, second)):
            placed = executor.limit(f"from-{number}", "buy", "1", "99")
            began = time.monotonic()
            listener.until(lambda event: event.name == "account")
            assert time.monotonic() - began < 5
            assert listener.orders[placed["order_id"]] == executor.get(f"/v1/orders/{placed['order_id']}")
            assert listener.last_id == str(placed["sequence"])
            assert listener.account == executor.get("/v1/account")
    assert _metric(first, "executor_stream_lag_seconds_count") >= 1


def test_what_an_operator_stops_is_told_though_no_order_changed(serve: Serve, place: Place) -> None:
    executor, url = serve(place)
    with Listener(url) as listener:
        listener.next()
        executor.trading.ledger.do(lambda work: admin.switch(work, engaged=True, reason="a test", scope="account"))
        assert [event.name for event in listener.until(lambda event: event.name == "account")] == ["account"]
        assert listener.account["kill_switch"] is True


def test_who_comes_back_is_told_what_changed_meanwhile_and_nothing_else(serve: Serve, place: Place) -> None:
    (first, url), (second, other_url) = serve(place), serve(place)
    first.limit("untouched", "buy", "1", "99")
    with Listener(url) as listener:
        listener.next()
        first.limit("known", "buy", "1", "99")
        listener.until(lambda event: event.name == "account")
    changed = second.limit("missed", "buy", "1", "99")
    second.post(f"/v1/orders/{changed['order_id']}/cancel")
    with Listener(other_url, listener.last_id) as again:
        told = again.until(lambda event: event.name == "account")
        assert [event.name for event in told] == ["resumed", "order", "account"]
        assert (told[0].id, told[0].body) == (
            listener.last_id,
            {"market": "simulated", "sequence": int(listener.last_id)},
        )
        assert [(order["client_order_id"], order["status"]) for order in again.orders.values()] == [
            ("missed", "cancelled")
        ]


@pytest.mark.parametrize("last_event_id", ["999999", "nonsense", "-1", "1.5", "9" * 30])
def test_an_id_that_never_was_gets_a_snapshot(serve: Serve, place: Place, last_event_id: str) -> None:
    _, url = serve(place)
    with Listener(url, last_event_id) as listener:
        event = listener.next()
        assert event is not None
        assert event.name == "snapshot"


def test_who_missed_more_than_can_be_told_again_gets_a_snapshot(serve: Serve, place: Place) -> None:
    executor, url = serve(place)
    flood(executor.trading.ledger, 1001)
    for last_id, name in (("1", "snapshot"), ("3", "resumed")):
        with Listener(url, last_id) as listener:
            event = listener.next()
            assert event is not None
            assert event.name == name


def test_nothing_is_lost_by_who_breaks_off_and_comes_back_to_either_executor(serve: Serve, place: Place) -> None:
    rng = Random(7)
    executors = [serve(place, timings=QUICK), serve(place, timings=QUICK)]

    def trade(number: int) -> None:
        own, (executor, _) = Random(number), executors[number]
        for count in range(40):
            placed = executor.limit(f"{number}-{count}", "buy", "0.1", own.choice(["99", "100.1", "99.5"]))
            if own.random() < 0.5:
                executor.post(f"/v1/orders/{placed['order_id']}/cancel")

    traders = [threading.Thread(target=trade, args=(number,)) for number in range(2)]
    known: dict[str, dict[str, Any]] = {}
    last_id = ""
    with Listener(executors[0][1], known=known) as listener:
        listener.next()
        last_id = listener.last_id
    for trader in traders:
        trader.start()
    while any(trader.is_alive() for trader in traders):
        with Listener(rng.choice(executors)[1], last_id, known) as listener:
            for _ in range(rng.randrange(12)):
                listener.next()
            last_id = listener.last_id
    truth = {order["order_id"]: order for order in executors[0][0].get("/v1/orders?limit=500")["orders"]}
    with Listener(executors[1][1], last_id, known) as listener:
        listener.until(lambda event: event.name == "account" or known == truth)
    assert len(truth) == 80
    assert known == truth


def test_beyond_the_limit_a_stream_is_refused_until_one_is_given_back(serve: Serve, place: Place) -> None:
    executor, url = serve(place, streams=2, timings=QUICK)
    first, second = Listener(url), Listener(url)
    with Listener(url) as third:
        assert third.answer.status == 429
        error = third.answer.read()
        assert b'"code":"TOO_MANY_STREAMS"' in error
        assert b'"retryable":true' in error
    assert _metric(executor, "executor_order_streams") == 2
    assert _metric(executor, "executor_order_streams_refused_total") == 1
    first.close()
    eventually(lambda: _metric(executor, "executor_order_streams") == 1)
    with Listener(url) as third:
        assert third.answer.status == 200
    second.close()


def test_heartbeats_come_while_nothing_changes_and_at_the_stop_the_stream_ends(serve: Serve, place: Place) -> None:
    executor, url = serve(place, timings=QUICK)
    with Listener(url) as listener:
        assert [event and event.name for event in (listener.next(), listener.next(), listener.next())] == [
            "snapshot",
            HEARTBEAT,
            HEARTBEAT,
        ]
        executor.parts.loops.stop_signal.set()
        began = time.monotonic()
        while listener.next():
            pass
        assert time.monotonic() - began < 10
    eventually(lambda: _metric(executor, "executor_order_streams") == 0)
