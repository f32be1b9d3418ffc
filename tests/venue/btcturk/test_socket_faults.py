"""Faults below the protocol, seen by a client that reads raw bytes, so that no library smooths them over."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.venue.btcturk.rig import Venue, client, running_venue
from tests.venue.rig import eventually
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.ratelimits import LimitRules, Quota

pytestmark = pytest.mark.slow

WELCOME = b'[991,{"type":991,"current":"6.0.0","min":"2.3.0"}]'
PING = b"\x89\x04"
PINGING = BtcturkServerTimings(conflation=0.01, ping=0.8, step=0.01)


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0) as running:
        yield running


@contextmanager
def _dialled(venue: Venue) -> Iterator[socket.socket]:
    """A raw connection that has asked for the upgrade."""
    with socket.create_connection(("127.0.0.1", venue.server.port)) as raw:
        raw.settimeout(5)
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        yield raw


@contextmanager
def _open(venue: Venue) -> Iterator[socket.socket]:
    """A raw connection that has read the welcome."""
    with _dialled(venue) as raw:
        _read_until(raw, WELCOME)
        yield raw


def _read_until(raw: socket.socket, end: bytes) -> bytes:
    received = b""
    while end not in received:
        more = raw.recv(65_536)
        assert more, f"closed after {received!r}"
        received += more
    return received


def _drain(raw: socket.socket) -> None:
    """Takes what was sent before the fault."""
    raw.settimeout(0.1)
    with suppress(TimeoutError):
        while raw.recv(65_536):
            pass


def _silent_for(raw: socket.socket, seconds: float) -> bool:
    raw.settimeout(seconds)
    try:
        return raw.recv(65_536) == b"never"
    except TimeoutError:
        return True


def test_a_reset_is_a_reset_and_not_a_close(venue: Venue) -> None:
    with _open(venue) as raw:
        venue.server.faults.arm("reset")
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


@pytest.mark.parametrize("code", [1000, 1001, 1012])
def test_a_close_has_the_code_that_was_asked_for(venue: Venue, code: int) -> None:
    with client(venue.url) as reader:
        venue.server.faults.arm("close", code=code)
        with pytest.raises(ConnectionClosed) as closed:
            reader.next()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "")


def test_1006_hangs_up_without_a_close_frame(venue: Venue) -> None:
    with _open(venue) as raw:
        venue.server.faults.arm("close", code=1006)
        assert raw.recv(100) == b""


def test_a_partial_frame_stalls_in_its_middle_and_stays_open() -> None:
    with running_venue(warm_up=1.0, timings=PINGING) as venue, _open(venue) as raw:
        venue.server.faults.arm("partial_frame")
        received = _read_until(raw, b"[401,")
        header = received[received.index(b"[401,") - 4 :]
        assert header[:2] == bytes([0x81, 126])
        (length,) = struct.unpack(">H", header[2:4])
        eventually(lambda: venue.server.faults.done()["partial_frame"])
        assert _silent_for(raw, 1.2)
        assert len(header) < length
        venue.stop()


def test_a_half_open_socket_neither_pings_nor_pongs_nor_answers_nor_closes() -> None:
    with running_venue(warm_up=1.0, timings=PINGING) as venue, _open(venue) as raw:
        _read_until(raw, PING)
        venue.server.faults.arm("half_open")
        eventually(lambda: venue.server.faults.done()["half_open"])
        _drain(raw)
        mask = b"\x01\x02\x03\x04"
        raw.sendall(b"\x89\x80" + mask + b"\x88\x80" + mask)
        assert _silent_for(raw, 1.2)
        raw.shutdown(socket.SHUT_WR)
        assert _silent_for(raw, 0.3)
        assert venue.server.settled()
        assert venue.server.counters.closures["no_pong"] == 0


def test_silence_has_no_frames_and_no_pings_and_ends_with_the_faults() -> None:
    with running_venue(warm_up=1.0, timings=PINGING) as venue, _open(venue) as raw:
        venue.server.faults.arm("silence", seconds=60)
        eventually(lambda: venue.server.faults.done()["silence"])
        _drain(raw)
        assert _silent_for(raw, 1.2)
        mask = b"\x00\x00\x00\x00"
        raw.sendall(b"\x89\x80" + mask)
        assert raw.recv(2) == b"\x8a\x00"
        venue.server.faults.clear()
        raw.settimeout(5)
        assert PING in _read_until(raw, PING)


def test_a_silent_venue_sends_everything_afterwards() -> None:
    with running_venue() as venue, client(venue.url) as reader:
        reader.ask("obdiff", "BTCTRY")
        first = reader.next_of(431)["CS"]
        venue.server.faults.arm("silence", seconds=60)
        eventually(lambda: venue.server.faults.done()["silence"])
        venue.move(5)
        with pytest.raises(TimeoutError):
            reader.next(0.2)
        venue.server.faults.clear()
        assert reader.next_of(432)["CS"] == first + 1


def test_an_upgrade_that_is_never_answered_keeps_tcp_open(venue: Venue) -> None:
    venue.server.faults.arm("no_upgrade_answer")
    with _dialled(venue) as raw:
        eventually(lambda: venue.server.faults.done()["no_upgrade_answer"])
        assert _silent_for(raw, 0.5)
        venue.stop()
    assert venue.server.counters.upgrades["fault"] == 1


@pytest.mark.parametrize(
    ("status", "retry_after"), [(401, None), (403, None), (429, 7), (503, 120), (503, None), (429, None)]
)
def test_a_refused_upgrade_has_the_status_and_the_header(venue: Venue, status: int, retry_after: int | None) -> None:
    venue.server.faults.arm("refuse_upgrade", status=status, retry_after=retry_after)
    with _dialled(venue) as raw:
        head = _read_until(raw, b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (b"Retry-After: %d\r\n" % retry_after in head) if retry_after else (b"Retry-After" not in head)
    with client(venue.url):
        assert venue.server.counters.upgrades["fault"] == 1


def test_a_refused_upgrade_can_bring_the_page_of_a_firewall(venue: Venue) -> None:
    venue.server.faults.arm("refuse_upgrade", status=403, page="<html>no</html>")
    with _dialled(venue) as raw:
        answer = _read_until(raw, b"</html>")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.lower().count(b"content-type:") == 1
    assert b"text/html" in answer


TWO_A_MINUTE = Quota(2, 60.0, 60.0)


@pytest.mark.parametrize(("refusal", "answer"), [("429", b"HTTP/1.1 429 "), ("403", b"HTTP/1.1 403 "), ("drop", b"")])
def test_one_new_socket_too_many_is_refused_as_configured(refusal: object, answer: bytes) -> None:
    rules = LimitRules({}, TWO_A_MINUTE, refusal)  # type: ignore[arg-type]
    with running_venue(warm_up=1.0, rules=rules) as venue:
        for _ in range(2):
            with _open(venue):
                pass
        with _dialled(venue) as raw:
            if answer:
                head = _read_until(raw, b"\r\n\r\n")
                assert head.startswith(answer)
                assert (b"Retry-After: 60\r\n" in head) == (refusal == "429")
            else:
                assert raw.recv(100) == b""
        assert venue.server.limits.worst_windows()["dial"] == 3
        assert venue.server.counters.upgrades["limit"] == 1
