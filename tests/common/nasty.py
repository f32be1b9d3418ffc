"""Throws bad paths, parameters, headers and bodies at every call of an app: no answer may be a failure of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient

PROBES = ("/healthz", "/readyz", "/metrics", "/static/<path:filename>")
TEXTS = (
    *(
        "\x00",
        "a\x00b",
        "../../etc/passwd",
        "/",
        ".",
        "%00",
        "\r\nX: 1",
        "\u202e",
        "ğ",
        "-1",
        "0",
        "1e400",
        "NaN",
        "١٢",
    ),
    *("1_000", "+1", "0x10", "9" * 100, "1" * 3_000, "", "a,b,,", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
)
RAW = ("%ff%fe", "%c0%ae", "%ed%a0%80", "%zz", "%")
HEADERS: tuple[Mapping[str, str], ...] = (
    {"Last-Event-ID": "9" * 400},
    {"Last-Event-ID": "-1"},
    {"Last-Event-ID": "\xff"},
    {"Last-Event-ID": f"{'f' * 16}-{'9' * 18}"},
    {"If-None-Match": 'W/"'},
    {"If-Modified-Since": "Foo, 99 Bar 99999999 99:99:99 GMT"},
    {"If-Unmodified-Since": "Thu, 01 Jan 0001 00:00:00 +2359"},
    {"If-Range": "Sun, 99", "Range": "bytes=0-"},
    {"Range": "bytes=5-1,,x"},
    {"Range": "bytes=-99999999999999999999"},
    {"Accept": "*/*;q=foo,;;;,text/;q=1e999"},
    {"Accept-Encoding": "gzip;q=nan"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": 'application/json; charset="\xff'},
    {"Content-Encoding": "gzip"},
    {"X-Forwarded-For": "'", "Forwarded": "for=x"},
    {"Cookie": "a=\xff;;;=;"},
)
BODIES = (
    *(b"", b"{", b"[]", b"null", b'"x"', b"7", b"\xff\xfe", b"\x00", b"[" * 30_000, b'{"a":' * 9_000, b"1" * 60_000),
    *(b'{"a":1e400}', b'{"a":NaN}', b'{"a":"\\ud800"}', b"\x1f\x8b\x08\x00abc", b'{"a":1,"a":2}', b"\xef\xbb\xbf{}"),
)
VALUES: tuple[object, ...] = (*TEXTS, None, True, [], {}, -1, 0, 1e308, 2**70, [[[]]], "1e999999", "x" * 60_000)


def failures(app: Flask, token: str, *, parameters: tuple[str, ...], fields: tuple[str, ...]) -> list[str]:
    """Returns the calls that were answered with a failure of the service.

    `parameters` are the query parameters, and `fields` the fields of bodies, that are given nasty values.
    """
    client = app.test_client()
    found = []
    for method, path, headers, body in _calls(app, parameters, fields):
        # what is refused for its token proves nothing of what comes behind it
        sent = {"Authorization": f"Bearer {token}", **headers}
        status, text = _ask(client, method, path, sent, body)
        if status >= 500:
            found.append(f"{method} {path[:200]} {dict(headers)} {(body or b'')[:80]!r}: {status} {text[:200]!r}")
    return found


def _ask(
    client: FlaskClient, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, str]:
    answer = client.open(path, method=method, headers=dict(headers), data=body, buffered=False)
    try:
        text = "" if answer.content_type == "text/event-stream" else answer.get_data(as_text=True)
        return answer.status_code, text
    finally:
        answer.close()


def _calls(
    app: Flask, parameters: tuple[str, ...], fields: tuple[str, ...]
) -> Iterator[tuple[str, str, Mapping[str, str], bytes | None]]:
    for rule in app.url_map.iter_rules():
        if rule.rule in PROBES:
            continue
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        plain = rule.rule
        for name in rule.arguments:
            for bad in (*map(_escaped, TEXTS), *RAW):
                yield method, _filled(plain, name, bad), {}, b"{}" if method != "GET" else None
            plain = _filled(plain, name, "x")
        for header in HEADERS:
            yield method, plain, header, None if method == "GET" else b"{}"
        if method == "GET":
            for name in parameters:
                for bad in (*map(_escaped, TEXTS), *RAW):
                    yield method, f"{plain}?{name}={bad}", {}, None
            for odd in ("?", "?&&&=&=", "?a=1&a=1", "?" + "&" * 3_000, "?%00=%00", "?" + "a=1;" * 900):
                yield method, plain + odd, {}, None
            continue
        for body in BODIES:
            yield method, plain, {}, body
        for name in fields:
            for value in VALUES:
                yield method, plain, {}, json.dumps({name: value}).encode()


def _escaped(text: str) -> str:
    return quote(text, safe="")


def _filled(rule: str, name: str, value: str) -> str:
    before, _, after = rule.partition("<")
    return before + value + after.partition(">")[2] if name in after else rule
