"""The loop of a venue's worker: one step after the other. A step that fails costs the socket, not the loop."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from common.loop import Loop
from marketdata.counters import Counters
from marketdata.link.inbox import Arrival, Inbox

log = logging.getLogger(__name__)

TIMERS_SECONDS = 0.1
IDLE_SECONDS = 0.25
RETRY_SECONDS = 1.0
SILENT_SECONDS = 20.0


class Link(Protocol):
    """The part of a connection that a worker needs."""

    def send(self, text: str) -> bool: ...

    def drop(self, reason: str) -> None: ...


@dataclass(frozen=True)
class LinkEnds:
    """A venue's socket, from its worker's side.

    inbox: everything that came.
    link: the connection, to send on and to end.
    counters: the venue's counters.
    """

    inbox: Inbox
    link: Link
    counters: Counters


class Worker(ABC):
    """One venue's worker. After a failed step nothing is known to be right: `lose_all` marks every book as lost, and a
    new socket begins anew.

    loop: runs the steps.
    """

    def __init__(self, name: str, ends: LinkEnds) -> None:
        self._inbox, self._link, self._counters = ends.inbox, ends.link, ends.counters
        self._popped: deque[Arrival] = deque()
        self.loop = Loop(
            name,
            lambda: self.step(IDLE_SECONDS),
            silent_after=SILENT_SECONDS,
            retry=(RETRY_SECONDS, RETRY_SECONDS),
            on_failure=self._step_failed,
        )

    @abstractmethod
    def step(self, timeout: float) -> None:
        """Applies arrivals, waiting up to `timeout` seconds for the first, then does what is due."""

    @abstractmethod
    def lose_all(self) -> None:
        """Marks every book of the venue as lost."""

    def _arrivals(self, timeout: float) -> Iterator[Arrival]:
        """Yields what has come, after waiting up to `timeout` seconds for it.

        The next call yields the arrivals that the caller left, for example because its step failed.
        """
        if not self._popped:
            self._popped.extend(self._inbox.pop(timeout))
        while self._popped:
            yield self._popped.popleft()

    def _behind(self) -> bool:
        """Returns true when arrivals wait."""
        return bool(self._popped) or self._inbox.depth() > 0

    def _step_failed(self, _error: Exception) -> None:
        self._counters.resyncs["worker_failure"] += 1
        self.lose_all()
        self._link.drop("worker_failure")
