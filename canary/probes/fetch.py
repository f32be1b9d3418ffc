"""One GET on a connection of its own, under a hard deadline and a bound on the body."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, IncompleteRead
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from canary.observation import Answer, AnswerOutcome
from canary.probes.questions import Question
from common import VERSION

MAX_BODY_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Clock:
    """Wall time (aware, UTC) for the record, and a monotonic clock in seconds for intervals."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True)
class Fetched:
    """An answer and its body's very bytes."""

    answer: Answer
    raw: bytes


@dataclass(frozen=True)
class _Reply:
    status: int
    content_type: str | None
    raw: bytes


class _TooLarge(Exception):
    """The body is longer than the canary reads."""


def fetch(question: Question, timeout: float, clock: Clock) -> Fetched:
    """Asks once; ends within `timeout` seconds of the connection's start. Never raises for what the network does."""
    asked_at, begin = clock.now(), clock.monotonic()
    reply: _Reply | None = None
    outcome: AnswerOutcome = "answered"
    problem: str | None = None
    try:
        reply = _get(question.url, begin + timeout, clock)
    except TimeoutError:
        outcome, problem = "timed_out", f"no whole answer within {timeout:g} s"
    except _TooLarge:
        outcome, problem = "too_large", f"the body is above {MAX_BODY_BYTES} bytes"
    except (OSError, HTTPException, ValueError) as error:
        outcome, problem = "failed", _plain(error)
    seconds = clock.monotonic() - begin
    return _fetched(question, asked_at, seconds, outcome, problem, reply)


def unanswered(question: Question, asked_at: datetime, seconds: float, *, asked: bool) -> Fetched:
    """What stands for an answer that had not come when the round ended, or for a question that got no turn."""
    if asked:
        return _fetched(question, asked_at, seconds, "timed_out", f"no whole answer within {seconds:g} s", None)
    return _fetched(question, asked_at, 0.0, "not_asked", "the canary did not get to ask it in time", None)


def _fetched(
    question: Question,
    asked_at: datetime,
    seconds: float,
    outcome: AnswerOutcome,
    problem: str | None,
    reply: _Reply | None,
) -> Fetched:
    raw = reply.raw if reply else b""
    answer = Answer(
        target=question.target,
        check=question.check,
        url=question.url,
        critical=question.critical,
        asked_at=asked_at,
        seconds=round(seconds, 6),
        outcome=outcome,
        problem=problem,
        status=reply.status if reply else None,
        content_type=reply.content_type if reply else None,
        size=len(raw),
        body=raw.decode("utf-8", "replace"),
    )
    return Fetched(answer, raw)


class _Deadline:
    """Cuts the connection at the deadline, whatever it waits for: a socket's timeout starts anew with every byte."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self._socket = connected
        self._passed = threading.Event()
        self._timer = threading.Timer(max(0.0, seconds), self._cut)
        self._timer.daemon = True
        self._timer.name = "probe-deadline"

    def _cut(self) -> None:
        self._passed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._passed.is_set():
            raise TimeoutError from error


def _get(url: str, end: float, clock: Clock) -> _Reply:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=max(0.001, end - clock.monotonic()))
    try:
        connection.connect()
        with _Deadline(connection.sock, end - clock.monotonic()):
            connection.request("GET", parts.path, headers={"User-Agent": f"spark-canary/{VERSION}"})
            with connection.getresponse() as response:
                return _Reply(response.status, response.getheader("Content-Type"), _body(response))
    finally:
        connection.close()


def _body(response: Any) -> bytes:
    raw: bytes = response.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise _TooLarge
    if response.length:
        raise IncompleteRead(b"", response.length)
    return raw


def _plain(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, IncompleteRead):
        return "the body ended early"
    return f"no HTTP answer ({type(error).__name__})"
