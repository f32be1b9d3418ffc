"""Runs jobs side by side on a few threads and does not wait longer than it may."""

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
class Slot(Generic[T]):
    """What became of one job: whether it had its turn, and its result, None when it did not end or failed."""

    started: bool = False
    result: T | None = None


def run_all(
    jobs: Sequence[Callable[[], T]], *, workers: int, seconds: float, monotonic: Callable[[], float]
) -> list[Slot[T]]:
    """A slot for each job, in order, after at most `seconds`. A job that hangs is left behind on its daemon thread."""
    slots: list[Slot[T]] = [Slot() for _ in jobs]
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
            slots[index].started = True
            try:
                slots[index].result = jobs[index]()
            except Exception:
                log.exception("a probe failed unexpectedly")
        finished.release()

    count = min(workers, len(jobs))
    for number in range(count):
        threading.Thread(target=work, name=f"probe-{number}", daemon=True).start()
    end = monotonic() + seconds
    all(finished.acquire(timeout=max(0.0, end - monotonic())) for _ in range(count))
    closed.set()
    return [Slot(slot.started, slot.result) for slot in slots]
