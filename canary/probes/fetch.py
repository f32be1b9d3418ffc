"""One GET on a connection of its own, with a hard deadline and a bound on the body."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, IncompleteRead
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from canary.observation import AnswerOutcome, ProbeAnswer
from canary.probes.catalogue import Probe
from common import VERSION
from common.clock import Clock

MAX_BODY_BYTES = 8 * 2**20


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
    content_type: its Content-Type header; None when it has none.
    raw: its body.
    """

    status: int
    content_type: str | None
    raw: bytes


class _TooLarge(Exception):
    """The body has more than `MAX_BODY_BYTES`."""


def fetch(probe: Probe, timeout: float, clock: Clock) -> RawAnswer:
    """Sends one probe and returns its answer within `timeout` seconds. A failure of the network is an answer too."""
    asked_at, begin = clock.now(), clock.monotonic()
    reply: _Reply | None = None
    outcome: AnswerOutcome = "answered"
    problem: str | None = None
    try:
        reply = _get(probe.url, begin + timeout, clock)
    except TimeoutError:
        outcome, problem = "timed_out", f"no whole answer within {timeout:g} s"
    except _TooLarge:
        outcome, problem = "too_large", f"the body is above {MAX_BODY_BYTES} bytes"
    except (OSError, HTTPException, ValueError) as error:
        outcome, problem = "failed", _sentence(error)
    seconds = clock.monotonic() - begin
    return _raw_answer(probe, asked_at, seconds, outcome, problem, reply)


def no_answer(probe: Probe, asked_at: datetime, seconds: float, *, asked: bool) -> RawAnswer:
    """Returns the entry of a probe whose answer had not come after `seconds`, or that was not sent in time."""
    if asked:
        return _raw_answer(probe, asked_at, seconds, "timed_out", f"no whole answer within {seconds:g} s", None)
    return _raw_answer(probe, asked_at, 0.0, "not_asked", "the canary did not get to ask it in time", None)


def _raw_answer(
    probe: Probe,
    asked_at: datetime,
    seconds: float,
    outcome: AnswerOutcome,
    problem: str | None,
    reply: _Reply | None,
) -> RawAnswer:
    raw = reply.raw if reply else b""
    answer = ProbeAnswer(
        target=probe.target,
        check=probe.check,
        url=probe.url,
        critical=probe.critical,
        asked_at=asked_at,
        seconds=round(seconds, 6),
        outcome=outcome,
        problem=problem,
        status=reply.status if reply else None,
        content_type=reply.content_type if reply else None,
        size=len(raw),
        body=raw.decode("utf-8", "replace"),
    )
    return RawAnswer(answer, raw)


class _Deadline:
    """Cuts the connection at the deadline. A socket's own timeout would start anew with every byte."""

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


def _sentence(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, IncompleteRead):
        return "the body ended early"
    return f"no HTTP answer ({type(error).__name__})"
