"""Each way in which a socket can go wrong has a name, an end, and a next dial."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from marketdata.link.dial import LinkTimings
from tests.marketdata.link.connected import LONG, QUIET, closed_port, next_arrival, running
from tests.marketdata.link.peers import answers, close_frame, peer, reset, text_frame, upgraded, with_tls
from tests.marketdata.rig import QUICK
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow


def _nothing(_taken: socket.socket) -> None:
    """Says nothing."""


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("sent", "timings", "cause"),
    [
        (b"", replace(QUIET, silence=0.3), "silence"),
        (b"\x81\x7e\x01\x00half", replace(QUIET, silence=0.3, socket=30.0), "silence"),
        (b"\x81\x7e\x01\x00half", replace(QUIET, socket=0.3), "timeout"),
        (b"", replace(QUIET, ping_interval=0.2, ping_timeout=0.05), "timeout"),
        (b"\xf1\x00", QUIET, "protocol"),
        (close_frame(1001), QUIET, "going_away"),
        (close_frame(1012), QUIET, "restart"),
        (close_frame(1011), QUIET, "other_code"),
        (close_frame(None), QUIET, "other_code"),
        (close_frame(1000), QUIET, "normal"),
        (b"\x89\x00" + close_frame(1000), replace(QUIET, starved=1e-9), "pong_starvation"),
    ],
    ids=[
        "silence",
        "half-a-frame",
        "stall",
        "no-pong",
        "garbage",
        "1001",
        "1012",
        "1011",
        "no-code",
        "1000",
        "starved",
    ],
)
def test_an_open_socket_that_goes_wrong_is_left_named_and_dialled_again(
    sent: bytes, timings: LinkTimings, cause: str
) -> None:
    script = upgraded(lambda taken: taken.sendall(sent))
    with (
        peer(script, reads_the_request=False) as venue,
        running(venue.url, timings) as (_, _, counters),
    ):
        eventually(lambda: counters.closes[cause] >= 1, LONG)
        eventually(lambda: counters.attempts["open"] >= 2, LONG)
        assert sum(counters.closes.values()) == counters.closes[cause]
    assert (counters.silences >= 1) == (cause == "silence")


def _hang_up(taken: socket.socket) -> None:
    taken.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("end", "cause"), [(_hang_up, "lost"), (reset, "reset")])
def test_a_socket_that_ends_without_a_close_is_told_apart(end: Callable[[socket.socket], None], cause: str) -> None:
    script = upgraded(end)
    with peer(script, reads_the_request=False) as venue, running(venue.url, QUIET) as (_, _, counters):
        eventually(lambda: counters.closes[cause] >= 1, LONG)
        eventually(lambda: counters.attempts["open"] >= 2, LONG)


def _drip(taken: socket.socket) -> None:
    while True:
        taken.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "timings", "result"),
    [
        (_nothing, replace(QUIET, socket=0.2), "timeout"),
        (_drip, replace(QUIET, silence=0.5), "timeout"),
        (answers("404 Not Found"), QUIET, "rejected"),
        (answers("500 Oops"), QUIET, "rejected"),
        (answers("200 OK"), QUIET, "rejected"),
        (answers("101 Switching Protocols"), QUIET, "error"),
        (lambda taken: taken.sendall(b"\x00\xff\x00garbage\r\n\r\n"), QUIET, "error"),
        (lambda taken: taken.sendall(b"HTTP/1.1 abc\r\n\r\n"), QUIET, "error"),
        (_hang_up, QUIET, "error"),
        (reset, QUIET, "refused"),
    ],
    ids=["no-answer", "dripping", "404", "500", "200", "no-accept", "bytes", "no-status", "hang-up", "rst"],
)
def test_an_upgrade_that_goes_wrong_is_named_and_tried_again(
    script: Callable[[socket.socket], None], timings: LinkTimings, result: str
) -> None:
    with peer(script) as venue, running(venue.url, timings) as (connection, _, counters):
        eventually(lambda: counters.attempts[result] >= 2, LONG)
        assert sum(counters.attempts.values()) == counters.attempts[result]
        assert not connection.connected
        assert connection.status().state in ("dialling", "backing_off", "rejected")


def test_a_redirect_is_not_followed_since_no_guard_counts_it_and_the_headers_are_not_for_others() -> None:
    with peer(_nothing) as elsewhere:
        moved = answers("302 Found", f"Location: {elsewhere.url}")
        with (
            peer(moved) as venue,
            running(venue.url, QUIET, headers=lambda: {"APIKEY": "k"}) as (_, _, counters),
        ):
            eventually(lambda: counters.attempts["rejected"] >= 2, LONG)
            assert venue.dials >= 2
        assert elsewhere.dials == 0


def test_a_refused_port_and_an_unknown_name_are_told_apart() -> None:
    with running(f"ws://127.0.0.1:{closed_port()}") as (connection, _, counters):
        eventually(lambda: counters.attempts["refused"] >= 2, LONG)
        assert "refused" in (connection.trouble() or "").lower()
    with running("ws://nobody.invalid") as (_, _, counters):
        eventually(lambda: counters.attempts["dns"] >= 1, 60)


def test_a_venue_whose_certificate_nobody_vouches_for_is_not_talked_to(tmp_path: Path) -> None:
    heard = threading.Event()
    script = with_tls(lambda _taken: heard.set(), tmp_path)
    with (
        peer(script, reads_the_request=False) as venue,
        running(venue.url.replace("ws:", "wss:"), QUIET) as (connection, _, counters),
    ):
        eventually(lambda: counters.attempts["tls"] >= 1, LONG)
        eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in connection.status().reason, LONG)
    assert not heard.is_set()


def test_a_quiet_socket_is_kept_for_as_long_as_silence_is_allowed() -> None:
    def late(taken: socket.socket) -> None:
        time.sleep(1.0)  # ten times the time-out of what has begun
        taken.sendall(text_frame(b"at last"))

    timings = replace(QUIET, socket=0.1, silence=30.0)
    with (
        peer(upgraded(late), reads_the_request=False) as venue,
        running(venue.url, timings) as (_, inbox, counters),
    ):
        assert [next_arrival(inbox).kind, next_arrival(inbox).payload] == ["opened", b"at last"]
        assert (counters.attempts["open"], counters.closes.total()) == (1, 0)


def test_pings_of_the_peer_keep_a_quiet_socket_alive() -> None:
    stop = threading.Event()

    def only_pings(taken: socket.socket) -> None:
        while not stop.wait(0.05):
            taken.sendall(b"\x89\x00")

    script = upgraded(only_pings)
    timings = replace(QUIET, silence=2.0)
    with (
        peer(script, reads_the_request=False) as venue,
        running(venue.url, timings) as (connection, inbox, counters),
    ):
        heartbeats = [next_arrival(inbox) for _ in range(60)]
        stop.set()
        assert {arrival.kind for arrival in heartbeats} == {"opened", "heartbeat"}
        assert counters.attempts["open"] == 1
        assert connection.frame_age() < 2


def _threads() -> set[threading.Thread]:
    """The threads of connections under test, and those by which the library pings. Other tests may leave others."""
    return {each for each in threading.enumerate() if each.name.startswith("test-") or "_send_ping" in each.name}


def test_many_lives_leave_no_threads_and_no_sockets_behind() -> None:
    lives = threading.Semaphore(0)

    def script(taken: socket.socket) -> None:
        lives.release()
        (reset, _hang_up, lambda s: s.sendall(close_frame(1001)))[venue.dials % 3](taken)

    before, files = _threads(), _open_files()
    with (
        peer(upgraded(script), reads_the_request=False) as venue,
        running(venue.url, QUICK) as (_, _, counters),
    ):
        for _ in range(30):
            assert lives.acquire(timeout=LONG)
        eventually(lambda: counters.attempts["open"] >= 30, LONG)
        assert len(_threads() - before) <= 4
    eventually(lambda: _threads() <= before, LONG)
    eventually(lambda: _open_files() <= files, LONG)
