"""The requests of one probe, each a GET on a connection of its own, with a hard deadline and a bound on the body."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, IncompleteRead
from typing import Any
from urllib.parse import urljoin, urlsplit

from canary.conditions import printable
from canary.deadline import Deadline
from canary.observation import AnswerOutcome, AnswerPart, ProbeAnswer
from canary.probes.plan import Probe
from common import VERSION
from common.clock import Clock

MAX_BODY_BYTES = 8 * 2**20
MOST_ASSETS = 40
_ASSET = re.compile(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=\"(/[\x21\x23-\x7e]{1,300})\"", re.IGNORECASE)
_IMPORT = re.compile(
    r"^\s*(?:import|export)\b[^\"';]*[\"'](\.{0,2}/[\x21\x23-\x26\x28-\x7e]{1,300})[\"']", re.MULTILINE
)
_MOST_TRIES = 5
_LONGEST_PART = 64 * 1024
_MOST_HEADERS = 40
_LONGEST_HEADER = 300
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "www-authenticate"})


@dataclass(frozen=True)
class RawAnswer:
    """An answer with its body as it came.

    answer: the answer; its body is text.
    raw: the body's bytes, empty when there was none.
    """

    answer: ProbeAnswer
    raw: bytes


@dataclass(frozen=True)
class _Reply:
    """A whole HTTP answer.

    status: its status code.
    headers: its headers, by their names in small letters.
    raw: its body.
    """

    status: int
    headers: dict[str, str]
    raw: bytes


class _TooLarge(Exception):
    """The body has more than `MAX_BODY_BYTES`."""


def fetch(probe: Probe, timeout: float, clock: Clock) -> RawAnswer:
    """Sends one probe and returns its answer within `timeout` seconds. A failure of the network is an answer too."""
    asked_at, begin = clock.now(), clock.monotonic()
    end = begin + timeout
    reply, outcome, problem = _asked(probe.url, end, timeout, clock)
    parts: tuple[AnswerPart, ...] = ()
    if reply is not None and reply.status == 200 and probe.declared.kind == "assets":
        parts = tuple(_assets(probe.url, reply.raw, end, clock))
    if reply is not None and reply.status == 200 and probe.declared.kind == "agreement":
        reply, part = _both(probe, reply, end, clock)
        parts = (part,)
    return _raw_answer(probe, asked_at, clock.monotonic() - begin, _Came(reply, outcome, problem, parts))


def no_answer(probe: Probe, asked_at: datetime, seconds: float, *, asked: bool) -> RawAnswer:
    """Returns the entry of a probe whose answer had not come after `seconds`, or that was not sent in time."""
    if asked:
        return _raw_answer(probe, asked_at, seconds, _Came(None, "timed_out", f"no whole answer within {seconds:g} s"))
    return _raw_answer(probe, asked_at, 0.0, _Came(None, "not_asked", "the canary did not get to ask it in time"))


@dataclass(frozen=True)
class _Came:
    """The outcome of a probe's requests.

    reply: the whole answer; None when none came.
    outcome: the word for it.
    problem: a sentence about why there is no whole answer; None when there is one.
    parts: the further requests.
    """

    reply: _Reply | None
    outcome: AnswerOutcome
    problem: str | None
    parts: tuple[AnswerPart, ...] = ()


def _asked(url: str, end: float, timeout: float, clock: Clock) -> tuple[_Reply | None, AnswerOutcome, str | None]:
    try:
        return _get(url, end, clock), "answered", None
    except TimeoutError:
        return None, "timed_out", f"no whole answer within {timeout:g} s"
    except _TooLarge:
        return None, "too_large", f"the body is above {MAX_BODY_BYTES} bytes"
    except (OSError, HTTPException, ValueError) as error:
        return None, "failed", _sentence(error)


def _both(probe: Probe, first: _Reply, end: float, clock: Clock) -> tuple[_Reply, AnswerPart]:
    """Asks the other target too, and both anew while they differ: what changes in between is no disagreement."""
    reply = first
    for _ in range(_MOST_TRIES):
        other, _, problem = _asked(probe.other, end, round(max(0.001, end - clock.monotonic()), 3), clock)
        if other is None or other.raw == reply.raw:
            break
        again, _, _ = _asked(probe.url, end, round(max(0.001, end - clock.monotonic()), 3), clock)
        reply = again or reply
        if reply.raw == other.raw:
            break
    return reply, _part(probe.other, other, problem, keeps_body=True)


def _part(name: str, reply: _Reply | None, problem: str | None, *, keeps_body: bool = False) -> AnswerPart:
    return AnswerPart(
        name=name,
        status=reply.status if reply else None,
        content_type=reply.headers.get("content-type") if reply else None,
        size=len(reply.raw) if reply else 0,
        problem=problem,
        body=reply.raw[:_LONGEST_PART].decode("utf-8", "replace") if reply and keeps_body else "",
    )


def _assets(page: str, html: bytes, end: float, clock: Clock) -> Iterator[AnswerPart]:
    """Asks for the files of a page that the same server has: those that it names, and those that its modules import."""
    site = urlsplit(page)._replace(path="", query="").geturl()
    named = [path.replace("&amp;", "&") for path in _ASSET.findall(html.decode("utf-8", "replace"))]
    waiting = list(dict.fromkeys(path for path in named if not path.startswith("//")))
    for place in range(MOST_ASSETS):
        if place == len(waiting):
            return
        path = waiting[place]
        left = max(0.001, end - clock.monotonic())
        reply, _, problem = _asked(site + path, end, round(left, 3), clock)
        yield _part(path, reply, problem)
        if reply is not None and path.endswith(".js"):
            imported = [urljoin(path, name) for name in _IMPORT.findall(reply.raw.decode("utf-8", "replace"))]
            waiting += [name for name in dict.fromkeys(imported) if name not in waiting]


def _raw_answer(probe: Probe, asked_at: datetime, seconds: float, came: _Came) -> RawAnswer:
    reply = came.reply
    raw = reply.raw if reply else b""
    answer = ProbeAnswer(
        target=probe.target,
        check=probe.check,
        kind=probe.declared.kind,
        url=probe.url,
        asked_at=asked_at,
        seconds=round(seconds, 6),
        outcome=came.outcome,
        problem=came.problem,
        status=reply.status if reply else None,
        headers=reply.headers if reply else {},
        size=len(raw),
        body=raw.decode("utf-8", "replace"),
        parts=came.parts,
    )
    return RawAnswer(answer, raw)


def _get(url: str, end: float, clock: Clock) -> _Reply:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=max(0.001, end - clock.monotonic()))
    try:
        connection.connect()
        with Deadline(connection.sock, end - clock.monotonic(), "probe-deadline"):
            wanted = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", wanted, headers={"User-Agent": f"spark-canary/{VERSION}"})
            with connection.getresponse() as response:
                return _Reply(response.status, _headers(response.getheaders()), _body(response))
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
