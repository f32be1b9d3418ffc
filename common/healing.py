"""Replaces the worker when a request or a loop hangs; each replacement is counted, and logged with its cause.

The server's own limit sees only a worker that hangs as a whole. A single thread that never comes back is lost for
good, with the lock that it may hold. Looks are counted, not seconds: a machine that stood still has not hung.
The new worker comes at once, and what waits in the socket is answered by it; what was under way is cut off.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common.loop import Loop, Supervisor

log = logging.getLogger(__name__)

Cause = Literal["request", "loop", "memory"]
CAUSES: tuple[Cause, ...] = ("request", "loop", "memory")
LOOK_SECONDS = 5.0
HANGS_LOOKS, REPLACED_LOOKS = 12, 24
"""After so many looks in a row a request hangs, and after so many the worker is replaced: one and two minutes. No
answer of ours takes half as long; a stream does, and is no request any more once it has begun."""
REPLACED_CODE = 70
"""The worker's exit code. The server starts another one after any code but 3 and 4."""
MOST_FRAMES = 40


@dataclass(frozen=True)
class UnderWay:
    """A request that is being answered.

    number: counts the requests of this process.
    thread: the thread that answers it.
    method, path: what was asked.
    """

    number: int
    thread: int
    method: str
    path: str


class Requests:
    """The requests under way. A stream counts until its first byte."""

    def __init__(self) -> None:
        self._running: dict[int, UnderWay] = {}
        self._numbers = count(1)

    def now(self) -> list[UnderWay]:
        """Returns those under way."""
        return list(self._running.copy().values())

    def watching(self, application: WSGIApplication) -> WSGIApplication:
        """Returns the application, whose requests are in the table while they are answered."""

        def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            thread = threading.get_ident()
            method, path = str(environ.get("REQUEST_METHOD")), str(environ.get("PATH_INFO"))[:200]
            self._running[thread] = UnderWay(next(self._numbers), thread, method, path)
            try:
                return application(environ, start_response)
            finally:
                self._running.pop(thread, None)

        return call


class Healer:
    """Looks for requests and loops that hang. One thread calls it.

    replace: ends this worker at once.
    """

    def __init__(self, requests: Requests, loops: Supervisor, replace: Callable[[], None]) -> None:
        self._requests, self._loops, self._replace = requests, loops, replace
        self._looks: dict[object, int] = {}
        self.hanging = 0
        """So many requests hang, as of the last look."""

    def look(self) -> None:
        """Counts one more look at what is under way, tells what hangs, and replaces the worker when it must."""
        running = {each.number: each for each in self._requests.now()}
        late = {health.name: health.trouble for health in self._loops.health() if health.overdue_seconds}
        troubled = {name: trouble for name, trouble in late.items() if trouble}
        self._looks = {key: self._looks.get(key, 0) + 1 for key in (*running, *troubled)}
        self.hanging = sum(self._looks[number] >= HANGS_LOOKS for number in running)
        for number, each in running.items():
            if self._looks[number] == HANGS_LOOKS:
                told = {"method": each.method, "path": each.path, "stack": _stack(each.thread)}
                log.error("a request hangs", extra=told)
            if self._looks[number] >= REPLACED_LOOKS:
                return self._heal("request", f"{each.method} {each.path}")
        for name, trouble in troubled.items():
            if self._looks[name] >= REPLACED_LOOKS:
                return self._heal("loop", trouble)
        return None

    def _heal(self, cause: Cause, detail: str) -> None:
        note(cause, detail)
        self._replace()


class Heals(Collector):
    """The replacements of this server's workers by their cause, and the requests that hang, at each scrape."""

    def __init__(self, healer: Healer) -> None:
        self._healer = healer

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yields both."""
        heals = CounterMetricFamily(
            "spark_heals", "Workers that were replaced since the container's start, by cause", labels=["cause"]
        )
        counts = _counts()
        for cause in CAUSES:
            heals.add_metric([cause], counts.get(cause, 0))
        yield heals
        hanging = self._healer.hanging
        yield GaugeMetricFamily("spark_requests_hanging", "Requests without an answer for a minute", value=hanging)


def install(app: Flask, registry: CollectorRegistry, loops: Supervisor) -> None:
    """Watches the app's requests and the service's loops, before they are started."""
    requests = Requests()
    app.wsgi_app = requests.watching(app.wsgi_app)  # type: ignore[assignment, method-assign]
    healer = Healer(requests, loops, end_worker)
    registry.register(Heals(healer))
    loops.add(Loop("healer", healer.look, every=LOOK_SECONDS))


def note(cause: Cause, detail: str) -> None:
    """Counts a replacement and logs it, before it happens. The count outlives the worker, in the container's tmpfs."""
    counts = _counts()
    counts[cause] = counts.get(cause, 0) + 1
    try:
        _file().write_text(" ".join(f"{name}={number}" for name, number in counts.items()))
    except OSError as error:
        log.warning("a replacement can't be counted", extra={"reason": str(error)})
    log.critical("the worker is replaced", extra={"cause": cause, "detail": detail})


def end_worker() -> None:
    """Ends this process at once: a thread that hangs would hold up any other end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(REPLACED_CODE)


def _counts() -> dict[str, int]:
    try:
        parts = [part.split("=") for part in _file().read_text().split()]
        return {name: int(number) for name, number in parts if name in CAUSES}
    except (OSError, ValueError):
        return {}


def _file() -> Path:
    """Returns the file of the counts. It is of the server, whose workers come and go."""
    return Path(tempfile.gettempdir()) / f"spark-heals-{os.getppid()}"


def _stack(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    return "the thread is gone" if frame is None else "".join(traceback.format_stack(frame)[-MOST_FRAMES:])
