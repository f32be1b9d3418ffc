"""Jobs side by side under a deadline."""

from __future__ import annotations

import threading
import time
from functools import partial

from canary.probes.pool import run_all


def test_results_come_in_the_order_of_the_jobs() -> None:
    slots = run_all([partial(pow, n, 2) for n in range(20)], workers=4, seconds=5, monotonic=time.monotonic)
    assert [slot.result for slot in slots] == [n * n for n in range(20)]


def test_no_more_jobs_run_at_once_than_there_are_workers() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def job() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1

    run_all([job] * 12, workers=3, seconds=5, monotonic=time.monotonic)
    assert most[0] <= 3


def test_a_job_that_hangs_is_left_behind_and_the_one_that_got_no_turn_is_told_apart() -> None:
    release = threading.Event()
    begin = time.monotonic()
    slots = run_all([release.wait, lambda: True], workers=1, seconds=0.1, monotonic=time.monotonic)
    assert time.monotonic() - begin < 20
    assert [(slot.started, slot.result) for slot in slots] == [(True, None), (False, None)]
    release.set()


def test_a_job_that_raises_spoils_no_other() -> None:
    slots = run_all([lambda: 1 // 0, lambda: 7], workers=1, seconds=5, monotonic=time.monotonic)
    assert [(slot.started, slot.result) for slot in slots] == [(True, None), (True, 7)]


def test_no_jobs_are_no_results() -> None:
    assert run_all([], workers=4, seconds=1, monotonic=time.monotonic) == []
