"""Group commit: works that come while a transaction is under way share the next one, and its one wait for the disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
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

    def do(self, work: Callable[[Transaction], T], key: str | None = None) -> T:
        """What `work` returns, once it is durable. What it raises undoes all that it did, and nothing of the others.
        `key` is the client's, where the work will ask for the first answer to one: all are looked up together.
        Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the commit was lost, all."""
        job = _Job(work, key, Laps(self._observer()))
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
        """Does the works that wait, this thread's first among them, and wakes who did them, and who is to lead next."""
        with self._lock:
            together = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            self._run(together)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for job in together:
                job.ended = True
                job.turn.set()
            if following is not None:
                following.turn.set()

    def _run(self, jobs: list[_Job[Any]]) -> None:
        self._observer().together(len(jobs))
        for job in jobs:
            job.waited.lap("queue")
        try:
            with self._begin() as transaction:
                transaction.expect([job.key for job in jobs if job.key is not None])
                for job in jobs:
                    job.attempt(transaction)
        except BaseException as error:
            for job in jobs:
                job.fail(error)
            if not isinstance(error, Exception):
                raise
            if isinstance(error, LedgerUnavailable) or len(jobs) == 1:
                return
            log.exception("works that share a transaction failed together; each is done alone")
            for job in jobs:
                self._run([job])


class _Job(Generic[T]):
    """One work, and what came of it."""

    def __init__(self, work: Callable[[Transaction], T], key: str | None, waited: Laps) -> None:
        self.key, self.waited = key, waited
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
