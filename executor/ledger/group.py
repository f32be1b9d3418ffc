"""Group commit: works that arrive during a transaction share the next one, and its one wait for the disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from executor.errors import LedgerUnavailable
from executor.ledger.transaction import Transaction
from executor.timing import StageMetrics, StageTimer

log = logging.getLogger(__name__)

MOST_TOGETHER = 64

T = TypeVar("T")


class GroupCommit:
    """Does works one after the other, many in one transaction.

    A thread that arrives when no other is at work leads: it does the works that wait, its own included, and then passes
    the lead on to the next thread that waits. There is no thread of its own, so a work that arrives alone waits for
    nothing.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Transaction]],
        stages: StageMetrics,
        most: int = MOST_TOGETHER,
    ) -> None:
        self._begin, self._stages, self._most = begin, stages, most
        self._lock = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._led = False

    def do(self, work: Callable[[Transaction], T], key: str | None = None, symbol: str | None = None) -> T:
        """Returns what `work` returns, once it is durable. Its exception undoes all that it did, and no other work.

        `key` and `symbol` are those of an order: the reads of all orders in a transaction are made together.
        Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the commit was lost, all.
        """
        job = _Job(work, key, symbol, StageTimer(self._stages))
        with self._lock:
            self._waiting.append(job)
            leads, self._led = not self._led, True
        if not leads:
            job.turn.wait()
        if not job.ended:
            self._lead()
        result: T = job.outcome()
        return result

    def _lead(self) -> None:
        """Does the works that wait once the lock is held, and wakes their threads and the next leader."""
        jobs: list[_Job[Any]] = []
        try:
            self._run(jobs, self._pop_waiting)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for job in jobs:
                job.ended = True
                job.turn.set()
            if following is not None:
                following.turn.set()

    def _pop_waiting(self) -> list[_Job[Any]]:
        with self._lock:
            popped = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        for job in popped:
            job.timer.end("queue")
        self._stages.works.observe(len(popped))
        return popped

    def _run(self, jobs: list[_Job[Any]], pop: Callable[[], list[_Job[Any]]]) -> None:
        """Does the jobs of `pop`, called under the account's lock, in one transaction, and adds them to `jobs`."""
        try:
            with self._begin() as transaction:
                jobs += pop()
                transaction.preload(*_orders_of(jobs))
                for job in jobs:
                    job.attempt(transaction)
        except BaseException as error:
            jobs += [] if jobs else pop()
            for job in jobs:
                job.fail(error)
            if not isinstance(error, Exception):
                raise
            if isinstance(error, LedgerUnavailable) or len(jobs) == 1:
                return
            log.exception("works that share a transaction failed together; each is done alone")
            for job in jobs:
                self._run([], lambda job=job: [job])  # type: ignore[misc]


class _Job(Generic[T]):
    """One work and its result."""

    def __init__(
        self, work: Callable[[Transaction], T], key: str | None, symbol: str | None, timer: StageTimer
    ) -> None:
        self.key, self.symbol, self.timer = key, symbol, timer
        self.turn = threading.Event()
        self.ended = False
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None

    def attempt(self, transaction: Transaction) -> None:
        """Does the work. Its exception is undone and kept; a failure of the database ends the whole transaction."""
        savepoint = transaction.savepoint()
        self._error = self._result = None
        try:
            self._result = self._work(transaction)
        except (SQLAlchemyError, LedgerUnavailable):
            raise
        except Exception as error:
            transaction.roll_back_to(savepoint)
            self._error = error
        else:
            transaction.settle()

    def fail(self, error: BaseException) -> None:
        """Notes that the transaction failed, whatever this work had returned."""
        self._error = error

    def outcome(self) -> T:
        """Returns what the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


def _orders_of(jobs: Sequence[_Job[Any]]) -> tuple[list[str], set[str]]:
    """Returns the keys and the symbols of the jobs that are orders."""
    keys = [job.key for job in jobs if job.key is not None]
    return keys, {job.symbol for job in jobs if job.symbol is not None}
