"""Slow clients and broken requests, on a real server with few threads: they get an error, and others are served."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from common.worker import REQUEST_SECONDS
from tests.common.server import Server, get, gunicorn

pytestmark = pytest.mark.slow

GRACE_SECONDS = 8
SERVED_SECONDS = 4.0
"""A busy machine needs some of it; a server whose threads are all held needs more than twice as long."""
HEAD = b"POST /body HTTP/1.1\r\nHost: x\r\n"
UNFINISHED = {
    "a head without its end": HEAD,
    "nothing at all": b"",
    "a body that stops": HEAD + b"Content-Length: 10\r\n\r\nabc",
    "a chunk that stops": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "a chunked body without its last chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "a second request that stops": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + HEAD,
    "a body that waits to be asked for": HEAD + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
}


def _answered_in(server: Server) -> float:
    began = time.monotonic()
    assert get(f"{server.address}/healthz")[0] == 200
    return time.monotonic() - began


def test_unfinished_requests_cost_no_thread_and_end_with_408() -> None:
    with gunicorn(SPARK_THREADS="8") as server:
        slow = {kind: [server.connect(sent) for _ in range(8)] for kind, sent in UNFINISHED.items()}
        began = time.monotonic()
        while time.monotonic() - began < REQUEST_SECONDS - 1:
            assert _answered_in(server) < SERVED_SECONDS
            time.sleep(0.5)
        for kind, connections in slow.items():
            for connection in connections:
                connection.settimeout(10)
                answer = _read_all(connection)
                assert b"HTTP/1.1 408 Request Timeout" in answer, kind
                assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["error"]["code"] == "REQUEST_TIMEOUT"
                connection.close()


def test_a_client_that_sends_a_byte_now_and_then_gets_no_more_time() -> None:
    with gunicorn(SPARK_THREADS="2") as server:
        connection = server.connect(HEAD + b"Content-Length: 60000\r\n\r\n")
        began = time.monotonic()
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - began < REQUEST_SECONDS + 5:
            connection.sendall(b"x")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")
        connection.close()


def test_clients_that_do_not_close_after_the_answer_hold_nobody_up() -> None:
    with gunicorn(SPARK_THREADS="2") as server:
        asked = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        stuck = [server.connect(asked) for _ in range(20)]
        time.sleep(0.3)
        assert _answered_in(server) < SERVED_SECONDS
        for connection in stuck:
            connection.close()


def test_a_stream_whose_client_stops_reading_gives_its_place_back() -> None:
    with gunicorn(SPARK_THREADS="8") as server:
        stuck = [server.connect(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
        until = time.monotonic() + 10

        def open_streams() -> int:
            return int(json.loads(get(f"{server.address}/open")[1])["open"])

        _wait(lambda: open_streams() == 2, until)
        _wait(lambda: open_streams() == 0, until)
        for connection in stuck:
            connection.close()


def test_a_client_that_stops_reading_does_not_hold_the_stop_up() -> None:
    with gunicorn(SPARK_THREADS="8") as server:
        stuck = [server.connect(b"GET /flood?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
        for connection in stuck:
            assert connection.recv(100)
        time.sleep(0.3)
        began = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - began < GRACE_SECONDS / 2
        for connection in stuck:
            connection.close()


def test_more_connections_than_there_may_be_leave_room_for_the_next() -> None:
    with gunicorn(SPARK_THREADS="4") as server:
        idle = [server.connect() for _ in range(530)]
        assert _answered_in(server) < SERVED_SECONDS
        for connection in idle:
            connection.close()


def test_a_kept_alive_connection_serves_one_request_after_another_even_when_they_come_together() -> None:
    one = HEAD + b"Content-Length: 3\r\n\r\nabc"
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    with gunicorn(SPARK_THREADS="2") as server:
        connection = server.connect(one + chunked + one[:40])
        time.sleep(0.2)
        connection.sendall(one[40:])
        answer = b""
        while answer.count(b'{"bytes":3}') < 3:
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
        connection.close()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_client_that_waits_for_100_continue_is_told_to_go_on_once(method: str) -> None:
    head = f"{method} /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with gunicorn() as server:
        connection = server.connect(head.encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200" if method == "POST" else b"HTTP/1.1 405")
        connection.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nab\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=\x01\r\nab\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000, 400),
        (HEAD + b"Content-Length: abc\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /body HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000, 431),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n20000\r\n", 413),
        (HEAD + b"Content-Length: 65537\r\n\r\n", 413),
    ],
)
def test_a_request_that_is_none_gets_an_error_of_the_client(sent: bytes, status: int) -> None:
    with gunicorn(SPARK_THREADS="2") as server:
        connection = server.connect(sent)
        assert connection.recv(1000).startswith(f"HTTP/1.1 {status} ".encode())
        connection.close()
        assert not [line for line in server.lines if line["level"] == "error"]


def test_the_connections_of_a_pool_are_not_kept_from_being_used_again() -> None:
    with gunicorn() as server, urllib3.PoolManager(num_pools=1, maxsize=1, retries=False) as client:
        for _ in range(5):
            assert client.request("POST", f"{server.address}/body", body=b"abc").status == 200
        assert client.connection_from_url(server.address).num_connections == 1


def _read_all(connection: socket.socket) -> bytes:
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


def _wait(reached: Callable[[], bool], until: float) -> None:
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_clients_that_ask_without_a_pause_do_not_keep_the_threads_to_themselves() -> None:
    stopped = threading.Event()

    def ask_again_and_again(server: Server) -> int:
        pool, answered = urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=1), 0
        while not stopped.is_set():
            assert pool.request("GET", "/healthz").status == 200
            answered += 1
        pool.close()
        return answered

    with gunicorn(SPARK_THREADS="2") as server, ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask_again_and_again, server) for _ in range(4)]
        try:
            slowest = max(_answered_in(server) for _ in range(20))
        finally:
            stopped.set()
        assert slowest < SERVED_SECONDS
        assert min(each.result(SERVED_SECONDS) for each in asking) > 0


def test_an_answer_that_breaks_off_is_cut_and_logged_and_the_next_one_is_served() -> None:
    with gunicorn(SPARK_THREADS="2") as server:
        for _ in range(3):
            connection = server.connect(b"GET /breaks-off HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.settimeout(10)
            answer = _read_all(connection)
            assert answer.endswith(b"5\r\nbegun\r\n"), "no last chunk: the client sees that it is not whole"
            connection.close()
        assert _answered_in(server) < SERVED_SECONDS
        assert server.terminate() == 0
    broken = [line for line in server.lines if line["event"] == "an answer broke off"]
    assert [("in the middle" in line["exception"], line["level"]) for line in broken] == [(True, "error")] * 3


def test_a_client_that_goes_away_in_the_middle_of_its_answer_is_no_failure() -> None:
    with gunicorn(SPARK_THREADS="4") as server:
        for _ in range(3):
            connection = server.connect(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()  # with a reset
        _wait(lambda: json.loads(get(f"{server.address}/open")[1])["open"] == 0, time.monotonic() + 10)
        assert server.terminate() == 0
    assert [line for line in server.lines if line["level"] in ("warning", "error")] == []
