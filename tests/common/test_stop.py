"""The one stop: its callbacks, its waits, and the signals that ask for it."""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.loop import Stop


def _eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def test_callbacks_of_the_stop_are_called_once_also_when_they_come_late() -> None:
    stop, called = Stop(), list[str]()
    stop.on_set(lambda: called.append("early"))
    assert not stop.is_set()
    stop.set()
    stop.set()
    stop.on_set(lambda: called.append("late"))
    assert stop.is_set()
    assert called == ["early", "late"]


def test_a_callback_that_fails_keeps_no_other_from_being_called(caplog: pytest.LogCaptureFixture) -> None:
    stop, called = Stop(), list[str]()

    def fail() -> None:
        raise RuntimeError("no")

    stop.on_set(fail)
    stop.on_set(lambda: called.append("second"))
    with caplog.at_level(logging.ERROR):
        stop.set()
    assert called == ["second"]
    assert [record.getMessage() for record in caplog.records] == ["a part failed while it was stopped"]


def test_a_callback_may_ask_for_the_stop_and_register_another() -> None:
    stop, called = Stop(), list[str]()

    def again() -> None:
        stop.set()
        stop.on_set(lambda: called.append("inner"))

    stop.on_set(again)
    stop.set()
    assert called == ["inner"]


def test_a_wait_for_the_stop_ends_with_it_or_after_its_time() -> None:
    stop = Stop()
    assert not stop.wait(0.0)
    threading.Timer(0.05, stop.set).start()
    assert stop.wait(math.inf)


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """Handlers for the stop's signals, as the HTTP server sets them; the list has the numbers that they got."""
    numbers: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGQUIT)}

    def handle(number: int, _frame: Any) -> None:
        numbers.append(number)

    for number in before:
        signal.signal(number, handle)
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_signal_asks_for_the_stop_and_reaches_the_servers_own_handler(
    handled: list[int], number: signal.Signals
) -> None:
    stop = Stop()
    stop.follow_signals()
    os.kill(os.getpid(), number)
    _eventually(stop.is_set)
    assert handled == [number]


def test_a_signal_that_interrupts_the_holder_of_the_stops_lock_blocks_nothing(handled: list[int]) -> None:
    stop, called = Stop(), threading.Event()
    stop.on_set(called.set)
    stop.follow_signals()
    with stop._lock:
        os.kill(os.getpid(), signal.SIGTERM)
        _eventually(lambda: handled)
        assert not called.is_set()
    assert called.wait(10)


@pytest.mark.usefixtures("handled")
def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=Stop().follow_signals)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
