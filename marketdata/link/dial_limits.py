"""Limits how often a host is dialled: full-jitter back-off, and a guard before every dial."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

RETREAT_SECONDS = (30.0, 900.0)
RETREAT_LEAST_SHARE = 0.5


class Backoff:
    """Full jitter: each delay is drawn from 0 to min(cap, base · 2^n) seconds; n grows with each delay until `reset`.

    `least` is the share of that ceiling which every delay has; 0.5 is equal jitter. `draw(low, high)` returns the
    random number. Source of the formulas: AWS's note on exponential back-off and jitter.
    """

    def __init__(self, base: float, cap: float, draw: Callable[[float, float], float], least: float = 0.0) -> None:
        self._base, self._cap, self._draw, self._least = base, cap, draw, least
        self._attempt = 0

    def delay(self) -> float:
        """Returns the seconds to wait before the next attempt."""
        ceiling = min(self._cap, self._base * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return self._draw(self._least * ceiling, ceiling)

    def reset(self) -> None:
        """Begins at `base` again, because the last attempt was good for long enough."""
        self._attempt = 0


class DialGuard:
    """Allows at most `most` dials in any `window` seconds, whatever the reason for dialling. Safe between threads.

    A venue counts dials by our address, so all sockets of the process to one host share one guard.
    """

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._dials: deque[float] = deque(maxlen=most)
        self._held_until = float("-inf")
        self._lock = threading.Lock()

    def acquire(self, now: float) -> float:
        """Returns 0 when a dial may be made now, and counts it; else the seconds to wait before asking again."""
        with self._lock:
            wait = self._held_until - now
            if len(self._dials) == self._most:
                wait = max(wait, self._dials[0] + self._window - now)
            if wait > 0:
                return wait
            self._dials.append(now)
            return 0.0

    def hold(self, until: float) -> None:
        """Allows no dial before `until`: the venue said so to one socket and means every socket of our address."""
        with self._lock:
            self._held_until = max(self._held_until, until)


def retreat(base: float, cap: float) -> Backoff:
    """Returns the back-off of a dial that was refused: long, growing, and never nearly nothing."""
    return Backoff(base, cap, random.uniform, RETREAT_LEAST_SHARE)


@dataclass(frozen=True)
class DialLimits:
    """The limits on dialling one host.

    backoff: the pause after an attempt that failed.
    guard: the count of dials, shared by all sockets to the host.
    first_delay: seconds before the first dial.
    retreat: the pause after a refusal by the venue, or by a proxy on the way.
    """

    backoff: Backoff
    guard: DialGuard
    first_delay: float = 0.0
    retreat: Backoff = field(default_factory=lambda: retreat(*RETREAT_SECONDS))
