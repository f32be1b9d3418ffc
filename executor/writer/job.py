"""One work on its way through a batch, for a thread that waits for it or for nobody's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from common.clock import Clock
from executor.timing import StageTimer
from executor.writer.batch import Batch
from executor.writer.state import State
from executor.writer.transaction import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], T]
Flush = Callable[[], None]


class Job(Generic[T]):
    """One work and its result, for which a thread waits.

    timer: times its stages.
    waits: true when a thread waits for it, which may be asked to see a batch through.
    """

    waits = True

    def __init__(self, work: Work[T], timer: StageTimer) -> None:
        self.timer = timer
        self._next: Callable[[], None] | None = None
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self._turn = threading.Lock()  # a lock that is released once costs a fraction of an event
        self._turn.acquire()

    def attempt(self, state: State, batch: Batch, clock: Clock) -> None:
        """Does the work in memory. An exception undoes its part, and is kept."""
        mark = state.journal.mark()
        self._result = self._error = None
        transaction = Transaction(state, batch, clock.now(), clock.monotonic())
        try:
            self._result = self._work(transaction)
            transaction.settle()
        except Exception as error:
            state.journal.roll_back(mark)
            self._error = error

    def fail(self, error: BaseException) -> None:
        """Notes that its batch did not become durable, whatever the work returned."""
        self._error = error

    @property
    def failed(self) -> bool:
        """True when `outcome` raises."""
        return self._error is not None

    def outcome(self) -> T:
        """Returns what the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def wait(self) -> Callable[[], None] | None:
        """Waits; returns None when the work is done, and else what this thread is to do before it waits again."""
        self._turn.acquire()
        found, self._next = self._next, None
        return found

    def interrupt(self, by: Callable[[], None]) -> None:
        """Interrupts the wait: its thread is to do that first."""
        self._next = by
        self._turn.release()

    def release(self) -> Flush | None:
        """Ends the wait. Returns nothing that is left to do."""
        self._turn.release()
        return None


class ToldJob(Job[T]):
    """A work for which no thread waits: a function is told when it is done.

    The function must neither wait nor fail. It returns a function to be called once for all jobs of the batch that
    returned the same, or None.
    """

    waits = False

    def __init__(self, work: Work[T], timer: StageTimer, told: Callable[[Job[T]], Flush | None]) -> None:
        super().__init__(work, timer)
        self._told = told

    def release(self) -> Flush | None:
        """Tells that it is done."""
        return self._told(self)


class RehearsedJob(Job[T]):
    """A work that is undone at once: only its result is wanted, once all that it may have seen is durable."""

    def attempt(self, state: State, _batch: Batch, clock: Clock) -> None:
        """Does the work in memory, and undoes it. An exception is kept."""
        mark = state.journal.mark()
        self._result = self._error = None
        try:
            self._result = self._work(Transaction(state, Batch(), clock.now(), clock.monotonic()))
        except Exception as error:
            self._error = error
        finally:
            state.journal.roll_back(mark)
