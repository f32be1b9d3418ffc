"""Runs jobs side by side on a few threads, and does not wait longer than it may."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class JobResult(Generic[T]):
    """The outcome of one job.

    started: true when a thread began it.
    result: the value that it returned; None when it did not end in time or failed.
    """

    started: bool = False
    result: T | None = None


def run_all(
    jobs: Sequence[Callable[[], T]], *, workers: int, seconds: float, monotonic: Callable[[], float]
) -> list[JobResult[T]]:
    """Returns the outcome of each job, in order, after at most `seconds`.

    A job that hangs is left behind on its thread. The threads are daemons, so they keep no process from ending.
    """
    results: list[JobResult[T]] = [JobResult() for _ in jobs]
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    closed = threading.Event()
    for index in range(len(jobs)):
        waiting.put(index)
    finished = threading.Semaphore(0)

    def work() -> None:
        while not closed.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                break
            results[index].started = True
            try:
                results[index].result = jobs[index]()
            except Exception:
                log.exception("a probe failed unexpectedly")
        finished.release()

    count = min(workers, len(jobs))
    for number in range(count):
        threading.Thread(target=work, name=f"probe-{number}", daemon=True).start()
    end = monotonic() + seconds
    all(finished.acquire(timeout=max(0.0, end - monotonic())) for _ in range(count))
    closed.set()
    return [JobResult(one.started, one.result) for one in results]
