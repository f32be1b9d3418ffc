"""The thread of a venue's worker: one step after the other; a step that fails costs the socket, not the thread."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from marketdata.link.inbox import Arrival, Inbox
from marketdata.counters import Tally

log = logging.getLogger(__name__)

TIMERS_SECONDS = 0.1
IDLE_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 1.0


class Link(Protocol):
    """What a worker needs of a connection."""

    def send(self, text: str) -> bool: ...

    def drop(self, reason: str) -> None: ...


class Worker(ABC):
    """One venue's worker. After a failed step nothing is known to be right: `lose_all` says so to everybody, and a new
    socket begins anew."""

    def __init__(self, name: str, inbox: Inbox, link: Link, tally: Tally) -> None:
        self._inbox, self._link, self._tally = inbox, link, tally
        self._taken: deque[Arrival] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the worker's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the worker's thread."""
        self._stop.set()
        self._thread.join(PAUSE_AFTER_FAILURE_SECONDS + IDLE_SECONDS)

    @abstractmethod
    def step(self, timeout: float) -> None:
        """Takes arrivals in, waiting up to `timeout` seconds for the first, then sees to the timers."""

    @abstractmethod
    def lose_all(self) -> None:
        """Nothing vouches for any book of the venue."""

    def _arrivals(self, timeout: float) -> Iterator[Arrival]:
        """What has come, after waiting up to `timeout` seconds for it. What is not asked for, also because a step
        failed before it, comes at the next call."""
        if not self._taken:
            self._taken.extend(self._inbox.take(timeout))
        while self._taken:
            yield self._taken.popleft()

    def _behind(self) -> bool:
        """Whether more has come than was taken in."""
        return bool(self._taken) or self._inbox.depth() > 0

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step(IDLE_SECONDS)
            except Exception:
                self._tally.failures["worker"] += 1
                self._tally.resyncs["worker_failure"] += 1
                log.exception("the feed's worker failed; the socket is replaced")
                self.lose_all()
                self._link.drop("worker_failure")
                self._stop.wait(PAUSE_AFTER_FAILURE_SECONDS)
