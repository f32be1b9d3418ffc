"""Bounds how often a venue is called: a share of its published limits, in every window, over all threads together."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pyrate_limiter import InMemoryBucket, Rate, RateItem

SHARE = 0.8


@dataclass(frozen=True)
class Limit:
    """A limit as the venue publishes it.

    calls: the most calls that it allows.
    seconds: the length of the window that they are counted in.
    """

    calls: int
    seconds: float


class Spent(Exception):
    """The budget has no call left in time.

    seconds: the wait that it would take.
    silenced: true when the venue asked for silence, false when the budget is spent.
    """

    def __init__(self, limits: Iterable[str], seconds: float, *, silenced: bool) -> None:
        why = "the venue asked for silence" if silenced else "the budget is spent"
        super().__init__(f"{' and '.join(limits)}: {why}, {seconds:.1f} s more")
        self.seconds, self.silenced = seconds, silenced


class Budget:
    """Hands out calls within named limits, a share of the published ones, to all threads together.

    A call uses all the limits that it names at once; until it can, it waits and uses none. Calls that name the same
    limits are served in the order in which they came.
    """

    def __init__(self, limits: Mapping[str, Limit], *, monotonic: Callable[[], float], share: float = SHARE) -> None:
        self._monotonic = monotonic
        self._rates = {
            name: Rate(max(1, int(limit.calls * share)), round(limit.seconds * 1000)) for name, limit in limits.items()
        }
        self._buckets = {name: InMemoryBucket([rate]) for name, rate in self._rates.items()}
        self._silent_until = dict.fromkeys(limits, float("-inf"))
        self._queues: defaultdict[tuple[str, ...], deque[object]] = defaultdict(deque)
        self._changed = threading.Condition()

    def acquire(self, limits: tuple[str, ...], at_most: float) -> float:
        """Waits at most `at_most` seconds for a call; returns the seconds waited.

        Raises `Spent` as soon as it knows that the wait would be longer.
        """
        began, ticket = self._monotonic(), object()
        with self._changed:
            queue = self._queues[limits]
            queue.append(ticket)
            try:
                while True:
                    now = self._monotonic()
                    left = began + at_most - now
                    silence = max(self._silent_until[name] for name in limits) - now
                    wait = max(silence, *(self._wait(name, now) for name in limits))
                    if wait > max(left, 0.0) or (left <= 0 and queue[0] is not ticket):
                        raise Spent(limits, max(wait, 0.0), silenced=silence > 0)
                    if wait <= 0 and queue[0] is ticket:
                        self._use(limits, now)
                        return now - began
                    self._changed.wait(wait if wait > 0 else left)
            finally:
                queue.remove(ticket)
                self._changed.notify_all()

    def answered(self, limits: Iterable[str]) -> None:
        """Counts a call of a limit that allows only one from its answer on.

        The venue counts from when the call reached it, which may be long after it was sent.
        """
        with self._changed:
            for name in limits:
                if self._rates[name].limit == 1:
                    self._buckets[name].flush()
                    self._use((name,), self._monotonic())

    def silence(self, limit: str, seconds: float) -> None:
        """Allows no call of this limit for so long, to any thread: the venue answered one of them with 429 or 503."""
        with self._changed:
            self._silent_until[limit] = max(self._silent_until[limit], self._monotonic() + seconds)

    def _wait(self, name: str, now: float) -> float:
        """Returns the seconds until a limit has room.

        The bucket tells them only after a refusal, so this reads its log.
        """
        rate = self._rates[name]
        oldest = self._buckets[name].peek(rate.limit - 1)
        return 0.0 if oldest is None else (oldest.timestamp + rate.interval + 1 - _milliseconds(now)) / 1000

    def _use(self, limits: tuple[str, ...], now: float) -> None:
        for name in limits:
            bucket, at = self._buckets[name], _milliseconds(now)
            bucket.leak(at)
            bucket.put(RateItem(name, at))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
