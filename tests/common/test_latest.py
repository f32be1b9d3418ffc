"""The newest value: numbered, waited for by many, let go of when it ends."""

from __future__ import annotations

import threading
import time

from common.latest import NOTHING_SEEN, WOKEN_TOGETHER, Latest


def test_each_value_has_the_next_number() -> None:
    latest = Latest("a")
    assert (latest.number, latest.value) == (0, "a")
    latest.put("b")
    latest.put("b")
    assert (latest.number, latest.value) == (2, "b")


def test_a_wait_returns_at_once_when_there_is_something_new_or_nothing_was_seen() -> None:
    latest = Latest("a")
    assert latest.wait(NOTHING_SEEN, 60.0) == (0, "a")
    latest.put("b")
    assert latest.wait(0, 60.0) == (1, "b")


def test_a_wait_for_nothing_new_ends_after_its_time_and_leaves_nobody_behind() -> None:
    latest = Latest("a")
    began = time.monotonic()
    assert latest.wait(0, 0.05) == (0, "a")
    assert time.monotonic() - began >= 0.05
    assert latest.wait(0, -1.0) == (0, "a")
    assert not latest._waiting


def _waiting(latest: Latest[str], count: int, seen: int = 0) -> tuple[list[threading.Thread], list[tuple[int, str]]]:
    """Threads that all wait, and what each of them got."""
    got: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda: got.append(latest.wait(seen, 30.0))) for _ in range(count)]
    for thread in threads:
        thread.start()
    while len(latest._waiting) < count:
        time.sleep(0.002)
    return threads, got


def test_a_new_value_wakes_a_whole_crowd() -> None:
    latest = Latest("a")
    threads, got = _waiting(latest, 3 * WOKEN_TOGETHER + 1)
    latest.put("b")
    for thread in threads:
        thread.join(10)
    assert got == [(1, "b")] * len(threads)


def test_the_end_wakes_all_and_no_wait_lasts_after_it() -> None:
    latest = Latest("a")
    threads, got = _waiting(latest, 5)
    latest.end()
    for thread in threads:
        thread.join(10)
    assert got == [(0, "a")] * 5
    began = time.monotonic()
    assert latest.wait(0, 60.0) == (0, "a")
    assert time.monotonic() - began < 10.0


def test_no_value_is_lost_between_two_waits() -> None:
    latest, seen = Latest(0), list[int]()

    def follow() -> None:
        number = 0
        while number < 500:
            number, value = latest.wait(number, 30.0)
            assert number == value
            seen.append(value)

    reader = threading.Thread(target=follow)
    reader.start()
    for value in range(1, 501):
        latest.put(value)
    reader.join(30)
    assert seen[-1] == 500
    assert seen == sorted(set(seen))
