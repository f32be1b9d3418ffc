"""Calls to venues against a real server: never too many, and silent when told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate

import pytest

from marketdata.rest.budget import Budget, Limit
from marketdata.rest.replies import Barred, NoBudget, RestUnavailable, Throttled
from tests.marketdata.rest.rest_server import LIMITS, QUICK, Handler, MovedClock, answering, client_of, running_server


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [(lambda: "30", 30), (lambda: formatdate(time.time() + 3_000, usegmt=True), 3_000), (lambda: "99999999999", 3_600)],
    ids=["seconds", "date", "absurd"],
)
def test_what_retry_after_says_is_kept_to_within_reason(said: Callable[[], str], seconds: float, status: int) -> None:
    with running_server(answering(status, Retry_After=said())) as server:
        client = client_of(server.url)
        with pytest.raises(Throttled) as told:
            client.get("one", "/x")
        assert seconds - 60 < told.value.seconds <= seconds
        with pytest.raises(NoBudget) as kept:
            client.get("one", "/x")
        assert seconds - 60 < kept.value.seconds <= seconds


@pytest.mark.parametrize("header", [{"Retry_After": "-5"}, {"Retry_After": "soon"}, {}])
def test_a_server_that_is_down_and_names_no_wait_is_left_alone_for_a_minute(header: dict[str, str]) -> None:
    with running_server(answering(503, **header)) as server:
        with pytest.raises(Throttled) as told:
            client_of(server.url).get("one", "/x")
        assert told.value.seconds == 60.0


@pytest.mark.parametrize("header", [{"Retry_After": "-5"}, {"Retry_After": "soon"}, {}])
@pytest.mark.parametrize(("window", "seconds"), [(5.0, 5.0), (600.0, 60.0)])
def test_a_429_that_names_no_wait_costs_one_window_and_at_most_a_minute(
    header: dict[str, str], window: float, seconds: float
) -> None:
    budget = Budget({**LIMITS, "one": Limit(1_000, window)}, monotonic=time.monotonic)
    with running_server(answering(429, **header)) as server:
        with pytest.raises(Throttled) as told:
            client_of(server.url, budget=budget).get("one", "/x")
        assert told.value.seconds == seconds


def test_silence_is_for_all_threads_and_only_for_the_endpoint_that_was_told() -> None:
    with running_server(answering(429, Retry_After="300")) as server:
        client = client_of(server.url)
        with pytest.raises(Throttled):
            client.get("one", "/x")

        def ask(_number: int) -> float:
            with pytest.raises(NoBudget, match="asked for silence") as told:
                client.get("one", "/x")
            return told.value.seconds

        with ThreadPoolExecutor(4) as pool:
            assert all(200 < seconds <= 300 for seconds in pool.map(ask, range(8)))
        assert len(server.asked) == 1
        server.script = answering(200)
        assert client.get("two", "/x").status == 200


def test_where_the_whole_host_is_told_to_be_silent_its_other_endpoints_are_too() -> None:
    with running_server(answering(503, Retry_After="300")) as server:
        client = client_of(server.url)
        with pytest.raises(RestUnavailable):
            client.get("all", "/x")
        with pytest.raises(NoBudget):
            client.get("two", "/x")


def test_a_call_that_can_wait_for_the_end_of_silence_does() -> None:
    with running_server(answering(429, Retry_After="1")) as server:
        client = client_of(server.url)
        with pytest.raises(Throttled):
            client.get("one", "/x")
        server.script = answering(200)
        assert client.get("one", "/x").status == 200
        (first, _), (second, _) = server.asked
        assert second - first > 0.9
        assert client.counters.wait_seconds()["one"] > 0


def test_retries_take_from_the_budget_like_every_call() -> None:
    budget = Budget({"one": Limit(2, 300), "host": Limit(100, 1)}, monotonic=time.monotonic, share=1.0)
    with running_server(answering(500)) as server:
        with pytest.raises(NoBudget, match="the budget is spent"):
            client_of(server.url, budget=budget).get("one", "/x")
        assert len(server.asked) == 2


@pytest.mark.slow
def test_eight_threads_never_bring_the_venue_to_429() -> None:
    """The server counts as a venue does, in windows that slide; each endpoint by itself, and both together.

    A fifth of each limit is as large as the number of threads: calls that were taken in one window and arrive late in
    the next, one for each thread, have room however slow the machine is.
    """
    limits = {"one": Limit(20, 1.0), "two": Limit(40, 1.0), "host": Limit(40, 1.0)}
    lock, refused = threading.Lock(), Counter[str]()
    logs: dict[str, list[float]] = {name: [] for name in limits}

    def script(handler: Handler) -> None:
        now = time.monotonic()
        with lock:
            for name in (handler.path[1:], "host"):
                logs[name] = [at for at in logs[name] if now - at < limits[name].seconds]
                refused[name] += len(logs[name]) >= limits[name].calls
                logs[name].append(now)
        handler.answer(200)

    with running_server(script) as server:
        client = client_of(
            server.url, budget=Budget(limits, monotonic=time.monotonic), retries=replace(QUICK, deadline=60)
        )

        def hammer(number: int) -> None:
            for _ in range(10):
                client.get("one" if number % 2 else "two", f"/{'one' if number % 2 else 'two'}")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(hammer, range(8)))
        assert len(server.asked) == 80
        assert sum(refused.values()) == 0
        assert client.counters.requests()["one", "ok"] == 40
        assert client.counters.wait_seconds()["one"] > 0


SHARED = {"one": ("host", "one"), "two": ("host", "two")}


def refusing_one(status: int) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(status if handler.path == "/one" else 200, Content_Type="text/html")


@pytest.mark.parametrize("status", [401, 403, 407, 451])
def test_a_call_that_is_refused_stops_no_other_call_of_its_host(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.marketdata.rest.rest_server.ENDPOINTS", SHARED)
    with running_server(refusing_one(status)) as server:
        client = client_of(server.url)
        with pytest.raises(Barred):
            client.get("one", "/one")
        assert client.get("two", "/two").status == 200
        with pytest.raises(NoBudget):
            client.get("one", "/one")
        assert client.get("two", "/two").status == 200
        assert [path for _, path in server.asked] == ["/one", "/two", "/two"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_venue_that_is_too_busy_for_one_call_is_too_busy_for_all_that_share_its_limit(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.marketdata.rest.rest_server.ENDPOINTS", SHARED)
    with running_server(refusing_one(status)) as server:
        client = client_of(server.url, retries=replace(QUICK, deadline=0.5))
        with pytest.raises(Throttled):
            client.get("one", "/one")
        with pytest.raises(NoBudget):
            client.get("two", "/two")


@pytest.mark.parametrize("header", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_venue_that_refuses_again_and_again_and_names_no_wait_is_asked_ever_more_rarely(
    status: int, header: str
) -> None:
    clock = MovedClock()
    with running_server(answering(status, Retry_After=header)) as server:
        client, waits = client_of(server.url, budget=Budget(LIMITS, monotonic=clock)), []
        for _ in range(8):
            with pytest.raises(Throttled) as told:
                client.get("one", "/x")
            waits.append(told.value.seconds)
            clock.ahead += 61.0
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
