"""The pace is kept where the venue counts: when calls arrive, however long they and their answers are under way."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from marketdata.rest.budget import Budget, Limit
from marketdata.rest.replies import Throttled, Unreachable
from tests.marketdata.rest.rest_server import LIMITS, QUICK, Handler, client_of, running_server

pytestmark = pytest.mark.slow

Delay = Callable[[int], float]
"""Returns the seconds that the n-th call is under way."""


@dataclass
class Door:
    """A venue behind a slow network: it counts calls as they arrive, in a window that slides, and answers 429 beyond.

    arrived: when each call came, in seconds of the monotonic clock.
    refused: the calls that came too soon.
    """

    limit: Limit
    before: Delay
    after: Delay
    arrived: list[float] = field(default_factory=list)
    refused: int = 0
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, handler: Handler) -> None:
        with self.lock:
            number, self.sent = self.sent, self.sent + 1
        time.sleep(self.before(number))
        with self.lock:
            now = time.monotonic()
            recent = [at for at in self.arrived if now - at < self.limit.seconds]
            good = len(recent) < self.limit.calls
            self.refused += not good
            self.arrived.append(now)
        time.sleep(self.after(number))
        handler.answer(200 if good else 429)


def budget_of(limit: Limit, share: float = 1.0) -> Budget:
    return Budget({**LIMITS, "one": limit}, monotonic=time.monotonic, share=share)


def nothing(_number: int) -> float:
    return 0.0


DELAYS = {
    "the first call is late": (lambda number: 0.5 if number == 0 else 0.0, nothing),
    "every other call is late": (lambda number: 0.4 * (number % 2 == 0), nothing),
    "answers are late": (nothing, lambda _number: 0.3),
    "both are late": (lambda number: 0.3 / (number + 1), lambda number: 0.1 * (number % 3)),
}


@pytest.mark.parametrize(("before", "after"), DELAYS.values(), ids=DELAYS)
@pytest.mark.parametrize("limit", [Limit(1, 0.4), Limit(2, 0.4), Limit(5, 0.5)], ids=["one", "two", "five"])
def test_no_call_arrives_too_soon_however_long_it_is_under_way(limit: Limit, before: Delay, after: Delay) -> None:
    door = Door(limit, before, after)
    with running_server(door) as server:
        client = client_of(server.url, budget=budget_of(limit), retries=replace(QUICK, deadline=120.0))
        for _ in range(2 * limit.calls + 2):
            client.get("one", "/x")
    assert (len(door.arrived), door.refused) == (2 * limit.calls + 2, 0)


def test_threads_together_keep_the_pace_over_a_network_that_delays_as_it_likes() -> None:
    limit, drawn = Limit(4, 0.5), random.Random(7)
    door = Door(limit, lambda _number: drawn.uniform(0.0, 0.3), lambda _number: drawn.uniform(0.0, 0.2))
    with running_server(door) as server:
        client = client_of(server.url, budget=budget_of(limit), retries=replace(QUICK, deadline=240.0))
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _number: client.get("one", "/x"), range(24)))
    assert (len(door.arrived), door.refused) == (24, 0)


def test_a_call_that_never_got_its_answer_counts_from_when_it_was_given_up() -> None:
    limit = Limit(1, 0.5)
    door = Door(limit, nothing, lambda number: 1.5 if number == 0 else 0.0)
    with running_server(door) as server:
        client = client_of(server.url, budget=budget_of(limit), retries=replace(QUICK, read=0.5, attempts=1))
        with pytest.raises(Unreachable):
            client.get("one", "/x")
        assert client.get("one", "/x").status == 200
    assert door.refused == 0


def test_a_429_by_our_own_haste_is_mended_at_the_next_turn() -> None:
    """Somebody has called before us: a process of ours that has just ended, of which this one knows nothing."""
    limit = Limit(1, 2.0)
    door = Door(limit, nothing, nothing)
    door.arrived.append(time.monotonic() + 600.0)
    with running_server(door) as server:
        client = client_of(server.url, budget=budget_of(limit))
        with pytest.raises(Throttled) as told:
            client.get("one", "/x")
        assert told.value.seconds == limit.seconds
        door.arrived.clear()
        assert client.get("one", "/x").status == 200
        (first, _), (second, _) = server.asked
        assert limit.seconds <= second - first < 30.0
    assert door.refused == 1
