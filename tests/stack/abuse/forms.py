"""Requests that no honest client sends, by name. Each is the bytes for one connection."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from tests.stack.abuse.raw import Door, request

Form = Callable[[Door], bytes]
SMUGGLED = "/smuggled-by-a-stranger"


def _head(*lines: bytes) -> Form:
    """A GET whose further header lines are these very bytes."""

    def made(door: Door) -> bytes:
        first = f"GET {door.path} HTTP/1.1\r\nHost: {door.host}\r\nConnection: close\r\n".encode()
        return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    return made


def _bytes(content: bytes) -> Form:
    return lambda door: content.replace(b"HOST", door.host.encode())


def _chunked(body: bytes, *headers: str) -> Form:
    return lambda door: request(door, "POST", door.path, "Transfer-Encoding: chunked", *headers, body=body)


def _smuggling(*headers: str, body: bytes) -> Form:
    """A request whose end two readers may see at different places, with another request behind that."""
    inner = f"GET {SMUGGLED} HTTP/1.1\r\nX: ".encode()
    return lambda door: request(door, "POST", door.path, *headers, body=body.replace(b"INNER", inner), end=False)


HEADS: dict[str, Form] = {
    "one header of 1 MB": _head(b"X-Long: " + b"a" * 1_000_000),
    "one header of 20 KB": _head(b"X-Long: " + b"a" * 20_000),
    "2,000 headers": _head(*(b"X-%d: 1" % index for index in range(2000))),
    "a path of 100 KB": lambda door: request(door, "GET", "/" + "a" * 100_000),
    "a header without a colon": _head(b"nonsense"),
    "a header without a name": _head(b": nothing"),
    "a blank before the colon": _head(b"X-Name : 1"),
    "a NUL in a header": _head(b"X-Name: a\0b"),
    "a bare CR in a header": _head(b"X-Name: a\rX-Other: b"),
    "a name of strange letters": _head("X-Şarkı: 1".encode()),
    "no Host": _bytes(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two Hosts": _head(b"Host: localhost"),
    "no version": _bytes(b"GET /\r\n\r\n"),
    "version 0.9": _bytes(b"GET / HTTP/0.9\r\nHost: HOST\r\n\r\n"),
    "version 3": _bytes(b"GET / HTTP/3.0\r\nHost: HOST\r\n\r\n"),
    "version 1.10": _bytes(b"GET / HTTP/1.10\r\nHost: HOST\r\n\r\n"),
    "a method of small letters": _bytes(b"get / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"),
    "a method of 10 KB": _bytes(b"A" * 10_000 + b" / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"),
    "CONNECT": _bytes(b"CONNECT example.invalid:443 HTTP/1.1\r\nHost: example.invalid:443\r\n\r\n"),
    "TRACE": _bytes(b"TRACE / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"),
    "a whole address as target": _bytes(
        b"GET http://example.invalid/ HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
    ),
    "bytes of TLS": _bytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)),
    "HTTP/2 without asking": _bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100)),
    "noise": _bytes(bytes(range(256)) * 40 + b"\r\n\r\n"),
}

CHUNKS: dict[str, Form] = {
    "a size that is no number": _chunked(b"xyz\r\nabc\r\n0\r\n\r\n"),
    "a negative size": _chunked(b"-3\r\nabc\r\n0\r\n\r\n"),
    "a size with 0x": _chunked(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "a size with an underscore": _chunked(b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n"),
    "a size beyond 64 bits": _chunked(b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
    "a size of 64 bits": _chunked(b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    "a size that is too small": _chunked(b"2\r\nabc\r\n0\r\n\r\n"),
    "an extension of 100 KB": _chunked(b"3;x=" + b"a" * 100_000 + b"\r\nabc\r\n0\r\n\r\n"),
    "a line feed alone": _chunked(b"3\nabc\n0\n\n"),
    "100,000 chunks of one byte": _chunked(b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"),
    "a trailer of 200 KB": _chunked(b"3\r\nabc\r\n0\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"),
    "a trailer without a colon": _chunked(b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n"),
}

SMUGGLING: dict[str, Form] = {
    "CL.TE": _smuggling("Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\nINNER"),
    "TE.CL": _smuggling("Content-Length: 3", "Transfer-Encoding: chunked", body=b"8\r\nSMUGGLED\r\n0\r\n\r\nINNER"),
    "two lengths": _smuggling("Content-Length: 0", "Content-Length: 5", body=b"INNER"),
    "two lengths in one": _smuggling("Content-Length: 0, 5", body=b"INNER"),
    "a length with a sign": _smuggling("Content-Length: +0", body=b"INNER"),
    "a length with a blank": _smuggling("Content-Length: 0 5", body=b"INNER"),
    "a negative length": _smuggling("Content-Length: -1", body=b"INNER"),
    "a length of strange digits": lambda door: _smuggling("Content-Length: \xb2", body=b"INNER")(door),
    "TE with a blank before the colon": _smuggling(
        "Content-Length: 4", "Transfer-Encoding : chunked", body=b"0\r\n\r\nINNER"
    ),
    "TE with a tab": _smuggling("Content-Length: 4", "Transfer-Encoding:\tchunked", body=b"0\r\n\r\nINNER"),
    "TE of an unknown kind": _smuggling("Content-Length: 4", "Transfer-Encoding: xchunked", body=b"0\r\n\r\nINNER"),
    "TE twice": _smuggling("Transfer-Encoding: chunked", "Transfer-Encoding: identity", body=b"0\r\n\r\nINNER"),
    "TE not last": _smuggling("Transfer-Encoding: chunked, identity", body=b"0\r\n\r\nINNER"),
    "TE folded": _smuggling("Content-Length: 4", "Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\nINNER"),
    "TE in quotes": _smuggling("Content-Length: 4", 'Transfer-Encoding: "chunked"', body=b"0\r\n\r\nINNER"),
    "TE after a vertical tab": _smuggling(
        "Content-Length: 4", "Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\nINNER"
    ),
    "TE in HTTP/1.0": lambda door: _smuggling(
        "Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\nINNER"
    )(door).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "the length taken away": _smuggling("Connection: Content-Length", "Content-Length: 5", body=b"INNER"),
}

TRAVERSAL = (
    "/../../etc/passwd",
    "/static/../../etc/passwd",
    "/static/..%2f..%2f..%2fetc%2fpasswd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%5c..%5cetc%5cpasswd",
    "/static//etc/passwd",
    "/static/..;/..;/etc/passwd",
    "/static/%c0%ae%c0%ae/etc/passwd",
    "/static/....//....//etc/passwd",
    "/api/evidence/..%2f..%2frun%2fsecrets",
    "/v1/evidence/%2e%2e%2fpasswd",
    "/v1/evidence/x.zip%00.txt",
    "/public/../../../etc/passwd",
    "/public/plugins/alertlist/../../../../../../etc/passwd",
    "/api/v1/../../etc/passwd",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/.git/config",
    "/.env",
)

GZIPPED = gzip.compress(b'{"a":"' + b"x" * 10_000_000 + b'"}')
DEEP = (b"[" * 100_000, b'{"a":' * 50_000, b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 9_000 + b"1" + b"}" * 9_000)
DECIMALS = (
    "1e400",
    "1e-400",
    "1E+999999999",
    "NaN",
    "sNaN",
    "-Infinity",
    "infinity",
    "0x10",
    "1_000",
    "１２",
    "١٢",
    "+1",
    " 1",
    "1 ",
    "1,5",
    "--1",
    "1.",
    ".5",
    "1e",
    "",
    "9" * 50_000,
    "0." + "0" * 50_000 + "1",
    "1\u0000",
    "1\n",
)
