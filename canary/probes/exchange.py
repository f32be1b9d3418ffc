"""One HTTP request on a connection of its own, with a hard deadline and a bound on the body of its answer."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

from canary.conditions import printable
from canary.deadline import Deadline
from canary.observation import AnswerOutcome, AnswerPart
from common import VERSION
from common.clock import Clock

MAX_BODY_BYTES = 8 * 2**20
LONGEST_PART = 64 * 1024
"""Bytes of the body that the part of an answer keeps."""
_MOST_HEADERS = 40
_LONGEST_HEADER = 300
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "www-authenticate"})


@dataclass(frozen=True)
class HttpReply:
    """A whole HTTP answer.

    status: its status code.
    headers: its headers, by their names in small letters.
    raw: its body.
    """

    status: int
    headers: dict[str, str]
    raw: bytes


@dataclass(frozen=True)
class Came:
    """The outcome of a probe's requests.

    reply: the whole answer; None when none came.
    outcome: the word for it.
    problem: a sentence about why there is no whole answer; None when there is one.
    parts: the further requests.
    """

    reply: HttpReply | None
    outcome: AnswerOutcome
    problem: str | None
    parts: tuple[AnswerPart, ...] = ()


@dataclass(frozen=True)
class Sent:
    """The content of a request.

    method: the method.
    body: the body; None for none.
    headers: the headers of its own.
    """

    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


GET = Sent()


class _TooLarge(Exception):
    """The body has more than `MAX_BODY_BYTES`."""


def ask(url: str, end: float, timeout: float, clock: Clock, sent: Sent = GET) -> Came:
    """Sends one request and returns its answer, or why there is none, by the moment `end` of the monotonic clock.

    `timeout` is the number of seconds that a late answer's sentence names.
    """
    try:
        return Came(_exchanged(url, end, clock, sent), "answered", None)
    except TimeoutError:
        return Came(None, "timed_out", f"no whole answer within {timeout:g} s")
    except _TooLarge:
        return Came(None, "too_large", f"the body is above {MAX_BODY_BYTES} bytes")
    except (OSError, HTTPException, ValueError) as error:
        return Came(None, "failed", _sentence(error))


def part_of(name: str, came: Came, *, keeps_body: bool = False) -> AnswerPart:
    """Returns one of a probe's further requests as its answer keeps it."""
    reply = came.reply
    return AnswerPart(
        name=name,
        status=reply.status if reply else None,
        content_type=reply.headers.get("content-type") if reply else None,
        size=len(reply.raw) if reply else 0,
        problem=came.problem,
        body=reply.raw[:LONGEST_PART].decode("utf-8", "replace") if reply and keeps_body else "",
    )


def _exchanged(url: str, end: float, clock: Clock, sent: Sent) -> HttpReply:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=max(0.001, end - clock.monotonic()))
    try:
        connection.connect()
        with Deadline(connection.sock, end - clock.monotonic(), "probe-deadline"):
            wanted = parts.path + (f"?{parts.query}" if parts.query else "")
            headers = {"User-Agent": f"spark-canary/{VERSION}", **sent.headers}
            connection.request(sent.method, wanted, body=sent.body, headers=headers)
            with connection.getresponse() as response:
                return HttpReply(response.status, _headers(response.getheaders()), _body(response))
    finally:
        connection.close()


def _headers(found: list[tuple[str, str]]) -> dict[str, str]:
    """Returns the headers that may be kept: none that could hold a secret, and each of a bounded length."""
    kept = {name.lower()[:_LONGEST_HEADER]: value[:_LONGEST_HEADER] for name, value in found[:_MOST_HEADERS]}
    return {name: printable(value) for name, value in kept.items() if name not in _SECRET_HEADERS}


def _body(response: Any) -> bytes:
    raw: bytes = response.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise _TooLarge
    if response.length:
        raise IncompleteRead(b"", response.length)
    return raw


def _sentence(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, IncompleteRead):
        return "the body ended early"
    return f"no HTTP answer ({type(error).__name__})"
