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
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common.loop import Loop, Supervisor
from common.underway import Requests

log = logging.getLogger(__name__)

Cause = Literal["request", "loop", "memory"]
CAUSES: tuple[Cause, ...] = ("request", "loop", "memory")
LOOK_SECONDS, SILENT_SECONDS = 5.0, 60.0
HANGS_LOOKS, REPLACED_LOOKS = 12, 24
"""After so many looks in a row a request hangs, and after so many the worker is replaced: one and two minutes. No
answer of ours takes half as long; a stream does, and is no request any more once it has begun."""
REPLACED_CODE = 70
"""The worker's exit code. The server starts another one after any code but 3 and 4."""
MOST_FRAMES = 40


class Healer:
    """Looks for requests and loops that hang. One thread calls it.

    replace: ends this worker at once.
    """

    def __init__(self, loops: Supervisor, replace: Callable[[], None]) -> None:
        self._loops, self._replace = loops, replace
        self._looks: dict[object, int] = {}

    def look(self) -> None:
        """Counts one more look at what is under way, tells what hangs, and replaces the worker when it must."""
        running = {each.number: each for each in self._loops.requests.now()}
        late = {health.name: health.trouble for health in self._loops.health() if health.overdue_seconds}
        troubled = {name: trouble for name, trouble in late.items() if trouble}
        self._looks = {key: self._looks.get(key, 0) + 1 for key in (*running, *troubled)}
        self._loops.requests.hanging = sum(self._looks[number] >= HANGS_LOOKS for number in running)
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

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yields both."""
        heals = CounterMetricFamily(
            "spark_heals", "Workers that were replaced since the container's start, by cause", labels=["cause"]
        )
        counts = _counts()
        for cause in CAUSES:
            heals.add_metric([cause], counts.get(cause, 0))
        yield heals
        hanging = self._requests.hanging
        yield GaugeMetricFamily("spark_requests_hanging", "Requests without an answer for a minute", value=hanging)


def add_loop(loops: Supervisor) -> None:
    """Adds the loop that looks for what hangs."""
    healer = Healer(loops, end_worker)
    loops.add(Loop("healer", healer.look, every=LOOK_SECONDS, silent_after=SILENT_SECONDS))


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
