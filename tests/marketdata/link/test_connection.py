"""The connection dials when it may, keeps away when told, stops when refused, and says what it does and why."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest

from marketdata.link.connection import NotReady
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.outbound import Access
from tests.marketdata.link.connected import LONG, closed_port, is_alive, next_arrival, running
from tests.marketdata.link.peers import answers, close_frame, peer, text_frame, upgraded
from tests.marketdata.rig import QUICK, ScriptedVenue, scripted_venue
from tests.venue.rig import eventually

PERSONS = Access(credentials=True)


def _accepted(venue: ScriptedVenue, count: int) -> bool:
    return venue.accepted == count


def _as_many(items: list[float], count: int) -> bool:
    return len(items) == count


def test_frames_arrive_in_order_stamped_between_opened_and_closed() -> None:
    began = time.monotonic()
    with scripted_venue(lambda _request: []) as venue, running(venue.url) as (connection, inbox, _):
        assert next_arrival(inbox).kind == "opened"
        welcome = next_arrival(inbox)
        assert (welcome.kind, welcome.payload[:5]) == ("frame", b"[991,")
        assert began <= welcome.at <= time.monotonic()
        assert abs(welcome.received - time.time()) < LONG
        venue.say("one")
        venue.say("two")
        frames = [arrival for arrival in (next_arrival(inbox) for _ in range(2)) if arrival.kind == "frame"]
        assert [arrival.payload for arrival in frames] == [b"one", b"two"]
        assert connection.status().state == "open"
    eventually(lambda: next_arrival(inbox).kind == "closed")
    assert connection.status().state == "ended"


def test_what_is_sent_arrives_and_without_a_socket_nothing_is() -> None:
    with scripted_venue(lambda _request: []) as venue:
        with running(venue.url) as (connection, inbox, _):
            assert next_arrival(inbox).kind == "opened"
            assert connection.send('[151,{"channel":"obdiff","event":"X"}]')
            assert venue.next_heard()["event"] == "X"
        assert not connection.send("[]")


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_refused_credentials_end_the_dialling_until_somebody_resumes(status: str) -> None:
    with peer(answers(status)) as venue, running(venue.url, access=PERSONS) as (connection, _, counters):
        eventually(lambda: connection.status().state == "stopped", LONG)
        assert status[:3] in connection.status().reason
        assert status[:3] in (connection.trouble() or "")
        connection.wake()
        connection.drop("again")
        time.sleep(0.3)  # many back-offs
        assert venue.dials == counters.attempts["unauthorized"] == 1
        connection.resume()
        eventually(lambda: counters.attempts["unauthorized"] == 2, LONG)
        eventually(lambda: connection.status().state == "stopped", LONG)


def test_credentials_that_were_renewed_during_the_refused_dial_are_tried() -> None:
    dialled, renewed = threading.Event(), threading.Event()

    def script(taken: socket.socket) -> None:
        dialled.set()
        assert renewed.wait(LONG)
        answers("401 Unauthorized")(taken)

    with peer(script) as venue, running(venue.url, access=PERSONS) as (connection, _, counters):
        assert dialled.wait(LONG)
        connection.resume()
        renewed.set()
        eventually(lambda: counters.attempts["unauthorized"] == 2, LONG)
        eventually(lambda: connection.status().state == "stopped", LONG)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(("header", "seconds"), [("Retry-After: 600", 600), ("X-Nothing: 1", 60)])
def test_a_venue_that_is_too_busy_is_left_alone_as_long_as_it_says(status: str, header: str, seconds: int) -> None:
    guard = DialGuard(10, 60.0)
    with peer(answers(status, header)) as venue, running(venue.url, guard=guard) as (connection, _, counters):
        eventually(lambda: connection.status().state == "blocked", LONG)
        until = connection.status().blocked_until
        assert until is not None
        assert seconds - LONG < until - time.time() <= seconds
        assert status[:3] in connection.status().reason
        assert counters.blocked_seconds == seconds
        assert guard.acquire(time.monotonic()) > seconds - LONG, "its other sockets may not dial either"
        assert venue.dials == 1


def test_after_the_wait_that_the_venue_asked_for_it_dials_again() -> None:
    with (
        peer(answers("429 Too Many Requests", "Retry-After: 1")) as venue,
        running(venue.url) as (_, _, counters),
    ):
        began = time.monotonic()
        eventually(lambda: counters.attempts["throttled"] >= 2, LONG)
        assert time.monotonic() - began > 0.9


def test_the_guard_bounds_the_dials_whatever_the_backoff_says() -> None:
    with running(f"ws://127.0.0.1:{closed_port()}", guard=DialGuard(3, 60.0)) as (connection, _, counters):
        eventually(lambda: counters.guard_waits == 1, LONG)
        assert sum(counters.attempts.values()) == 3
        assert "waiting" in (connection.trouble() or "")
        assert connection.status().state == "backing_off"


def test_two_connections_to_a_flapping_host_share_ten_dials() -> None:
    script = upgraded(lambda taken: taken.sendall(text_frame(b"hello") + close_frame(1001)))
    guard = DialGuard(10, 60.0)
    with (
        peer(script, reads_the_request=False) as venue,
        running(venue.url, guard=guard) as (_, _, one),
        running(venue.url, guard=guard) as (_, _, two),
    ):
        eventually(lambda: one.guard_waits >= 1 and two.guard_waits >= 1, LONG)
        assert venue.dials == 10
        assert one.attempts["open"] + two.attempts["open"] == 10


def test_a_dropped_socket_is_replaced_and_the_reason_is_kept() -> None:
    slow = Backoff(0.3, 0.3, lambda _low, high: high)
    with (
        scripted_venue(lambda _request: []) as venue,
        running(venue.url, backoff=slow) as (connection, inbox, counters),
    ):
        assert next_arrival(inbox).kind == "opened"
        connection.drop("a book was lost")
        assert not connection.connected
        eventually(lambda: "a book was lost" in (connection.trouble() or ""), LONG)
        eventually(lambda: venue.accepted == 2, LONG)
        eventually(lambda: connection.connected, LONG)
        assert connection.trouble() is None
        assert counters.closes["dropped"] == 1


@pytest.mark.parametrize(("healthy", "grows"), [(60.0, True), (0.0, False)])
def test_the_backoff_starts_over_only_after_healthy_data(healthy: float, grows: bool) -> None:
    ceilings: list[float] = []

    def draw(_low: float, high: float) -> float:
        ceilings.append(high)
        return 0.001

    timings, backoff = replace(QUICK, healthy=healthy), Backoff(1.0, 60.0, draw)
    with (
        scripted_venue(lambda _request: []) as venue,
        running(venue.url, timings, backoff=backoff) as (connection, inbox, counters),
    ):
        for life in range(1, 4):
            eventually(partial(is_alive, connection, counters, life), LONG)
            eventually(partial(_accepted, venue, life), LONG)
            venue.say("data")
            eventually(lambda: next_arrival(inbox).payload == b"data", LONG)
            connection.drop("again")
            eventually(partial(_as_many, ceilings, life), LONG)
    assert ceilings[:3] == ([1, 2, 4] if grows else [1, 1, 1])


def test_headers_are_asked_for_before_each_dial() -> None:
    tokens = iter(["one", "two"])
    with peer(answers("500 Oops")) as venue:
        with running(venue.url, headers=lambda: {"Authorization": next(tokens)}) as (connection, _, _):
            eventually(lambda: connection.loops[0].failures >= 1, LONG)  # no third token: survived, and backed off
        first, second = venue.requests
        assert "Authorization: one\r\n" in first
        assert "Authorization: two\r\n" in second


def test_without_credentials_nothing_is_dialled_until_woken() -> None:
    session: dict[str, str] = {}

    def headers() -> Mapping[str, str]:
        if not session:
            raise NotReady("nobody has logged in")
        return session

    guard = DialGuard(1, 60.0)
    with scripted_venue(lambda _request: []) as venue:
        with running(venue.url, headers=headers, guard=guard) as (connection, _, counters):
            eventually(lambda: connection.status().reason == "nobody has logged in", LONG)
            assert connection.status().state == "waiting"
            connection.wake()
            time.sleep(0.1)
            assert venue.accepted == 0
            assert counters.guard_waits == 0
            session["Authorization"] = "token"
            connection.wake()
            eventually(lambda: connection.connected, LONG)
        assert connection.status().state == "ended"


def test_a_connection_that_waits_can_be_stopped() -> None:
    def never() -> Mapping[str, str]:
        raise NotReady("nobody has logged in")

    began = time.monotonic()
    for headers, first_delay in ((never, 0.0), (dict, 300.0)):
        with running("ws://127.0.0.1:1", headers=headers, first_delay=first_delay) as (connection, _, _):
            eventually(lambda: connection.status().state == "waiting", LONG)
    assert time.monotonic() - began < LONG


def test_the_applications_heartbeat_is_sent_again_and_again_while_open() -> None:
    beat = '[151,{"channel":"obdiff","event":"H"}]'
    timings = replace(QUICK, heartbeat=0.05)
    with (
        scripted_venue(lambda _request: []) as venue,
        running(venue.url, timings, heartbeat=lambda: beat) as (connection, _, counters),
    ):
        assert [venue.next_heard()["event"] for _ in range(3)] == ["H"] * 3
        connection.drop("again")
        eventually(partial(is_alive, connection, counters, 2), LONG)
        assert venue.next_heard()["event"] == "H"
        assert [loop.failures for loop in connection.loops] == [0, 0, 0]
