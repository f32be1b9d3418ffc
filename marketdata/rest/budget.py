"""Bounds how often a venue is called: a share of its published limits, in every window, over all threads together."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from marketdata.refusals import DEFAULT_WAIT_SECONDS

SHARE = 0.8
MARGIN_SECONDS = 0.1
"""The addition to each window: the venue's clock is not ours, and may count in coarser steps."""
LONGEST_PACE_SECONDS = DEFAULT_WAIT_SECONDS
BARRED_SECONDS = (30.0, 900.0)
"""The first and the longest silence after the caller was refused."""


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

    A venue counts a call when it arrives, which is some time between its sending and its answer. So a call counts as
    long as it is under way, and then for a whole window and `MARGIN_SECONDS` from its answer on. Each `acquire` must be
    followed by `answered`.
    """

    def __init__(self, limits: Mapping[str, Limit], *, monotonic: Callable[[], float], share: float = SHARE) -> None:
        self._monotonic, self._windows = monotonic, {name: limit.seconds for name, limit in limits.items()}
        self._rates = {
            name: Rate(max(1, int(limit.calls * share)), round((limit.seconds + MARGIN_SECONDS) * 1000))
            for name, limit in limits.items()
        }
        self._buckets = {name: InMemoryBucket([rate]) for name, rate in self._rates.items()}
        self._under_way: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._silent_until = dict.fromkeys(limits, float("-inf"))
        self._barred_until = dict.fromkeys(limits, float("-inf"))
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
                    silence = max(max(self._silent_until[name], self._barred_until[name]) for name in limits) - now
                    wait = max(silence, *(self._wait(name, now) for name in limits))
                    if wait > max(left, 0.0) or (left <= 0 and queue[0] is not ticket):
                        raise Spent(limits, max(wait, 0.0), silenced=silence > 0)
                    if wait <= 0 and queue[0] is ticket:
                        self._under_way.update(limits)
                        return now - began
                    self._changed.wait(wait if wait > 0 else left)
            finally:
                queue.remove(ticket)
                self._changed.notify_all()

    def answered(self, limits: Iterable[str]) -> None:
        """Ends a call: it has its answer, or gets none any more."""
        with self._changed:
            at = _milliseconds(self._monotonic())
            for name in limits:
                self._under_way[name] -= 1
                self._buckets[name].leak(at)
                self._buckets[name].put(RateItem(name, at))
            self._changed.notify_all()

    def silence(self, limit: str, seconds: float) -> None:
        """Allows no call of this limit for so long, to any thread: the venue asked one of them for it."""
        with self._changed:
            self._silent_until[limit] = max(self._silent_until[limit], self._monotonic() + seconds)

    def too_fast(self, limit: str) -> float:
        """Silences a limit after a 429 that named no wait. Returns the seconds.

        They are the limit's own window: if we alone were too fast, there is room after that. They double with each
        refusal in a row, up to `LONGEST_PACE_SECONDS`.
        """
        seconds = self._longer(limit, self._windows[limit], LONGEST_PACE_SECONDS)
        self.silence(limit, seconds)
        return seconds

    def patience(self, limit: str) -> float:
        """Returns the least seconds of silence after one more refusal that asked for some: a second, and twice as long
        after each in a row. A venue that asks for none, and refuses again and again, is not asked at full pace."""
        return self._longer(limit, 1.0, LONGEST_PACE_SECONDS)

    def barred(self, limit: str) -> float:
        """Silences a limit after a refusal of the caller, ever longer with each in a row. Returns the seconds.

        `resume` ends it early.
        """
        seconds = self._longer(limit, *BARRED_SECONDS)
        with self._changed:
            self._barred_until[limit] = self._monotonic() + seconds
        return seconds

    def resume(self) -> None:
        """Ends the silences after refusals of the caller: a person says so. Those that the venue asked for stay."""
        with self._changed:
            self._barred_until = dict.fromkeys(self._barred_until, float("-inf"))
            self._refusals.clear()
            self._changed.notify_all()

    def welcome(self, limit: str) -> None:
        """Notes that the venue took a call of this limit: the next refusal is the first in a row."""
        with self._changed:
            self._refusals[limit] = 0

    def _longer(self, limit: str, first: float, most: float) -> float:
        with self._changed:
            self._refusals[limit] += 1
            return min(most, first * 2.0 ** min(self._refusals[limit] - 1, 30))

    def _wait(self, name: str, now: float) -> float:
        """Returns the seconds until a limit has room, or the least that it can take while calls are under way.

        The bucket tells them only after a refusal, so this reads its log.
        """
        rate = self._rates[name]
        room = rate.limit - self._under_way[name]
        if room <= 0:
            return (rate.interval + 1) / 1000
        oldest = self._buckets[name].peek(room - 1)
        return 0.0 if oldest is None else (oldest.timestamp + rate.interval + 1 - _milliseconds(now)) / 1000


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
