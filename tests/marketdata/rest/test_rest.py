"""Calls to venues against a real server: bounded in time and size, and every failure named."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from common import VERSION
from marketdata.outbound import Access
from marketdata.rest.budget import Budget
from marketdata.rest.replies import (
    Barred,
    Failed,
    NoBudget,
    Rejected,
    RestError,
    RestTooLarge,
    RestUnauthorized,
    RestUnavailable,
    Throttled,
    Unreachable,
)
from tests.marketdata.rest.rest_server import (
    LIMITS,
    QUICK,
    Handler,
    MovedClock,
    Script,
    answering,
    client_of,
    running_server,
)


def test_a_good_answer_is_given_as_it_came_with_its_parameters_sent() -> None:
    with running_server(lambda handler: handler.answer(200, b"[1.10]", X_Seen="k")) as server:
        client = client_of(server.url + "/")
        reply = client.get("one", "/api/v2/ticker", {"pairSymbol": "BTC TRY"})
        assert (reply.status, reply.body, reply.headers["x-seen"]) == (200, b"[1.10]", "k")
        assert [path for _, path in server.asked] == ["/api/v2/ticker?pairSymbol=BTC+TRY"]
        assert client.counters.requests()["one", "ok"] == 1


def test_calls_after_each_other_use_one_connection() -> None:
    ports = set[int]()

    def script(handler: Handler) -> None:
        ports.add(handler.client_address[1])
        handler.answer(200)

    with running_server(script) as server:
        client = client_of(server.url)
        for _ in range(5):
            client.get("one", "/x")
    assert len(ports) == 1


def test_a_post_sends_its_body_once_even_when_it_fails() -> None:
    def script(handler: Handler) -> None:
        handler.answer(200 if handler.body == b'{"a":1}' else 500, handler.headers["Content-Type"].encode())

    with running_server(script) as server:
        client = client_of(server.url)
        assert client.post("one", "/order", b'{"a":1}').body == b"application/json"
        with pytest.raises(Failed):
            client.post("one", "/order", b"{}")
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "failure", "asked"),
    [
        (301, Rejected, 1),
        (400, Rejected, 1),
        (404, Rejected, 1),
        (401, Barred, 1),
        (403, Barred, 1),
        (407, Barred, 1),
        (451, Barred, 1),
        (429, Throttled, 1),
        (503, RestUnavailable, 1),
        (500, Failed, 3),
        (502, Failed, 3),
    ],
)
def test_each_status_has_its_failure_and_only_a_broken_server_is_asked_again(
    status: int, failure: type[RestError], asked: int
) -> None:
    with running_server(answering(status, Location="/elsewhere")) as server:
        client = client_of(server.url)
        with pytest.raises(failure) as told:
            client.get("one", "/x")
        assert type(told.value) is failure
        assert (told.value.status, told.value.endpoint) == (status, "one")
        assert told.value.retryable == (status in (401, 403, 407, 451, 429, 500, 502, 503))
        assert len(server.asked) == asked
        assert client.counters.requests()["one", failure.outcome] == asked
        assert ("told" in told.value.reason) == (failure is Rejected)


PAGE = {"Content_Type": "text/html; charset=UTF-8"}


@pytest.mark.parametrize(
    ("status", "header", "failure"),
    [
        (401, {}, RestUnauthorized),
        (401, PAGE, RestUnauthorized),
        (403, {}, RestUnauthorized),
        (403, {"Content_Type": "application/json"}, RestUnauthorized),
        (403, PAGE, Barred),
        (407, {}, Barred),
        (451, {}, Barred),
        (404, {}, Rejected),
    ],
)
def test_only_the_venue_itself_refuses_a_persons_credentials(
    status: int, header: dict[str, str], failure: type[RestError]
) -> None:
    with running_server(answering(status, **header)) as server:
        with pytest.raises(failure) as told:
            client_of(server.url, access=Access(credentials=True)).post("one", "/x", b"{}")
        assert type(told.value) is failure


def test_a_caller_who_is_refused_keeps_away_for_long_and_then_asks_again() -> None:
    clock = MovedClock()
    with running_server(answering(403, **PAGE)) as server:
        client = client_of(server.url, budget=Budget(LIMITS, monotonic=clock))
        for times, seconds in ((1, 30.0), (2, 60.0)):
            with pytest.raises(Barred) as barred:
                client.get("one", "/x")
            assert barred.value.seconds == seconds
            with pytest.raises(NoBudget) as kept:
                client.get("one", "/x")
            assert seconds - 20.0 < kept.value.seconds <= seconds
            assert len(server.asked) == times
            clock.ahead += seconds
        server.script = answering(200)
        assert client.get("one", "/x").status == 200
        server.script = answering(403)
        clock.ahead += 10.0
        with pytest.raises(Barred) as again:
            client.get("one", "/x")
        assert again.value.seconds == 30.0


def test_a_person_ends_the_silence_after_a_refusal_but_not_one_that_the_venue_asked_for() -> None:
    with running_server(answering(403)) as server:
        client = client_of(server.url)
        with pytest.raises(Barred):
            client.get("one", "/x")
        server.script = answering(429, Retry_After="600")
        with pytest.raises(Throttled):
            client.get("two", "/x")
        server.script = answering(200)
        client.resume()
        assert client.get("one", "/x").status == 200
        with pytest.raises(NoBudget):
            client.get("two", "/x")


def test_every_call_names_the_program_and_its_version() -> None:
    names = list[str]()

    def script(handler: Handler) -> None:
        names.append(handler.headers["User-Agent"])
        handler.answer(200)

    with running_server(script) as server:
        client = client_of(server.url)
        client.get("one", "/x")
        client.post("one", "/x", b"{}", headers={"APIKEY": "k"})
    assert names == [f"Spark/{VERSION}"] * 2


def test_a_server_that_recovers_is_asked_until_it_answers() -> None:
    def script(handler: Handler) -> None:
        handler.answer(200 if len(handler.server.asked) == 3 else 500)

    with running_server(script) as server:
        client = client_of(server.url)
        assert client.get("one", "/x").status == 200
        assert client.counters.requests()["one", "failed"] == 2


def test_a_port_that_refuses_is_unreachable_and_tried_again_but_not_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = client_of(f"http://127.0.0.1:{port}")
    with pytest.raises(Unreachable, match="does not answer"):
        client.get("one", "/x")
    assert client.counters.requests()["one", "unreachable"] == 3


def _never(handler: Handler) -> None:
    time.sleep(30)


def _drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("script", [_never, _drip])
def test_a_slow_server_costs_no_more_than_the_deadline(script: Script) -> None:
    with running_server(script) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            client_of(server.url, retries=replace(QUICK, deadline=0.5)).get("one", "/x")
        assert time.monotonic() - began < 15


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    def script(handler: Handler) -> None:
        handler.answer(200, b"half", Content_Length="8")
        handler.close_connection = True

    with running_server(script) as server, pytest.raises(Unreachable):
        client_of(server.url).get("one", "/x")


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_not_read_to_its_end(told: bool) -> None:
    def script(handler: Handler) -> None:
        length = {"Content_Length": str(10**12)} if told else {"Transfer_Encoding": "chunked"}
        handler.send_response(200)
        for name, value in length.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 4096 if told else b"1000\r\n" + b"x" * 4096 + b"\r\n")

    with running_server(script) as server:
        client = client_of(server.url)
        with pytest.raises(RestTooLarge):
            client.get("one", "/x")
        assert len(server.asked) == 1
