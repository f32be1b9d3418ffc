"""Supervised loops: one owner of a service's threads, one signal that stops them, and their health."""

from __future__ import annotations

import logging
import math
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from common.underway import Requests

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGQUIT)
LONGEST_RETRY_SECONDS = 60.0
JOIN_SECONDS = 2.0


class Stop:
    """The one signal that ends everything a service runs: its loops, its streams and its sockets."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Returns true from the moment the stop was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits at most `seconds` (infinity is allowed); returns true when the stop was asked for."""
        return self._event.wait(None if math.isinf(seconds) else seconds)

    def on_set(self, callback: Callable[[], None]) -> None:
        """Has `callback` called once when the stop is asked for; at once when it was already."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def set(self) -> None:
        """Asks for the stop. A callback that fails is logged and keeps no other from being called."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:
                log.exception("a part failed while it was stopped")

    def follow_signals(self) -> None:
        """Asks for the stop as soon as SIGTERM or SIGQUIT comes; the server's own handler runs as before.

        The server waits for open answers when it stops. A stream never ends by itself, so it must hear of the stop
        first. The server sets its handlers up before it calls for the app, both in the main thread. In any other thread
        this does nothing. A handler may interrupt a thread that holds a lock, so it takes no lock: it puts the signal's
        number into a queue that is safe for this, and a thread does the rest.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        came: queue.SimpleQueue[int] = queue.SimpleQueue()

        def wait_for_signal() -> None:
            came.get()
            self.set()

        for number in STOP_SIGNALS:
            before = signal.getsignal(number)
            if callable(before):
                signal.signal(number, _noting(came, before))
        threading.Thread(target=wait_for_signal, name="stop-signal", daemon=True).start()


def _noting(came: queue.SimpleQueue[int], then: Callable[[int, Any], Any]) -> Callable[[int, Any], Any]:
    def handle(number: int, frame: Any) -> None:
        came.put(number)
        then(number, frame)

    return handle


@dataclass(frozen=True)
class LoopHealth:
    """The state of one loop.

    name: the loop's and its thread's name.
    alive: true while the thread runs; a loop that was not started yet is not alive.
    failures: steps that failed since the start.
    last_failure: the newest failure's type and text, None when no step has failed.
    overdue_seconds: how long ago the next step should have ended its pause; 0 while the loop is in time, and for a loop
        whose steps may wait.
    trouble: a sentence for people when the loop can't be relied on, else None.
    """

    name: str
    alive: bool
    failures: int
    last_failure: str | None
    overdue_seconds: float
    trouble: str | None


class Loop:
    """Runs a step again and again on a thread of its own, until the service stops.

    step: does one round and returns the seconds to pause; None stands for `every`, infinity pauses until `wake`.
    every: seconds of pause after a step that returns None.
    silent_after: seconds that a step may take before the service is no longer ready; infinity for a step that may wait.
    least: seconds that pass between two steps even when `wake` is called.
    retry: seconds of pause after a failed step, the first and the longest; they double with each failure in a row.
    on_failure: called with the failure after a failed step, on the loop's thread, to bring the parts to a known state.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        *,
        every: float = 0.0,
        silent_after: float = math.inf,
        least: float = 0.0,
        retry: tuple[float, float] = (1.0, LONGEST_RETRY_SECONDS),
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        self.name = name
        self.failures = 0
        self.last_failure: str | None = None
        self._step, self._every, self._silent_after, self._least = step, every, silent_after, least
        self._retry, self._on_failure = retry, on_failure
        self._failed_in_a_row = 0
        self._woken = threading.Event()
        self._due_at = time.monotonic()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Ends the present pause, but for one after a failure. Any thread may call this."""
        self._woken.set()

    def run_once(self) -> float:
        """Runs one step and returns the seconds to pause after it. A failure is logged and counted, never raised."""
        try:
            pause = self._step()
        except Exception as error:
            return self._failed(error)
        self._failed_in_a_row = 0
        return self._every if pause is None else pause

    def health(self) -> LoopHealth:
        """Returns the loop's state now."""
        alive = self._thread is not None and self._thread.is_alive()
        may_wait = math.isinf(self._silent_after)
        overdue = max(0.0, time.monotonic() - self._due_at) if alive and not may_wait else 0.0
        trouble = None
        if not alive:
            trouble = f"the loop {self.name} does not run"
        elif overdue > self._silent_after:
            trouble = f"the loop {self.name} has not come back for {overdue:.0f} s"
        elif self._failed_in_a_row > 1:
            trouble = f"the loop {self.name} failed {self._failed_in_a_row} times in a row"
        if trouble and self.last_failure:
            trouble += f"; its last failure was {self.last_failure}"
        return LoopHealth(self.name, alive, self.failures, self.last_failure, overdue, trouble)

    def start(self, stop: Stop) -> None:
        """Starts the thread, which ends when `stop` is set and the step under way returns."""
        stop.on_set(self.wake)
        self._due_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(stop,), name=self.name, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Waits at most `seconds` for the thread to end; returns true when it has."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self, stop: Stop) -> None:
        while not stop.is_set():
            pause = self.run_once()
            self._due_at = time.monotonic() + pause
            if pause <= 0:
                continue
            least = pause if self._failed_in_a_row else min(pause, self._least)
            if stop.wait(least):
                return
            self._woken.wait(None if math.isinf(pause) else pause - least)
            self._woken.clear()
            self._due_at = min(self._due_at, time.monotonic())

    def _failed(self, error: Exception) -> float:
        self.failures += 1
        self._failed_in_a_row += 1
        self.last_failure = f"{type(error).__name__}: {error}"[:200]
        log.exception("a loop's step failed", extra={"loop": self.name})
        if self._on_failure is not None:
            try:
                self._on_failure(error)
            except Exception:
                log.exception("a loop's clean-up failed", extra={"loop": self.name})
        first, longest = self._retry
        return float(min(longest, first * 2.0 ** min(self._failed_in_a_row - 1, 30)))


class Supervisor:
    """Owns all loops of a service: it starts them, stops them and knows how they do.

    requests: what the HTTP server's threads answer right now.
    """

    def __init__(self, stop: Stop) -> None:
        self.stop_signal = stop
        self.requests = Requests()
        self._loops: list[Loop] = []

    def add(self, loop: Loop) -> Loop:
        """Takes a loop over before the start; returns it."""
        self._loops.append(loop)
        return loop

    def start(self) -> None:
        """Starts every loop's thread, in the order in which the loops were added."""
        for loop in self._loops:
            loop.start(self.stop_signal)

    def stop(self, seconds: float = JOIN_SECONDS) -> None:
        """Asks for the stop and waits at most `seconds` for all threads; one that hangs is named in the log."""
        self.stop_signal.set()
        until = time.monotonic() + seconds
        hung = [loop.name for loop in self._loops if not loop.join(max(0.0, until - time.monotonic()))]
        if hung:
            log.warning("loops did not end in time", extra={"loops": hung})

    def health(self) -> Iterator[LoopHealth]:
        """Yields the state of every loop."""
        for loop in self._loops:
            yield loop.health()

    def trouble(self) -> str | None:
        """Returns why the loops can't be relied on, for readiness; None when all run in time."""
        return "; ".join(health.trouble for health in self.health() if health.trouble) or None
