"""What the console knows now: the last answer of every part, when it came, and why the newest one did not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

T = TypeVar("T")
WAITING = "has not answered yet"


@dataclass(frozen=True)
class Clock:
    """Two clocks: `monotonic` seconds for ages, `now` (UTC) for what people read."""

    monotonic: Callable[[], float]
    now: Callable[[], datetime]

    def seen_at(self, moment: float) -> datetime:
        """The time of day that belongs to a past `moment` of the monotonic clock."""
        return datetime.fromtimestamp(self.now().timestamp() - (self.monotonic() - moment), UTC)


class Changes:
    """Counts changes, and lets any number of threads wait for the next one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self.ended = False

    def end(self) -> None:
        """No more changes are waited for: whoever waits goes home."""
        with self:
            self.ended = True

    @property
    def count(self) -> int:
        return self._count

    def __enter__(self) -> None:
        self._condition.__enter__()

    def __exit__(self, *failure: object) -> None:
        self._count += 1
        self._condition.notify_all()
        self._condition.__exit__(None, None, None)

    def wait(self, seen: int, timeout: float) -> int:
        """The count, as soon as it differs from `seen`, at the latest after `timeout` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen, timeout)
            return self._count


@dataclass(frozen=True)
class Look(Generic[T]):
    """One part as last seen. `at` is the moment of the last good answer; `reason` says why a newer one is missing.

    `tried` is the moment of the last answer, good or bad.
    `revision` rises when value or reason change, and not when the same answer came again.
    """

    value: T | None = None
    at: float | None = None
    reason: str | None = WAITING
    revision: int = 0
    tried: float | None = None


class Slot(Generic[T]):
    """The place of one part's answer. A failure keeps the last good answer, with its age."""

    def __init__(self, clock: Clock, changes: Changes) -> None:
        self._clock = clock
        self._changes = changes
        self._look: Look[T] = Look()

    def look(self) -> Look[T]:
        return self._look

    def put(self, value: T) -> None:
        with self._changes:
            old = self._look
            same = old.reason is None and old.value == value
            moment = self._clock.monotonic()
            self._look = Look(value, moment, None, old.revision + (not same), moment)

    def fail(self, reason: str) -> None:
        with self._changes:
            old = self._look
            revision = old.revision + (old.reason != reason)
            self._look = Look(old.value, old.at, reason, revision, self._clock.monotonic())
