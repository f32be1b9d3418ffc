"""Holds a batch back until others have been decided, so that they share the next one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from executor.ledger.append import Append
from executor.store import Ledger
from executor.writer.reign import Reign


class _Held:
    """Stands in for the appender, once."""

    def __init__(self, reign: Reign) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._reign, self._appender = reign, reign._appender
        reign._appender = self  # type: ignore[assignment]

    def send(self, batch: Append) -> None:
        self._reign._appender = self._appender
        self.reached.set()
        assert self.go.wait(20)
        self._appender.send(batch)


@contextmanager
def holding(ledger: Ledger, pool: ThreadPoolExecutor) -> Iterator[Callable[[], int]]:
    """Gives the number of works that wait for the next batch; at the end all of them become durable."""
    reign = reign_of(ledger)
    ledger.writer._stepping.acquire()  # no heartbeat comes between
    held = _Held(reign)
    ledger.writer._beat_at = time.monotonic() + 60.0
    first = pool.submit(ledger.do, lambda _: None)
    assert held.reached.wait(20)
    try:
        yield lambda: len(reign._round.jobs)
    finally:
        held.go.set()
        wait([first], 20)
        ledger.writer._stepping.release()


def reign_of(ledger: Ledger) -> Reign:
    """Returns the reign of a ledger that this test writes, whose heartbeat may be old on a machine that does much."""
    while (reign := ledger.writer.reign) is None:
        ledger.step()
    return reign
