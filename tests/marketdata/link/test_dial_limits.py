"""Dials are spread out and never too many."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from marketdata.link.dial_limits import Backoff, DialGuard


def test_the_ceiling_doubles_up_to_the_cap_and_starts_over_after_a_reset() -> None:
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    backoff = Backoff(1.0, 60.0, draw)
    assert [backoff.delay() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.delay() == 1
    assert {low for low, _ in asked} == {0.0}


def test_thousands_of_failures_do_not_overflow() -> None:
    backoff = Backoff(1.0, 60.0, random.Random(1).uniform)
    assert all(0 <= backoff.delay() <= 60 for _ in range(5_000))


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80))
def test_the_guard_never_lets_more_than_ten_dials_into_any_minute(pauses: list[float]) -> None:
    guard, now, dials = DialGuard(10, 60.0), 0.0, []
    for pause in pauses:
        now += pause
        while (wait := guard.acquire(now)) > 0:
            now += wait
        dials.append(now)
    for first, eleventh in zip(dials, dials[10:], strict=False):
        assert eleventh - first >= 60.0 - 1e-6


def test_the_guard_lets_the_first_ten_dial_at_once_and_no_more() -> None:
    guard = DialGuard(10, 60.0)
    assert [guard.acquire(100.0) for _ in range(11)] == [0] * 10 + [60.0]
    assert guard.acquire(159.0) == 1.0
    assert guard.acquire(160.0) == 0


def test_sockets_that_dial_at_the_same_moment_share_the_ten() -> None:
    guard, together = DialGuard(10, 60.0), threading.Barrier(8)

    def dial(_number: int) -> int:
        together.wait()
        return sum(guard.acquire(5.0) == 0 for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(dial, range(8))) == 10


def test_a_venue_that_sends_one_socket_away_is_dialled_by_none() -> None:
    guard = DialGuard(10, 60.0)
    guard.hold(130.0)
    guard.hold(110.0)
    assert guard.acquire(100.0) == 30.0
    assert guard.acquire(130.0) == 0
