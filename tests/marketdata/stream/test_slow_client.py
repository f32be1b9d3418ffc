"""Under the real HTTP server, a client that stops reading costs nobody else anything, and not for long."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.marketdata.busy import ask, gunicorn, json_of
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with gunicorn() as running:
        yield running


def _open(address: tuple[str, int]) -> int:
    return int(json_of(address, "/open")["open"])


def _is_ended(connection: socket.socket) -> bool:
    """Returns true when the server has ended a connection, once all that it had sent is read."""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if not connection.recv(1 << 20):
                return True
    except ConnectionResetError:
        return True
    return False


def test_a_client_that_never_reads_is_cut_off_while_others_get_every_change(address: tuple[str, int]) -> None:
    eventually(lambda: _open(address) == 0)
    stuck = ask(address, "/v1/stream?kinds=book&depth=100", read_buffer=4096)
    sequences, longest, told_at = list[int](), 0.0, time.monotonic()
    deadline = told_at + 60
    with ask(address, "/v1/stream?symbols=BTCTURK:P0TRY") as quick, quick.makefile("rb") as lines:
        while len(sequences) < 30 or len(sequences) % 10 or _open(address) > 1:
            if lines.readline().startswith(b"event: "):
                sequences.append(int(lines.readline().partition(b"-")[2]))
                longest, told_at = max(longest, time.monotonic() - told_at), time.monotonic()
            assert time.monotonic() < deadline
    assert sequences == sorted(set(sequences))
    assert longest < 5
    with stuck:
        assert _is_ended(stuck)


def test_a_place_beyond_the_last_is_refused_until_one_is_given_back(address: tuple[str, int]) -> None:
    eventually(lambda: _open(address) == 0)
    taken = [ask(address, "/v1/stream") for _ in range(4)]
    eventually(lambda: _open(address) == 4)
    with ask(address, "/v1/stream") as fifth:
        assert fifth.recv(64).startswith(b"HTTP/1.1 429")
    assert json_of(address, "/v1/quotes")["quotes"]
    taken.pop().close()
    eventually(lambda: _open(address) == 3)
    with ask(address, "/v1/stream") as fourth:
        assert fourth.recv(64).startswith(b"HTTP/1.1 200")
    for connection in taken:
        connection.close()
