"""Whatever a client sends, the fault is the client's: a 4xx in the one error shape, and hardly a line in the log."""

from __future__ import annotations

import json
import socket

import pytest

from common.sparing import LINES, Sparing
from tests.common.server import get, gunicorn

HOST = b"Host: x\r\n"
POST = b"POST /body HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
GET = b"GET /hello/x HTTP/1.1\r\n" + HOST

NO_REQUESTS = {
    "both length and coding": CHUNKED + b"Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "lengths as a list": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\nabc",
    "a length in other digits": POST + "Content-Length: ٣\r\n\r\nabc".encode(),
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "an empty coding": POST + b"Transfer-Encoding:\r\n\r\n",
    "a coding below the chunks": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "chunks for HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n3\r\nabc\r\n0\r\n\r\n",
    "a blank in a header's name": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": CHUNKED + b"\r\n\r\nabc\r\n0\r\n\r\n",
    "a chunk with a sign": CHUNKED + b"\r\n+3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a prefix": CHUNKED + b"\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk with an underscore": CHUNKED + b"\r\n0_3\r\nabc\r\n0\r\n\r\n",
    "a chunk larger than any body": CHUNKED + b"\r\nfffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a chunk with a broken extension": CHUNKED + b'\r\n3;a="\x01"\r\nabc\r\n0\r\n\r\n',
    "a chunk that is shorter than it says": CHUNKED + b"\r\n4\r\nabc\r\n0\r\n\r\n",
    "a chunk with a blank behind its size": CHUNKED + b"\r\n3 \r\nabc\r\n0\r\n\r\n",
    "a trailer that is none": CHUNKED + b"\r\n3\r\nabc\r\n0\r\nno trailer\r\n\r\n",
    "a length as a trailer": CHUNKED + b"\r\n3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method with braces": b"G{}T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a version of two": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "no target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target in brackets": b"GET http://[::1/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target of bytes": b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target that never ends": b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(80) + b"\r\n\r\n",
    "a line of a proxy": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + GET + b"\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a header with a null": GET + b"X: a\x00b\r\n\r\n",
    "a header without a name": GET + b": x\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a header of 40 kB": GET + b"X: " + b"y" * 40_000 + b"\r\n\r\n",
    "a hundred headers": GET + b"".join(b"X%d: 1\r\n" % number for number in range(100)) + b"\r\n",
    "an expectation that nobody can meet": POST + b"Content-Length: 3\r\nExpect: 200-ok\r\n\r\nabc",
    "line feeds alone": b"GET / HTTP/1.1\nHost: x\n\n",
    "nothing but line ends": b"\r\n\r\n",
}


def _answer(connection: socket.socket) -> bytes:
    connection.settimeout(10)
    answer = connection.recv(65_536)
    while b"}}}" not in answer and (piece := connection.recv(65_536)):
        answer += piece
    return answer


def test_what_is_no_request_gets_a_4xx_in_the_one_error_shape_and_counts_as_no_failure() -> None:
    with gunicorn(SPARK_THREADS="4") as server:
        for kind, sent in NO_REQUESTS.items():
            connection = server.connect(sent)
            head, _, body = _answer(connection).partition(b"\r\n\r\n")
            connection.close()
            assert head.startswith(b"HTTP/1.1 4"), (kind, head)
            assert json.loads(body)["error"]["code"], kind
        counted = get(f"{server.address}/metrics")[1].decode()
        assert server.terminate() == 0
    failures = [line for line in counted.splitlines() if "flask_http_request_total" in line and 'status="5' in line]
    assert [line for line in failures if not line.endswith(" 0.0")] == []
    assert [line for line in server.lines if line["level"] not in ("info", "debug")] == []
    told = [line for line in server.lines if line["event"] == "a client sent what is no request"]
    assert 0 < len(told) <= LINES
    assert {line["address"] for line in told} == {"127.0.0.1"}


def test_a_length_of_thirty_digits_ends_the_connection_so_that_its_body_is_no_second_request() -> None:
    with gunicorn(SPARK_THREADS="4") as server:
        connection = server.connect(POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + GET + b"\r\n")
        connection.settimeout(10)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        connection.close()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_flood_writes_a_few_lines_and_says_how_many_were_left_out() -> None:
    now = [0.0]
    sparing = Sparing(2, 60.0, monotonic=lambda: now[0])
    assert [sparing.passes() for _ in range(5)] == [0, 0, None, None, None]
    now[0] = 59.9
    assert sparing.passes() is None
    now[0] = 60.0
    assert [sparing.passes() for _ in range(3)] == [4, 0, None]


@pytest.mark.parametrize("lines", [1, 3])
def test_as_many_lines_pass_in_each_span_as_are_allowed(lines: int) -> None:
    now = [0.0]
    sparing = Sparing(lines, 1.0, monotonic=lambda: now[0])
    for second in range(3):
        now[0] = float(second)
        assert sum(sparing.passes() is not None for _ in range(10)) == lines
