"""Loops: retried when they fail, missed when they are silent, woken on demand, all ended by one stop."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from common.loop import Loop, LoopHealth, Stop, Supervisor

QUICK = (0.01, 0.04)


@pytest.fixture
def stop() -> Iterator[Stop]:
    one = Stop()
    yield one
    one.set()


def _eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def _trouble(loop: Loop) -> str:
    trouble = loop.health().trouble
    assert trouble is not None
    return trouble


class Steps:
    """A step that fails with each failure it was given, then counts its calls.

    at: the monotonic time of every call.
    """

    def __init__(self, *failures: Exception | None, pause: float | None = None) -> None:
        self.at: list[float] = []
        self._failures, self._pause = list(failures), pause

    def __call__(self) -> float | None:
        self.at.append(time.monotonic())
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            raise failure
        return self._pause


def test_a_failing_step_is_counted_and_its_last_failure_is_named() -> None:
    loop = Loop("market", Steps(ValueError("first"), KeyError("second")), every=3.0)
    for _ in range(2):
        loop.run_once()
    assert (loop.failures, loop.last_failure) == (2, "KeyError: 'second'")
    assert loop.run_once() == 3.0
    assert (loop.failures, loop.last_failure) == (2, "KeyError: 'second'")


def test_the_pause_doubles_with_each_failure_in_a_row_up_to_the_longest() -> None:
    failures = [RuntimeError("no") for _ in range(5)]
    loop = Loop("market", Steps(*failures, None, RuntimeError("again")), every=9.0, retry=(1.0, 6.0))
    assert [loop.run_once() for _ in range(7)] == [1.0, 2.0, 4.0, 6.0, 6.0, 9.0, 1.0]


def test_a_thousand_failures_in_a_row_do_not_overflow_the_pause() -> None:
    loop = Loop("market", Steps(*[RuntimeError("no") for _ in range(1100)]), retry=(1.0, 60.0))
    assert {loop.run_once() for _ in range(1100)} == {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0}


def test_a_long_failure_is_cut() -> None:
    loop = Loop("market", Steps(RuntimeError("x" * 5_000)))
    loop.run_once()
    assert loop.last_failure is not None
    assert len(loop.last_failure) == 200


def test_on_failure_gets_the_failure_and_may_fail_itself(caplog: pytest.LogCaptureFixture) -> None:
    met: list[Exception] = []

    def clean_up(error: Exception) -> None:
        met.append(error)
        raise OSError("the clean-up failed too")

    error = ValueError("no")
    loop = Loop("market", Steps(error), retry=(0.5, 1.0), on_failure=clean_up)
    with caplog.at_level(logging.ERROR):
        assert loop.run_once() == 0.5
    assert met == [error]
    assert [record.getMessage() for record in caplog.records] == ["a loop's step failed", "a loop's clean-up failed"]
    assert {vars(record)["loop"] for record in caplog.records} == {"market"}


def test_a_failed_step_is_run_again_by_its_thread(stop: Stop) -> None:
    steps = Steps(RuntimeError("no"), RuntimeError("no"), pause=math.inf)
    loop = Loop("market", steps, retry=QUICK)
    loop.start(stop)
    _eventually(lambda: len(steps.at) == 3)
    assert loop.failures == 2
    _eventually(lambda: loop.health().trouble is None)


def test_a_loop_that_was_not_started_is_trouble() -> None:
    assert _trouble(Loop("market", Steps())) == "the loop market does not run"


def test_one_failure_is_no_trouble(stop: Stop) -> None:
    loop = Loop("market", Steps(ValueError("one")), retry=(math.inf, math.inf))
    loop.start(stop)
    _eventually(lambda: loop.failures == 1)
    assert loop.health().trouble is None


def test_two_failures_in_a_row_are_trouble_with_the_last_one_named(stop: Stop) -> None:
    held = threading.Event()

    def step() -> float:
        if loop.failures == 2:
            held.wait(30)
        raise ValueError(("one", "two", "three")[loop.failures])

    loop = Loop("market", step, retry=(0.01, 0.01))
    loop.start(stop)
    _eventually(lambda: loop.failures == 2)
    assert _trouble(loop) == "the loop market failed 2 times in a row; its last failure was ValueError: two"
    held.set()


def test_a_step_that_does_not_come_back_is_trouble_after_silent_after(stop: Stop) -> None:
    held = threading.Event()

    def step() -> float:
        held.wait(30)
        return math.inf

    loop = Loop("market", step, silent_after=2.0)
    loop.start(stop)
    assert loop.health().trouble is None
    _eventually(lambda: loop.health().trouble)
    assert _trouble(loop).startswith("the loop market has not come back for 2 s")
    assert loop.health().overdue_seconds > 2.0
    held.set()
    _eventually(lambda: loop.health().trouble is None)
    assert loop.health().overdue_seconds == 0


def test_a_pause_however_long_is_no_silence(stop: Stop) -> None:
    steps = Steps(pause=30.0)
    loop = Loop("market", steps, silent_after=0.01)
    loop.start(stop)
    _eventually(lambda: steps.at)
    time.sleep(0.05)
    assert loop.health() == LoopHealth("market", True, 0, None, 0.0, None)


def test_wake_ends_a_pause(stop: Stop) -> None:
    steps = Steps(pause=math.inf)
    loop = Loop("market", steps)
    loop.start(stop)
    for count in (1, 2, 3):
        _eventually(lambda count=count: len(steps.at) == count)  # type: ignore[misc]
        loop.wake()


def test_wake_does_not_end_a_pause_before_least_has_passed(stop: Stop) -> None:
    steps = Steps(pause=math.inf)
    loop = Loop("market", steps, least=0.2)
    loop.start(stop)
    _eventually(lambda: steps.at)
    for _ in range(5):
        loop.wake()
    _eventually(lambda: len(steps.at) == 2)
    assert steps.at[1] - steps.at[0] >= 0.2


def test_a_wake_during_a_step_is_not_lost(stop: Stop) -> None:
    began, go_on = threading.Event(), threading.Event()
    calls: list[int] = []

    def step() -> float:
        calls.append(1)
        began.set()
        go_on.wait(10)
        return math.inf

    loop = Loop("market", step)
    loop.start(stop)
    assert began.wait(10)
    loop.wake()
    go_on.set()
    _eventually(lambda: len(calls) == 2)


def test_the_stop_ends_all_loops_whatever_they_wait_for() -> None:
    stop = Stop()
    supervisor = Supervisor(stop)
    loops = [
        supervisor.add(Loop("pauses", Steps(pause=math.inf))),
        supervisor.add(Loop("keeps to least", Steps(pause=60.0), least=60.0)),
        supervisor.add(Loop("retries", Steps(*[RuntimeError("no") for _ in range(9)]), retry=(60.0, 60.0))),
        supervisor.add(Loop("waits for the stop", lambda: stop.wait(math.inf) and None)),
    ]
    supervisor.start()
    _eventually(lambda: all(loop.health().alive for loop in loops))
    began = time.monotonic()
    supervisor.stop(10.0)
    assert time.monotonic() - began < 8.0
    assert not any(loop.health().alive for loop in loops)


def test_a_loop_that_hangs_is_named_in_the_log_and_waited_for_no_longer_than_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    release = threading.Event()
    supervisor = Supervisor(Stop())
    supervisor.add(Loop("hangs", lambda: release.wait(30) and None))
    supervisor.add(Loop("ends", Steps(pause=math.inf)))
    supervisor.start()
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        supervisor.stop(0.1)
    assert time.monotonic() - began < 5.0
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["loops"]) == ("loops did not end in time", ["hangs"])
    release.set()


def test_the_supervisor_tells_the_trouble_of_all_loops_or_none(stop: Stop) -> None:
    supervisor = Supervisor(stop)
    assert supervisor.trouble() is None
    for name in ("one", "other"):
        supervisor.add(Loop(name, Steps(pause=math.inf)))
    assert supervisor.trouble() == "the loop one does not run; the loop other does not run"
    supervisor.start()
    _eventually(lambda: supervisor.trouble() is None)
    assert [health.name for health in supervisor.health()] == ["one", "other"]


def test_a_loop_may_stop_its_own_supervisor() -> None:
    supervisor = Supervisor(Stop())
    ended = threading.Event()

    def step() -> None:
        supervisor.stop(5.0)
        ended.set()

    supervisor.add(Loop("suicidal", step))
    supervisor.start()
    assert ended.wait(2.0)
