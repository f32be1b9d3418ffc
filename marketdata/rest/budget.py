"""How often a venue may be called: a share of its published limits, in every window and from all threads together."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pyrate_limiter import InMemoryBucket, Rate, RateItem

SHARE = 0.8


@dataclass(frozen=True)
class Limit:
    """`calls` in any `seconds`, as the venue publishes it."""

    calls: int
    seconds: float


class Spent(Exception):
    """The budget has no call left in time. `seconds` is what would have to be waited; `silenced` is whose fault."""

    def __init__(self, limits: Iterable[str], seconds: float, *, silenced: bool) -> None:
        why = "the venue asked for silence" if silenced else "the budget is spent"
        super().__init__(f"{' and '.join(limits)}: {why}, {seconds:.1f} s more")
        self.seconds, self.silenced = seconds, silenced


class Budget:
    """Takes calls from named limits, a share of what is published, in every window and from all threads together.

    A call takes from all the limits that it names, or from none and waits; those that name the same limits are
    served in the order in which they came.
    """

    def __init__(self, limits: Mapping[str, Limit], *, clock: Callable[[], float], share: float = SHARE) -> None:
        self._clock = clock
        self._rates = {
            name: Rate(max(1, int(limit.calls * share)), round(limit.seconds * 1000)) for name, limit in limits.items()
        }
        self._buckets = {name: InMemoryBucket([rate]) for name, rate in self._rates.items()}
        self._silent_until = dict.fromkeys(limits, float("-inf"))
        self._lines: defaultdict[tuple[str, ...], deque[object]] = defaultdict(deque)
        self._turn = threading.Condition()

    def acquire(self, limits: tuple[str, ...], patience: float) -> float:
        """Waits at most `patience` seconds for a call; returns the seconds waited. Raises `Spent` as soon as it knows
        that the wait would be longer."""
        began, ticket = self._clock(), object()
        with self._turn:
            line = self._lines[limits]
            line.append(ticket)
            try:
                while True:
                    now = self._clock()
                    left = began + patience - now
                    silence = max(self._silent_until[name] for name in limits) - now
                    wait = max(silence, *(self._wait(name, now) for name in limits))
                    if wait > max(left, 0.0) or (left <= 0 and line[0] is not ticket):
                        raise Spent(limits, max(wait, 0.0), silenced=silence > 0)
                    if wait <= 0 and line[0] is ticket:
                        self._take(limits, now)
                        return now - began
                    self._turn.wait(wait if wait > 0 else left)
            finally:
                line.remove(ticket)
                self._turn.notify_all()

    def silence(self, limit: str, seconds: float) -> None:
        """No call of this limit for so long, by whichever thread: the venue answered one of them with 429 or 503."""
        with self._turn:
            self._silent_until[limit] = max(self._silent_until[limit], self._clock() + seconds)

    def silent_for(self, limits: Iterable[str]) -> float:
        """Seconds of silence left on any of these limits; 0 when none is silenced."""
        with self._turn:
            return max(0.0, max(self._silent_until[name] for name in limits) - self._clock())

    def _wait(self, name: str, now: float) -> float:
        """Seconds until a limit has room. The bucket tells this only after a refusal, hence the look into its log."""
        rate = self._rates[name]
        oldest = self._buckets[name].peek(rate.limit - 1)
        return 0.0 if oldest is None else (oldest.timestamp + rate.interval + 1 - _milliseconds(now)) / 1000

    def _take(self, limits: tuple[str, ...], now: float) -> None:
        for name in limits:
            bucket, at = self._buckets[name], _milliseconds(now)
            bucket.leak(at)
            bucket.put(RateItem(name, at))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
