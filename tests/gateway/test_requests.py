"""Slow, giant, broken and ambiguous requests are a 4xx of the gateway, and no service ever sees them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median

import pytest

from tests.gateway.rig import Gateway, Place, docker, read_all

pytestmark = pytest.mark.engine

CHUNKED = b"Transfer-Encoding: chunked\r\n"
BROKEN = {
    "no version": b"GET /\r\n\r\n",
    "a zero byte in the path": b"GET /\0 HTTP/1.1\r\n{host}\r\n",
    "a space before the colon": b"POST / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "an underscore for a hyphen": b"POST / HTTP/1.1\r\n{host}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\n{host}" + CHUNKED + b"Transfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "a coding that nobody knows": b"POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\n{host}" + CHUNKED + b"\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n{host}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length with a sign": b"POST / HTTP/1.1\r\n{host}Content-Length: +3\r\n\r\nabc",
    "a negative length": b"POST / HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\nabc",
    "a size of a chunk that is no number": b"POST / HTTP/1.1\r\n{host}" + CHUNKED + b"\r\nzz\r\n\r\n",
    "a giant chunk": b"POST / HTTP/1.1\r\n{host}" + CHUNKED + b"\r\nffffffffffffffff1\r\nx",
    "150 headers": b"GET / HTTP/1.1\r\n{host}" + b"".join(b"X-%d: y\r\n" % number for number in range(150)) + b"\r\n",
    "a head of a megabyte": b"GET / HTTP/1.1\r\n{host}X: " + b"y" * 1_000_000,
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n{host}\r\n",
    "an echo of the head": b"TRACE / HTTP/1.1\r\n{host}\r\n",
    "bytes that are no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
}


def sent(gateway: Gateway, text: bytes) -> bytes:
    return gateway.raw("executor-1", text.replace(b"{host}", f"Host: {gateway.own('executor-1')}\r\n".encode()))


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_request_is_a_4xx_and_ends_its_connection(gateway: Gateway, what: str) -> None:
    answer = sent(gateway, BROKEN[what])
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]


def test_a_length_beside_chunks_counts_for_nobody(gateway: Gateway) -> None:
    """The gateway passes on the chunks alone, so no service can find a second request in the rest."""
    head = b"POST /first HTTP/1.1\r\n{host}Content-Length: 6\r\n" + CHUNKED
    answer = sent(gateway, head + b"\r\n0\r\n\r\nGET /second HTTP/1.1\r\nX: ")
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b'"content-length"' not in answer.lower()
    assert b"/second" not in answer


@pytest.mark.parametrize(
    ("status", "request_of"),
    [
        (413, {"body": b"x" * 65_537}),
        (414, {"path": "/" + "x" * 4_000}),
        (431, {"headers": {"X": "y" * 16_384}}),
        (200, {"body": b"x" * 65_536}),
        (200, {"path": "/" + "x" * 3_900, "headers": {"X": "y" * 8_000}}),
    ],
)
def test_what_is_too_large_is_told_so(gateway: Gateway, status: int, request_of: dict[str, object]) -> None:
    answer = gateway.ask("POST", "executor-1", **request_of)  # type: ignore[arg-type] # a path, a body or headers
    assert answer.status == status
    if status != 200:
        assert answer.code in ("BODY_TOO_LARGE", "URI_TOO_LONG", "HEADERS_TOO_LARGE")


def test_a_body_in_chunks_has_the_same_bound(gateway: Gateway) -> None:
    chunks = b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(17)) + b"0\r\n\r\n"
    assert (
        sent(gateway, b"POST / HTTP/1.1\r\n{host}Connection: close\r\n" + CHUNKED + b"\r\n" + chunks).split()[1]
        == b"413"
    )


def test_half_a_request_is_ended_after_five_seconds(gateway: Gateway) -> None:
    halves = (
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\n{host}X: ",
        b"POST / HTTP/1.1\r\n{host}Content-Length: 9\r\n\r\nabc",
    )
    with ThreadPoolExecutor(len(halves)) as pool:
        answers = list(pool.map(lambda half: sent(gateway, half), halves))
    for answer in answers:
        assert answer[:12] in (b"", b"HTTP/1.0 408", b"HTTP/1.1 408"), answer


def test_200_half_open_sockets_at_a_door_keep_nobody_waiting_at_it(gateway: Gateway) -> None:
    held = [gateway.connect("executor-1") for _ in range(200)]
    for connection in held:
        connection.sendall(b"GET / HTTP/1.1\r\nHo")
    waits: dict[str, list[float]] = {"executor-1": [], "executor-2": []}
    for _ in range(40):
        for door, seconds in waits.items():
            begun = time.monotonic()
            assert gateway.ask("GET", door).status == 200
            seconds.append(time.monotonic() - begun)
    for connection in held:
        connection.close()
    # The other door tells how busy the machine is.
    assert median(waits["executor-1"]) < median(waits["executor-2"]) + 0.25


def test_every_line_of_the_log_is_json_whatever_was_sent(gateway: Gateway) -> None:
    sent(gateway, b'GET /"\\\x1b[31m HTTP/1.1\r\n{host}X: "\r\n\r\n')
    sent(gateway, b'GET /a%0a"b HTTP/1.1\r\nHost: evil"\\\r\nConnection: close\r\n\r\n')
    assert {"status", "reason", "client", "door", "path"} <= set(gateway.log(1)[-1])


def test_a_reader_that_leaves_ends_its_stream_at_the_service(gateway: Gateway) -> None:
    before = gateway.ask("GET", "web").json["left_streams"]
    with gateway.connect("web") as connection:
        connection.sendall(f"GET /stream HTTP/1.1\r\nHost: {gateway.own('web')}\r\n\r\n".encode())
        assert b"still here" in connection.recv(65_536) + connection.recv(65_536)
    deadline = time.monotonic() + 10
    while gateway.ask("GET", "web").json["left_streams"] == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_service_that_breaks_off_and_one_that_is_away_are_told_as_json(doors: Place) -> None:
    with doors.gateway() as gateway:
        answer = gateway.ask("GET", "web", "/broken")
        assert (answer.status, answer.code) == (502, "UNAVAILABLE")
        docker("stop", "--time=0", f"{doors.name}-echo")
        try:
            begun = time.monotonic()
            answer = gateway.ask("GET", "web")
            assert (answer.status, answer.code, answer.json["error"]["retryable"]) == (503, "UNAVAILABLE", True)
            assert time.monotonic() - begun < 4
        finally:
            docker("start", f"{doors.name}-echo")
        deadline = time.monotonic() + 20
        while gateway.ask("GET", "web").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert {502, 503} <= {line["status"] for line in gateway.log(2)}


def test_an_idle_connection_is_closed_and_one_that_is_kept_is_used_again(gateway: Gateway) -> None:
    asked = f"GET / HTTP/1.1\r\nHost: {gateway.own('web')}\r\n\r\n".encode()
    with gateway.connect("web") as connection:
        connection.settimeout(1)
        for _ in range(3):
            connection.sendall(asked)
            assert read_all(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/1.2", "HTTP/1.10", "HTTP/3.0"])
def test_no_version_but_1_1_and_1_0_reaches_a_service(gateway: Gateway, version: str) -> None:
    told = gateway.raw("prometheus", f"GET / {version}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert told.startswith(b"HTTP/1.1 400 "), told[:100]


def test_some_places_for_streams_are_kept_for_the_services_inside(doors: Place) -> None:
    with doors.gateway(SPARK_STREAMS_MAX="4", SPARK_MAX_ORDER_STREAMS="2") as gateway, ExitStack() as open_streams:
        for door, path, places in (("marketdata", "/v1/stream", 2), ("executor-1", "/v1/orders/stream", 1)):
            ask = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            for _ in range(places):
                stream = open_streams.enter_context(gateway.connect(door))
                stream.sendall(ask)
                assert stream.recv(100).startswith(b"HTTP/1.1 200 ")
            refused = gateway.ask("GET", door, path)
            assert (refused.status, refused.code) == (429, "TOO_MANY_STREAMS")
            assert refused.headers["Retry-After"] == "5"
            assert gateway.ask("GET", door, "/v1/quotes").status == 200
