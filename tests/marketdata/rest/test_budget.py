"""Calls are spread out and never too many."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.rest.budget import MARGIN_SECONDS, Budget, Limit, Spent
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

CHARTS = {"ohlcs": Limit(120, 60), "klines": Limit(600, 60), "charts": Limit(600, 600)}


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def most_in_any_window(times: Sequence[float], seconds: float) -> int:
    """The largest number of times that lie within `seconds` of each other."""
    ordered = sorted(times)
    return max(sum(first <= at < first + seconds for at in ordered) for first in ordered)


def _taken(budget: Budget, *limits: str, tries: int = 1_000) -> int:
    for count in range(tries):
        try:
            budget.acquire(limits, 0)
        except Spent:
            return count
        budget.answered(limits)
    return tries


def test_four_fifths_of_a_published_limit_are_taken_and_at_least_one_call() -> None:
    budget = Budget({"ohlcs": Limit(120, 60), "all": Limit(1, 5.1)}, monotonic=Clock())
    assert _taken(budget, "ohlcs") == 96
    assert _taken(budget, "all") == 1


def test_a_nested_total_bounds_both_endpoints_and_a_refused_call_takes_from_none() -> None:
    clock = Clock()
    budget = Budget(CHARTS, monotonic=clock)
    assert _taken(budget, "klines", "charts") == 480
    assert _taken(budget, "ohlcs", "charts") == 0
    clock.now += 600.1 + MARGIN_SECONDS
    assert _taken(budget, "ohlcs", "charts") == 96
    assert _taken(budget, "klines", "charts") == 480 - 96


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 1.5)), max_size=150))
def test_no_window_of_any_limit_ever_holds_too_many(calls: list[tuple[str, float]]) -> None:
    clock = Clock()
    budget = Budget({"a": Limit(4, 2), "b": Limit(6, 3), "total": Limit(8, 5)}, monotonic=clock, share=1.0)
    taken: dict[str, list[float]] = {"a": [], "b": [], "total": []}
    for name, pause in calls:
        clock.now += pause
        if _taken(budget, name, "total", tries=1):
            taken[name].append(clock.now)
            taken["total"].append(clock.now)
    for name, most, seconds in (("a", 4, 2), ("b", 6, 3), ("total", 8, 5)):
        assert not taken[name] or most_in_any_window(taken[name], seconds) <= most


def test_a_call_that_would_wait_too_long_is_told_so_at_once_and_how_long() -> None:
    budget = Budget({"all": Limit(1, 5.0)}, monotonic=Clock())
    budget.acquire(("all",), 0)
    with pytest.raises(Spent, match="the budget is spent") as spent:
        budget.acquire(("all",), 5.0)
    assert spent.value.seconds == pytest.approx(5.0 + MARGIN_SECONDS, abs=0.01)
    assert not spent.value.silenced


def test_the_only_call_of_a_window_counts_from_its_answer() -> None:
    clock = Clock()
    budget = Budget({"customer": Limit(1, 5.0)}, monotonic=clock, share=1.0)
    budget.acquire(("customer",), 0)
    clock.now += 3.0
    budget.answered(("customer",))
    with pytest.raises(Spent) as caught:
        budget.acquire(("customer",), 0)
    assert caught.value.seconds == pytest.approx(5.0 + MARGIN_SECONDS, abs=0.01)
    clock.now += 5.01 + MARGIN_SECONDS
    budget.acquire(("customer",), 0)


def test_a_call_that_has_no_answer_yet_counts_as_long_as_that_takes() -> None:
    clock = Clock()
    budget = Budget({"a": Limit(3, 2.0)}, monotonic=clock, share=1.0)
    for _ in range(3):
        budget.acquire(("a",), 0)
    clock.now += 600.0
    assert _taken(budget, "a") == 0, "all three may arrive just now"
    budget.answered(("a",))
    clock.now += 1.0
    budget.answered(("a",))
    clock.now += 1.01 + MARGIN_SECONDS
    assert _taken(budget, "a") == 1
    clock.now += 1.0
    assert _taken(budget, "a") == 1


def test_an_answer_wakes_the_call_that_waits_for_it() -> None:
    budget, waited = Budget({"a": Limit(1, 0.01)}, monotonic=time.monotonic, share=1.0), list[float]()
    budget.acquire(("a",), 0)
    thread = threading.Thread(target=lambda: waited.append(budget.acquire(("a",), 60.0)))
    thread.start()
    assert not waited
    budget.answered(("a",))
    thread.join(30)
    assert waited[0] >= 0.01


def test_refusals_in_a_row_silence_for_longer_and_a_welcome_ends_the_row() -> None:
    budget = Budget({"slow": Limit(1, 5.0), "long": Limit(600, 600.0)}, monotonic=Clock())
    assert [budget.too_fast("slow") for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    budget.welcome("slow")
    assert budget.too_fast("slow") == 5.0
    assert budget.too_fast("long") == 60.0
    budget.welcome("slow")
    assert [budget.barred("slow") for _ in range(7)] == [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0]


def test_silence_holds_every_limit_it_touches_and_ends_by_itself() -> None:
    clock = Clock()
    budget = Budget(CHARTS, monotonic=clock)
    budget.silence("ohlcs", 30.0)
    with pytest.raises(Spent, match="asked for silence"):
        budget.acquire(("ohlcs", "charts"), 29.0)
    assert _taken(budget, "klines", "charts", tries=1) == 1
    budget.silence("charts", 600.0)
    assert _taken(budget, "klines", "charts", tries=1) == 0
    with pytest.raises(Spent) as spent:
        budget.acquire(("klines", "charts"), 0.0)
    assert spent.value.seconds == 600.0
    clock.now += 600.0
    assert _taken(budget, "klines", "charts", tries=1) == 1


class ThreadsClock:
    """The real clock, which remembers what it told each thread, and how often."""

    def __init__(self) -> None:
        self.told: dict[int, list[float]] = {}

    def __call__(self) -> float:
        now = time.monotonic()
        self.told.setdefault(threading.get_ident(), []).append(now)
        return now

    def has_told_twice(self, thread: threading.Thread) -> bool:
        return len(self.told.get(thread.ident or 0, ())) >= 2


def test_eight_threads_never_pass_the_limit() -> None:
    clock = ThreadsClock()
    budget = Budget({"all": Limit(10, 0.4)}, monotonic=clock, share=1.0)

    def hammer(_number: int) -> list[float]:
        taken = []
        for _ in range(6):
            budget.acquire(("all",), 60)
            taken.append(clock.told[threading.get_ident()][-1])
            budget.answered(("all",))
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [at for times in pool.map(hammer, range(8)) for at in times]
    assert len(taken) == 48
    assert most_in_any_window(taken, 0.4) == 10


def test_those_who_wait_for_the_same_limits_are_served_in_their_order() -> None:
    clock, served = ThreadsClock(), list[int]()
    budget = Budget({"all": Limit(1, 0.2)}, monotonic=clock)
    budget.acquire(("all",), 0)
    budget.answered(("all",))

    def ask(number: int) -> None:
        budget.acquire(("all",), 60)
        served.append(number)
        budget.answered(("all",))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
        eventually(partial(clock.has_told_twice, thread))  # it stands in line by then
    for thread in threads:
        thread.join(30)
    assert served == [0, 1, 2, 3]
