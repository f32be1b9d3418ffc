"""The connection outlives every way in which a peer can fail it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from websockets.utils import accept_key

from marketdata.connection import Connection, Timings
from marketdata.inbox import Arrival, Inbox
from marketdata.limits import Backoff, DialGuard
from marketdata.tally import Tally
from tests.marketdata.rig import QUICK, scripted_venue
from tests.venue.rig import eventually

UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


@contextmanager
def _connection(
    url: str, timings: Timings = QUICK, *, dials: int = 100, window: float = 60.0
) -> Iterator[tuple[Connection, Inbox, Tally]]:
    tally = Tally()
    inbox = Inbox(1_000, tally)
    connection = Connection(
        url,
        inbox=inbox,
        tally=tally,
        timings=timings,
        backoff=Backoff(0.01, 0.05, lambda _low, high: high),
        guard=DialGuard(dials, window),
        clock=time.monotonic,
        wall_clock=time.time,
    )
    connection.start()
    try:
        yield connection, inbox, tally
    finally:
        connection.stop()


@contextmanager
def _raw_server(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that gives each socket to `handle` and keeps it open."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                kept.append(peer)
                handle(peer)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for peer in kept:
                peer.close()


def _upgrade(peer: socket.socket) -> None:
    request = peer.recv(4096).decode()
    key = next(line.split(": ")[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    peer.sendall(UPGRADE % accept_key(key).encode())


def _next(inbox: Inbox) -> Arrival:
    arrival = inbox.get(5)
    assert arrival is not None, "nothing arrived in time"
    return arrival


def _alive(connection: Connection, tally: Tally, life: int) -> bool:
    return connection.connected and tally.attempts["open"] == life


def _as_many(items: list[float], count: int) -> bool:
    return len(items) == count


def test_frames_arrive_in_order_stamped_between_opened_and_closed() -> None:
    began = time.monotonic()
    with scripted_venue(lambda _request: []) as venue, _connection(venue.url) as (connection, inbox, _):
        assert _next(inbox).kind == "opened"
        welcome = _next(inbox)
        assert (welcome.kind, welcome.payload[:5]) == ("frame", b"[991,")
        assert began <= welcome.at <= time.monotonic()
        assert abs(welcome.received - time.time()) < 5
        venue.say("one")
        venue.say("two")
        frames = [arrival for arrival in (_next(inbox) for _ in range(2)) if arrival.kind == "frame"]
        assert [arrival.payload for arrival in frames] == [b"one", b"two"]
        connection.stop()
        eventually(lambda: _next(inbox).kind == "closed")


def test_what_is_sent_arrives_and_without_a_socket_nothing_is() -> None:
    with scripted_venue(lambda _request: []) as venue:
        with _connection(venue.url) as (connection, inbox, _):
            assert _next(inbox).kind == "opened"
            assert connection.send('[151,{"channel":"obdiff","event":"X"}]')
            assert venue.next_heard()["event"] == "X"
        assert not connection.send("[]")


def test_a_silent_peer_is_left_and_dialled_again() -> None:
    timings = replace(QUICK, ping_interval=60.0, ping_timeout=20.0, silence=0.2)
    with _raw_server(_upgrade) as url, _connection(url, timings) as (connection, _, tally):
        eventually(lambda: tally.attempts["open"] >= 2)
        assert tally.silences >= 1
        eventually(lambda: not connection.connected)
        assert "silent" in (connection.trouble() or "silent")


def test_a_peer_that_sends_half_a_frame_is_left() -> None:
    def half_a_frame(peer: socket.socket) -> None:
        _upgrade(peer)
        peer.sendall(b"\x81\x7e\x01\x00half")

    timings = replace(QUICK, ping_interval=60.0, ping_timeout=20.0, silence=0.2, socket=30.0)
    with _raw_server(half_a_frame) as url, _connection(url, timings) as (_, _, tally):
        eventually(lambda: tally.attempts["open"] >= 2)


def test_an_upgrade_that_is_never_answered_times_out() -> None:
    timings = replace(QUICK, silence=30.0, socket=0.1)
    with _raw_server(lambda _peer: None) as url, _connection(url, timings) as (_, _, tally):
        eventually(lambda: tally.attempts["timeout"] >= 2)


def test_pings_of_the_peer_keep_a_quiet_socket_alive() -> None:
    stop = threading.Event()

    def only_pings(peer: socket.socket) -> None:
        _upgrade(peer)
        while not stop.wait(0.05):
            peer.sendall(b"\x89\x00")

    timings = replace(QUICK, ping_interval=60.0, ping_timeout=20.0, silence=0.4)
    with _raw_server(only_pings) as url, _connection(url, timings) as (connection, inbox, tally):
        heartbeats = [_next(inbox) for _ in range(15)]
        stop.set()
        assert {arrival.kind for arrival in heartbeats} == {"opened", "heartbeat"}
        assert tally.attempts["open"] == 1
        assert connection.frame_age() < 1


def test_a_peer_that_answers_no_ping_is_left() -> None:
    timings = replace(QUICK, ping_interval=0.2, ping_timeout=0.05, silence=60.0)
    with _raw_server(_upgrade) as url, _connection(url, timings) as (_, _, tally):
        eventually(lambda: tally.attempts["open"] >= 2)
        assert tally.silences == 0


def test_a_refused_port_and_a_refused_upgrade_are_counted_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with _connection(f"ws://127.0.0.1:{port}") as (connection, _, tally):
        eventually(lambda: tally.attempts["refused"] >= 2)
        assert "refused" in (connection.trouble() or "").lower()

    def refuse(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")

    with _raw_server(refuse) as url, _connection(url) as (connection, _, tally):
        eventually(lambda: tally.attempts["rejected"] >= 2)
        assert "429" in (connection.trouble() or "")


def test_the_guard_bounds_the_dials_whatever_the_backoff_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with _connection(f"ws://127.0.0.1:{port}", dials=3, window=30.0) as (connection, _, tally):
        eventually(lambda: tally.guard_waits == 1)
        assert sum(tally.attempts.values()) == 3
        assert "waiting" in (connection.trouble() or "")


def test_a_dropped_socket_is_replaced_and_the_reason_is_kept() -> None:
    with scripted_venue(lambda _request: []) as venue, _connection(venue.url) as (connection, inbox, _):
        assert _next(inbox).kind == "opened"
        connection.drop("a book was lost")
        eventually(lambda: venue.accepted == 2)
        eventually(lambda: connection.connected)
        assert connection.trouble() is None


@pytest.mark.parametrize(("healthy", "grows"), [(60.0, True), (0.0, False)])
def test_the_backoff_starts_over_only_after_healthy_data(healthy: float, grows: bool) -> None:
    ceilings: list[float] = []

    def draw(_low: float, high: float) -> float:
        ceilings.append(high)
        return 0.001

    tally = Tally()
    inbox = Inbox(1_000, tally)
    with scripted_venue(lambda _request: []) as venue:
        connection = Connection(
            venue.url,
            inbox=inbox,
            tally=tally,
            timings=replace(QUICK, healthy=healthy),
            backoff=Backoff(1.0, 60.0, draw),
            guard=DialGuard(100, 60.0),
            clock=time.monotonic,
            wall_clock=time.time,
        )
        connection.start()
        try:
            for life in range(1, 4):
                eventually(partial(_alive, connection, tally, life))
                venue.say("data")
                eventually(lambda: _next(inbox).payload == b"data")
                connection.drop("again")
                eventually(partial(_as_many, ceilings, life))
        finally:
            connection.stop()
    assert (ceilings[:3] == [1, 2, 4]) == grows
    if not grows:
        assert ceilings[:3] == [1, 1, 1]


def test_many_lives_leave_no_threads_behind() -> None:
    with scripted_venue(lambda _request: []) as venue, _connection(venue.url) as (connection, _, tally):
        eventually(lambda: connection.connected)
        before = threading.active_count()
        for life in range(1, 9):
            eventually(partial(_alive, connection, tally, life))
            connection.drop("again")
        eventually(partial(_alive, connection, tally, 9))
        eventually(lambda: threading.active_count() <= before + 2)
