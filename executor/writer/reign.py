"""One reign of a writer: works are decided one after the other in memory, and become durable batch by batch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from decimal import localcontext
from typing import Any, NamedTuple, TypeVar

from common.clock import Clock
from common.wire import Order
from executor.errors import LedgerUnavailable
from executor.ledger.append import Appender, AppendRefused
from executor.orders import PRECISION
from executor.timing import StageMetrics, StageTimer
from executor.writer.checkpoint import Checkpoint
from executor.writer.job import Flush, Job, RehearsedJob, ToldJob, Work
from executor.writer.open_orders import OpenOrders
from executor.writer.round import BatchRound
from executor.writer.state import State
from executor.writer.view import View

log = logging.getLogger(__name__)

T = TypeVar("T")
FirstAnswer = Callable[[str], Order | None]
Later = Callable[[Callable[[], None]], object]
"""Has a thread of its own call a function soon."""


class Told(NamedTuple):
    """The functions that a writer calls.

    committed: after each durable batch, with the account after it.
    lost: when it can't write any more and must look at the lease again.
    """

    committed: Callable[[View], None]
    lost: Callable[[], None]


class Reign:
    """Does works under one epoch of the lease, until it ends by a failure or by another executor.

    A thread that comes while nobody decides decides its own work, and those that come meanwhile. A thread that decided
    while no batch was being appended appends; works that are decided meanwhile share the next batch. Whoever saw a
    batch become durable sends the next one before all else, so that the database never waits for a change of threads;
    a thread that waits for it sees it through, or one of its own where none waits.

    view: the account as of the latest durable batch.
    checkpoint: the latest one that was asked for and is durable; None before.
    """

    def __init__(
        self,
        state: State,
        appender: Appender,
        clock: Clock,
        first_answer: FirstAnswer,
        stages: StageMetrics,
        told: Told,
        later: Later,
    ) -> None:
        """`first_answer` looks a client's key up in the tables; `later` gives the thread for batches of told works."""
        self.view = View.of(state)
        self.checkpoint: Checkpoint | None = None
        self._state, self._appender, self._clock = state, appender, clock
        self._first_answer, self._stages, self._told, self._later = first_answer, stages, told, later
        self._lock = threading.Lock()
        self._arrived: deque[Job[Any]] = deque()
        self._round = BatchRound()
        self._appending = False
        self._wants_checkpoint = False
        self._ended: LedgerUnavailable | None = None

    def do(self, work: Work[T]) -> T:
        """Returns what `work` returns, once it and all before it are durable. Its exception undoes its part alone.

        Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the append was lost, all.
        """
        [job] = self.do_all([work])
        return job.outcome()

    def rehearse(self, work: Work[T]) -> T:
        """Returns what `work` would return now, and undoes all that it did, once all before it is durable.

        Raises what the work raises, and `LedgerUnavailable`.
        """
        job = RehearsedJob(work, StageTimer(self._stages))
        self._see_through([job])
        return job.outcome()

    def do_all(self, works: Sequence[Work[T]]) -> Sequence[Job[T]]:
        """Does works one after the other in one batch, once they and all before them are durable.

        Returns them with their outcomes; each exception undoes its part alone.
        """
        jobs = [Job(work, StageTimer(self._stages)) for work in works]
        self._see_through(jobs)
        return jobs

    def _see_through(self, jobs: Sequence[Job[Any]]) -> None:
        """Has works done one after the other, and waits until they are durable, or until that has failed."""
        self._arrived.extend(jobs)
        if self._decide_arrived():
            self._see_to(self._send_round())
        for job in jobs:
            while (other := job.wait()) is not None:
                other()

    def begin(self, work: Work[T], told: Callable[[Job[T]], Flush | None]) -> None:
        """Does a work without waiting; `told` is called as soon as `do` would return or raise, see `ToldJob`."""
        self._arrived.append(ToldJob(work, StageTimer(self._stages), told))
        if self._decide_arrived():
            sent = self._send_round()
            self._later(lambda: self._see_to(sent))

    @property
    def open(self) -> OpenOrders:
        """The open orders as they are in memory, where the latest changes may not be durable yet."""
        return self._state.open

    def ask_checkpoint(self) -> None:
        """Asks that the next batch leaves a checkpoint."""
        self._wants_checkpoint = True

    def end(self, error: LedgerUnavailable) -> None:
        """Ends the reign: no work is done any more, and those that wait get the error."""
        with self._lock:
            self._ended = self._ended or error
        if self._decide_arrived():
            self._send_next()

    @property
    def ended(self) -> bool:
        """True when no work is done any more."""
        return self._ended is not None

    def _decide_arrived(self) -> bool:
        """Decides what has come, unless another thread does; returns true when the caller must see to the append."""
        must_append = False
        # Whoever had the lock when a work came looks here again: at once, or after the append that it is about to do.
        while self._arrived and self._lock.acquire(blocking=False):
            try:
                must_append |= self._take_arrived()
            finally:
                self._lock.release()
        return must_append

    def _take_arrived(self) -> bool:
        """Decides what has come, under the lock; returns true when the caller must see to the append."""
        while self._arrived:
            job = self._arrived.popleft()
            if self._ended is not None:
                job.fail(self._ended)
                self._end_waits([job])
                continue
            job.timer.end("queue")
            self._decide([job])
            job.timer.end("decide")
        if self._appending or not self._round.jobs:
            return False
        self._appending = True
        return True

    def _send_round(self) -> BatchRound:
        """Takes the present round and has the database begin with it; a failure is kept for `_see_to`."""
        with self._lock:
            sealed = self._seal()
        sealed.timer = StageTimer(self._stages)
        try:
            sealed.error = self._ended
            if sealed.error is None:
                self._appender.send(sealed.append())
        except BaseException as failure:
            sealed.error = failure
        return sealed

    def _see_to(self, sent: BatchRound) -> None:
        """Waits until a batch that was sent is durable, and sends the next one."""
        sealed, error = sent, None
        try:
            sealed = self._answered(sent)
        except LedgerUnavailable as failure:
            error = failure
        except BaseException as failure:
            log.exception("a batch could not be appended")
            error = LedgerUnavailable(f"{type(failure).__name__}")
        if sent.timer is not None:
            sent.timer.end("append")
        if sealed.batch.records:  # an empty work, such as a heartbeat's, is no batch
            self._stages.works.observe(len(sealed.jobs))
        self._pass_on(sealed, error)

    def _answered(self, sent: BatchRound) -> BatchRound:
        """Returns the round that became durable: the one sent, or what its works did at a second try."""
        if sent.error is not None:
            raise sent.error
        sealed = sent  # `sent` always has all the works, so that a failure reaches those that came meanwhile, too
        try:
            known = self._appender.answer()
            while known:
                with self._lock:
                    sent.jobs = self._undo(sealed)
                    sealed = self._decide_again(sent.jobs, known)
                known = self._appender.append(sealed.append())
        except AppendRefused:
            log.exception("works that share a batch are refused together; each is done alone")
            with self._lock:
                sent.jobs = self._undo(sealed)
                sealed = self._do_alone(sent.jobs)
        return sealed

    def _pass_on(self, sealed: BatchRound, error: LedgerUnavailable | None) -> None:
        with self._lock:
            jobs = sealed.jobs
            if error is not None:
                self._ended = self._ended or error
                jobs = jobs + self._round.jobs
                self._round = BatchRound()
            elif sealed.view is not None:
                self.view, self.checkpoint = sealed.view, sealed.checkpoint or self.checkpoint
                self._state.forget_old_answers()
            self._appending = False
            must_append = self._take_arrived()
        if must_append | self._decide_arrived():
            self._send_next()
        if error is not None:
            for job in jobs:
                job.fail(error)
        self._end_waits(jobs)
        if error is not None:
            self._told.lost()
        else:
            self._told.committed(self.view)

    def _send_next(self) -> None:
        """Sends the present round, and has a thread that waits for it see to it, or one of its own."""
        sent = self._send_round()
        following = next((job for job in sent.jobs if job.waits), None)
        see_through = self._later if following is None else following.interrupt
        see_through(lambda: self._see_to(sent))

    @staticmethod
    def _end_waits(jobs: Sequence[Job[Any]]) -> None:
        flushes = {flush for job in jobs if (flush := job.release()) is not None}
        for flush in flushes:
            flush()

    def _seal(self) -> BatchRound:
        """Takes the present round, and begins the next one."""
        sealed, self._round = self._round, BatchRound()
        sealed.journal = self._state.journal.take()
        sealed.view = View.of(self._state)
        if self._wants_checkpoint:
            self._wants_checkpoint = False
            sealed.checkpoint = Checkpoint.of(self._state)
        return sealed

    def _undo(self, sealed: BatchRound) -> list[Job[Any]]:
        """Undoes what is not durable, and returns its works."""
        self._state.journal.roll_back()
        sealed.journal.roll_back()
        jobs, self._round = sealed.jobs + self._round.jobs, BatchRound()
        return jobs

    def _decide_again(self, jobs: list[Job[Any]], known: Sequence[str]) -> BatchRound:
        """Decides works again, now that some keys are known to be old, and seals them."""
        for key in known:
            order = self._first_answer(key)
            if order is not None:
                self._state.answers[key] = order
        self._decide(jobs)
        return self._seal()

    def _do_alone(self, jobs: list[Job[Any]]) -> BatchRound:
        """Makes each work durable on its own, so that the one at fault fails alone."""
        sealed = BatchRound(view=self.view)
        for job in jobs:
            self._decide([job])
            alone = self._seal()
            try:
                while known := self._appender.append(alone.append()):
                    alone = self._decide_again(self._undo(alone), known)
            except AppendRefused as error:
                self._undo(alone)
                job.fail(error)
            else:
                sealed.view = alone.view
        sealed.jobs = jobs
        return sealed

    def _decide(self, jobs: Sequence[Job[Any]]) -> None:
        with localcontext(prec=PRECISION):
            for job in jobs:
                job.attempt(self._state, self._round.batch, self._clock)
        self._round.jobs += jobs
