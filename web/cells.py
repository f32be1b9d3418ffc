"""Cells hold the last answer of each part that the console asks, with its time, and with the last failure."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

from common.clock import Clock
from common.latest import Latest

T = TypeVar("T")
WAITING = "has not answered yet"

Changes = Latest[None]
"""Its number rises with every change of any cell, so that threads can wait for the next one."""


@dataclass(frozen=True)
class Reading(Generic[T]):
    """The content of a cell. Times are seconds of the monotonic clock.

    value: the last good answer; None before the first.
    at: when the last good answer came; None before the first.
    reason: why there is no newer answer; None after a good one.
    revision: rises when value or reason change, and not when the same answer comes again.
    tried_at: when the last attempt ended, good or bad; None before the first.
    """

    value: T | None = None
    at: float | None = None
    reason: str | None = WAITING
    revision: int = 0
    tried_at: float | None = None


class Cell(Generic[T]):
    """Holds the last answer of one part. A failure keeps the last good answer and its time.

    reading: the present content; it is replaced whole, so any thread may read it.
    lock: held while the content is replaced; hold it to decide by the content whether to replace it.
    """

    def __init__(self, clock: Clock, changes: Changes) -> None:
        self.reading: Reading[T] = Reading()
        self._clock = clock
        self._changes = changes
        self.lock = threading.RLock()

    def put(self, value: T) -> None:
        """Takes a good answer."""
        with self.lock:
            old, now = self.reading, self._clock.monotonic()
            same = old.reason is None and old.value == value
            self.reading = Reading(value, now, None, old.revision + (not same), now)
        self._changes.put(None)

    def fail(self, reason: str) -> None:
        """Takes note of an attempt that brought no answer."""
        with self.lock:
            old = self.reading
            revision = old.revision + (old.reason != reason)
            self.reading = Reading(old.value, old.at, reason, revision, self._clock.monotonic())
        self._changes.put(None)
