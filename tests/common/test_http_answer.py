"""The packets of an answer: head and body in one, and each part of a stream as soon as it is there."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from common.http_answer import AnswerWriter, answer

LARGE = b"x" * 3_000_000


@contextmanager
def _sockets(sending_bytes: int | None = None) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A server's socket as a connection has it, and its client's."""
    ours, theirs = socket.socketpair(
        socket.AF_UNIX, socket.SOCK_SEQPACKET if sending_bytes is None else socket.SOCK_STREAM
    )
    with ours, theirs:
        ours.settimeout(15)
        theirs.settimeout(15)
        if sending_bytes is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sending_bytes)
        yield ours, theirs


def _sent(sock: socket.socket, parts: Sequence[bytes], headers: list[tuple[str, str]], method: str = "GET") -> None:
    request = SimpleNamespace(version=(1, 1), method=method, should_close=lambda: False)

    def application(_environ: dict[str, Any], start_response: Any) -> Sequence[bytes]:
        start_response("200 OK", headers)
        return parts

    answer(application, {}, AnswerWriter(request, sock, Config()))


def _packets(client: socket.socket) -> list[bytes]:
    found = []
    client.setblocking(False)
    while True:
        try:
            found.append(client.recv(65536))
        except BlockingIOError:
            return found


def test_head_and_body_are_one_packet() -> None:
    with _sockets() as (ours, theirs):
        _sent(ours, [b"abc"], [("Content-Length", "3")])
        [packet] = _packets(theirs)
    head, _, body = packet.partition(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.1 200 OK\r\n"), body) == (True, b"abc")


def test_of_a_stream_each_part_goes_out_when_it_is_there_and_the_head_with_the_first() -> None:
    with _sockets() as (ours, theirs):
        _sent(ours, [b"one", b"two"], [("Content-Type", "text/event-stream")])
        first, second, end = _packets(theirs)
    assert first.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n"
    assert (second, end) == (b"3\r\ntwo\r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("parts", "headers", "method"),
    [
        ([], [("Content-Length", "0")], "GET"),
        ([b""], [("Content-Length", "0")], "GET"),
        ([b"abc"], [("Content-Length", "3")], "HEAD"),
    ],
)
def test_an_answer_without_a_body_is_its_head(
    parts: Sequence[bytes], headers: list[tuple[str, str]], method: str
) -> None:
    with _sockets() as (ours, theirs):
        _sent(ours, parts, headers, method)
        [packet] = _packets(theirs)
    assert packet.endswith(b"\r\n\r\n")
    assert packet.count(b"\r\n\r\n") == 1


def test_a_stream_that_begins_with_nothing_shows_its_head_at_once() -> None:
    with _sockets() as (ours, theirs):
        _sent(ours, [b"", b"late"], [])
        head, late, _end = _packets(theirs)
    assert (head.endswith(b"\r\n\r\n"), late) == (True, b"4\r\nlate\r\n")


def test_a_body_larger_than_the_clients_buffer_arrives_whole() -> None:
    def read(client: socket.socket) -> bytes:
        return b"".join(iter(lambda: client.recv(65536), b""))

    with ThreadPoolExecutor(1) as threads, _sockets(4096) as (ours, theirs):
        received = threads.submit(read, theirs)
        _sent(ours, [LARGE], [("Content-Length", f"{len(LARGE)}")])
        ours.shutdown(socket.SHUT_WR)
        assert received.result(15).partition(b"\r\n\r\n")[2] == LARGE


def test_a_client_that_takes_nothing_is_given_up() -> None:
    with _sockets(4096) as (ours, _theirs):
        ours.settimeout(0.2)
        with pytest.raises(TimeoutError):
            _sent(ours, [LARGE], [("Content-Length", f"{len(LARGE)}")])


def test_what_the_application_opened_is_closed_when_its_answer_breaks_off() -> None:
    closed = []

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            raise ValueError("broken")

        def close(self) -> None:
            closed.append(True)

    with _sockets() as (ours, _theirs), pytest.raises(ValueError, match="broken"):
        _sent(ours, Parts(), [])  # type: ignore[arg-type]
    assert closed == [True]
