"""One reign of a writer: works are decided one after the other in memory, and become durable batch by batch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, Generic, TypeVar

from common.clock import Clock
from common.wire import Order, Side
from executor.errors import LedgerUnavailable
from executor.ledger.append import Append, Appender, Refused
from executor.orders import PRECISION
from executor.timing import StageMetrics, StageTimer
from executor.writer.batch import Batch
from executor.writer.checkpoint import Checkpoint
from executor.writer.journal import Journal
from executor.writer.state import State
from executor.writer.transaction import Transaction
from executor.writer.view import View

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Transaction], T]
FirstAnswer = Callable[[str], Order | None]


class Job(Generic[T]):
    """One work and its result."""

    def __init__(self, work: Work[T], timer: StageTimer) -> None:
        self.timer = timer
        self.turn = threading.Event()
        self.leads = False
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None

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

    def outcome(self) -> T:
        """Returns what the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


@dataclass
class _Round:
    """A batch with its works.

    batch: what they recorded.
    jobs: the works, in their order.
    journal: the changes of memory that the batch stands for, once it is sealed.
    view: the account as of the batch's end, once it is sealed.
    checkpoint: the same with more, where it was asked for.
    """

    batch: Batch = field(default_factory=Batch)
    jobs: list[Job[Any]] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    view: View | None = None
    checkpoint: Checkpoint | None = None

    def append(self) -> Append:
        """Returns the batch as the tables take it, once it is sealed."""
        return self.batch.to_append(None if self.view is None else self.view.anchors)


class Reign:
    """Does works under one epoch of the lease, until it ends by a failure or by another executor.

    A thread that comes while no batch is being appended appends the one that holds its work; works that come meanwhile
    are decided at once, and share the next batch. There is no thread of its own.

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
        committed: Callable[[View], None],
        lost: Callable[[], None],
    ) -> None:
        """`first_answer` looks a client's key up in the tables.

        `committed` is called after each durable batch, and `lost` when the reign ended by a failure.
        """
        self.view = View.of(state)
        self.checkpoint: Checkpoint | None = None
        self._state, self._appender, self._clock = state, appender, clock
        self._first_answer, self._stages, self._committed, self._lost = first_answer, stages, committed, lost
        self._lock = threading.Lock()
        self._round = _Round()
        self._appending = False
        self._wants_checkpoint = False
        self._ended: LedgerUnavailable | None = None

    def do(self, work: Work[T]) -> T:
        """Returns what `work` returns, once it and all before it are durable. Its exception undoes its part alone.

        Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the append was lost, all.
        """
        job = Job(work, StageTimer(self._stages))
        with self._lock:
            self._require_going_on()
            job.timer.end("queue")
            self._decide([job])
            job.timer.end("decide")
            job.leads = not self._appending
            self._appending = True
        if not job.leads:
            job.turn.wait()
        if job.leads:
            self._append_round()
        return job.outcome()

    def find_open(self, order_id: str) -> Order | None:
        """Returns an open order as it is in memory, where it may not be durable yet; None when there is none."""
        found = self._state.open.by_id.get(order_id)
        return None if found is None else found.order

    def rests(self, symbol: str) -> bool:
        """Returns true when an order of the symbol is open, as in memory."""
        return self._state.open.of_symbol(symbol) > 0

    def best(self, symbol: str, side: Side) -> Decimal | None:
        """Returns the best limit price of a symbol's open orders as in memory; None without any."""
        return self._state.open.ladder(symbol, side).best()

    def ask_checkpoint(self) -> None:
        """Asks that the next batch leaves a checkpoint."""
        self._wants_checkpoint = True

    def end(self, error: LedgerUnavailable) -> None:
        """Ends the reign: no work is done any more, and those that wait get the error."""
        with self._lock:
            self._ended = self._ended or error

    @property
    def ended(self) -> bool:
        """True when no work is done any more."""
        return self._ended is not None

    def _require_going_on(self) -> None:
        if self._ended is not None:
            raise self._ended

    def _append_round(self) -> None:
        """Makes the present round durable, and passes the lead on to the next one."""
        with self._lock:
            sealed = self._seal()
        timer = StageTimer(self._stages)
        error = self._ended
        try:
            if error is None:
                sealed = self._append(sealed)
        except LedgerUnavailable as failure:
            error = failure
        except BaseException as failure:
            log.exception("a batch could not be appended")
            error = LedgerUnavailable(f"{type(failure).__name__}")
        timer.end("append")
        self._stages.works.observe(len(sealed.jobs))
        self._pass_on(sealed, error)

    def _append(self, sealed: _Round) -> _Round:
        """Returns the round that became durable: the one given, or what its works did at a second try."""
        try:
            while known := self._appender.append(sealed.append()):
                with self._lock:
                    sealed = self._decide_again(self._undo(sealed), known)
        except Refused:
            log.exception("works that share a batch are refused together; each is done alone")
            with self._lock:
                sealed = self._do_alone(self._undo(sealed))
        return sealed

    def _pass_on(self, sealed: _Round, error: LedgerUnavailable | None) -> None:
        with self._lock:
            jobs = sealed.jobs
            if error is not None:
                self._ended = self._ended or error
                jobs = jobs + self._round.jobs
                self._round = _Round()
            elif sealed.view is not None:
                self.view, self.checkpoint = sealed.view, sealed.checkpoint or self.checkpoint
                self._state.forget_old_answers()
            following = self._round.jobs[0] if self._round.jobs else None
            self._appending = following is not None
            if following is not None:
                following.leads = True
        if error is not None:
            for job in jobs:
                job.fail(error)
            self._lost()
        else:
            self._committed(self.view)
        if following is not None:
            following.turn.set()
        for job in jobs:
            job.turn.set()

    def _seal(self) -> _Round:
        """Takes the present round, and begins the next one."""
        sealed, self._round = self._round, _Round()
        sealed.journal = self._state.journal.take()
        sealed.view = View.of(self._state)
        if self._wants_checkpoint:
            self._wants_checkpoint = False
            sealed.checkpoint = Checkpoint.of(self._state)
        return sealed

    def _undo(self, sealed: _Round) -> list[Job[Any]]:
        """Undoes what is not durable, and returns its works."""
        self._state.journal.roll_back()
        sealed.journal.roll_back()
        jobs, self._round = sealed.jobs + self._round.jobs, _Round()
        return jobs

    def _decide_again(self, jobs: list[Job[Any]], known: Sequence[str]) -> _Round:
        """Decides works again, now that some keys are known to be old, and seals them."""
        for key in known:
            order = self._first_answer(key)
            if order is not None:
                self._state.answers[key] = order
        self._decide(jobs)
        return self._seal()

    def _do_alone(self, jobs: list[Job[Any]]) -> _Round:
        """Makes each work durable on its own, so that the one at fault fails alone."""
        sealed = _Round(view=self.view)
        for job in jobs:
            self._decide([job])
            alone = self._seal()
            try:
                while known := self._appender.append(alone.append()):
                    alone = self._decide_again(self._undo(alone), known)
            except Refused as error:
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
