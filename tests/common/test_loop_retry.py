"""A loop whose step fails keeps its pause, however often it is woken."""

from __future__ import annotations

import threading
import time

from common.loop import Loop, Stop


def test_waking_a_loop_does_not_end_the_pause_after_a_failure() -> None:
    calls, called = list[float](), threading.Event()

    def step() -> float | None:
        calls.append(time.monotonic())
        called.set()
        if len(calls) == 1:
            raise RuntimeError("as told")
        return None

    loop, stop = Loop("test", step, every=60.0, retry=(0.3, 0.3)), Stop()
    loop.start(stop)
    assert called.wait(10)
    while len(calls) < 2:
        loop.wake()
        time.sleep(0.005)
    stop.set()
    assert loop.join(10)
    assert calls[1] - calls[0] >= 0.3
