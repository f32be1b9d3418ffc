"""The time of proofs: turns moments of market data's monotonic clock into moments of ours, never later than they were.

The two clocks count from different zeros. A call tells the other clock's moment `at`, which lies between our sending
and our receiving. Taking the moment of sending for it makes everything as old as it can be, so that a stream that is
held back, or a slow answer, makes nothing look younger than it is.
"""

from __future__ import annotations

import threading
from collections import deque

KEPT_SECONDS = 60.0
"""Measurements count for so long: clocks of two machines drift apart, by some milliseconds in that time at the most."""


class ProofTime:
    """The difference between the two clocks, as far as it is known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoch = ""
        self._measured: deque[tuple[float, float]] = deque()

    def learn(self, epoch: str, at: float, sent: float) -> None:
        """Takes a measurement: the other clock told `at` after we had asked at `sent`, in a run named by `epoch`."""
        with self._lock:
            if epoch != self._epoch:
                self._epoch = epoch
                self._measured.clear()
            self._measured.append((sent, at - sent))
            while self._measured[0][0] < sent - KEPT_SECONDS:
                self._measured.popleft()

    def ours(self, epoch: str, at: float) -> float | None:
        """Returns our moment for `at`, or an earlier one; None while the clock of that run is not known."""
        with self._lock:
            if epoch != self._epoch or not self._measured:
                return None
            return at - min(ahead for _, ahead in self._measured)
