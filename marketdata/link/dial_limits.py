"""How often a host may be dialled: full-jitter back-off, and a guard before every dial."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Backoff:
    """Full jitter: a delay drawn from 0 to min(cap, base · 2^n) seconds; n grows with each delay until `reset`.

    `draw(low, high)` gives the random number. Source of the formula: AWS's note on exponential back-off and jitter.
    """

    def __init__(self, base: float, cap: float, draw: Callable[[float, float], float]) -> None:
        self._base, self._cap, self._draw = base, cap, draw
        self._attempt = 0

    def delay(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling = min(self._cap, self._base * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return self._draw(0.0, ceiling)

    def reset(self) -> None:
        """The last attempt was good for long enough: begin at `base` again."""
        self._attempt = 0


class DialGuard:
    """At most `most` dials in any `window` seconds, whatever the reason for dialling. Safe between threads.

    A venue counts dials by our address, so all sockets of the process to one host share one guard.
    """

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._dials: deque[float] = deque(maxlen=most)
        self._held_until = float("-inf")
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """0 when a dial may be made now, which then is counted; otherwise seconds to wait before asking again."""
        with self._lock:
            wait = self._held_until - now
            if len(self._dials) == self._most:
                wait = max(wait, self._dials[0] + self._window - now)
            if wait > 0:
                return wait
            self._dials.append(now)
            return 0.0

    def hold(self, until: float) -> None:
        """No dial before `until`: the venue said so to one of the sockets, and means the address of all."""
        with self._lock:
            self._held_until = max(self._held_until, until)
