"""How often the venue may be dialled: full-jitter back-off, and a hard guard in front of every dial."""

from __future__ import annotations

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
    """At most `most` dials in any `window` seconds, whatever the reason for dialling."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._dials: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until a dial is allowed; 0 when it is allowed at once."""
        if len(self._dials) < self._most:
            return 0.0
        return max(0.0, self._dials[0] + self._window - now)

    def record(self, now: float) -> None:
        """Counts a dial that is made now."""
        self._dials.append(now)
