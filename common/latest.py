"""The newest value of something, for any number of threads that wait for the next one."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

T = TypeVar("T")

NOTHING_SEEN = -1
"""The number to wait with before anything was seen: the wait then returns at once."""
WOKEN_TOGETHER = 16
BETWEEN_WAKES_SECONDS = 0.0005


class Latest(Generic[T]):
    """Holds one value and its number, which rises by 1 with each new value.

    A crowd is woken in small groups, so that a hundred threads do not all ask for the interpreter at one instant.
    """

    def __init__(self, value: T) -> None:
        self.value = value
        self.number = 0
        self._lock = threading.Lock()
        self._waiting: set[threading.Event] = set()
        self._ended = False

    def put(self, value: T) -> None:
        """Replaces the value and wakes every thread that waits."""
        with self._lock:
            self.value = value
            self.number += 1
            woken, self._waiting = list(self._waiting), set()
        self._wake(woken)

    def end(self) -> None:
        """Makes every wait return at once, from now on."""
        with self._lock:
            self._ended = True
            woken, self._waiting = list(self._waiting), set()
        self._wake(woken)

    def wait(self, seen: int, seconds: float) -> tuple[int, T]:
        """Returns number and value as soon as the number differs from `seen`, and after `seconds` in any case."""
        woken = threading.Event()
        with self._lock:
            if self.number != seen or self._ended:
                return self.number, self.value
            self._waiting.add(woken)
        if not woken.wait(max(0.0, seconds)):
            with self._lock:
                self._waiting.discard(woken)
        with self._lock:
            return self.number, self.value

    def _wake(self, woken: list[threading.Event]) -> None:
        for begin in range(0, len(woken), WOKEN_TOGETHER):
            for event in woken[begin : begin + WOKEN_TOGETHER]:
                event.set()
            if begin + WOKEN_TOGETHER < len(woken):
                time.sleep(BETWEEN_WAKES_SECONDS)
