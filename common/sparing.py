"""Lines of the log that a client can cause: a few in a minute are written, the others are counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LINES = 10
SECONDS = 60.0


class Sparing:
    """Lets a few lines pass in each span of time, so that a flood of bad requests can't fill the disk."""

    def __init__(
        self, lines: int = LINES, seconds: float = SECONDS, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lines, self._seconds, self._monotonic = lines, seconds, monotonic
        self._lock = threading.Lock()
        self._until = 0.0
        self._written = 0
        self._left_out = 0

    def passes(self) -> int | None:
        """Returns how many lines were left out since the last one; None when this one must be left out too."""
        with self._lock:
            now = self._monotonic()
            if now >= self._until:
                self._until, self._written = now + self._seconds, 0
            if self._written >= self._lines:
                self._left_out += 1
                return None
            self._written += 1
            left_out, self._left_out = self._left_out, 0
            return left_out
