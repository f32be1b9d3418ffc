"""Group commit: works that come while a transaction is under way share the next one, and its one wait for the disk."""

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
from executor.timing import Laps, Nobody, Observer

log = logging.getLogger(__name__)

MOST_TOGETHER = 64

T = TypeVar("T")


class Group:
    """Does works one after the other, many in one transaction. Whoever comes when nobody is at work leads: does what
    waits, own work included, and then passes the lead on to the next who waits. There is no thread of its own, so that
    a work that comes alone waits for nobody."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Transaction]],
        observer: Callable[[], Observer] = Nobody,
        most: int = MOST_TOGETHER,
    ) -> None:
        self._begin, self._observer, self._most = begin, observer, most
        self._lock = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._led = False

    def do(self, work: Callable[[Transaction], T], key: str | None = None, symbol: str | None = None) -> T:
        """What `work` returns, once it is durable. What it raises undoes all that it did, and nothing of the others.
        `key` and `symbol` are those of an order, whose transaction reads what orders need all together.
        Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the commit was lost, all."""
        job = _Job(work, key, symbol, Laps(self._observer()))
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
        """Does the works that wait once the lock is had, this thread's first among them; wakes who did them, and who is
        to lead next."""
        jobs: list[_Job[Any]] = []
        try:
            self._run(jobs, self._take)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for job in jobs:
                job.ended = True
                job.turn.set()
            if following is not None:
                following.turn.set()

    def _take(self) -> list[_Job[Any]]:
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        for job in taken:
            job.waited.lap("queue")
        self._observer().together(len(taken))
        return taken

    def _run(self, jobs: list[_Job[Any]], take: Callable[[], list[_Job[Any]]]) -> None:
        """Does, in one transaction, the jobs that there are when it has the lock, and adds them to `jobs`."""
        try:
            with self._begin() as transaction:
                jobs += take()
                transaction.expect(*_wanted(jobs))
                for job in jobs:
                    job.attempt(transaction)
        except BaseException as error:
            jobs += [] if jobs else take()
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
    """One work, and what came of it."""

    def __init__(self, work: Callable[[Transaction], T], key: str | None, symbol: str | None, waited: Laps) -> None:
        self.key, self.symbol, self.waited = key, symbol, waited
        self.turn = threading.Event()
        self.ended = False
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None

    def attempt(self, transaction: Transaction) -> None:
        """Does the work; what it raises takes back what it did, unless the database itself failed, which ends all."""
        mark = transaction.mark()
        self._error = self._result = None
        try:
            self._result = self._work(transaction)
        except (SQLAlchemyError, LedgerUnavailable):
            raise
        except Exception as error:
            transaction.back_to(mark)
            self._error = error
        else:
            transaction.settle()

    def fail(self, error: BaseException) -> None:
        """The transaction failed, whatever this work had come to."""
        self._error = error

    def outcome(self) -> T:
        """What the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


def _wanted(jobs: Sequence[_Job[Any]]) -> tuple[list[str], set[str]]:
    keys = [job.key for job in jobs if job.key is not None]
    return keys, {job.symbol for job in jobs if job.symbol is not None}
