"""This executor's part in writing the account: it writes it, or it knows which executor does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from decimal import localcontext
from typing import TypeVar

import sqlalchemy as sa

from common.wire import Order
from executor.errors import LedgerUnavailable, NotWriting
from executor.guardrails import Limits
from executor.guardrails.controls import Controls
from executor.guardrails.limits import overlaid
from executor.ledger import rows
from executor.ledger.append import Appender, Fenced
from executor.ledger.engine import reading
from executor.ledger.events import GENESIS
from executor.ledger.lease import Holder, Lease
from executor.orders import PRECISION
from executor.steady import SteadyClock
from executor.timing import StageMetrics
from executor.writer.checkpoint import Checkpointer
from executor.writer.load import load
from executor.writer.recent import Past
from executor.writer.reign import Reign, Told
from executor.writer.state import Loaded, State

log = logging.getLogger(__name__)

T = TypeVar("T")

BEAT_SECONDS = 0.5
STANDBY_SECONDS = 0.1
LOADED_TOGETHER = 200
CHECKPOINT_EVENTS = 2_000
"""Events after which a checkpoint is written: so many at the most has a new writer to read."""

Opening = Callable[[Reign, Callable[[], None]], None]
"""Opens a new account under its first reign, and then calls the function that writes its first checkpoint."""


class Writer:
    """Takes the lease where it is free, and writes the account for as long as it has it.

    holder: the executor that has the lease, when it is another one; None while that is not known.
    away: why the database does not answer; None while it does.
    """

    def __init__(
        self,
        engine: sa.Engine,
        lease: Lease,
        clock: SteadyClock,
        opening: Opening,
        stages: StageMetrics,
        told: Told,
        limits: Limits,
    ) -> None:
        """`limits` are those of the settings."""
        self.holder: Holder | None = None
        self.away: str | None = None
        self._engine, self._account, self._lease, self._clock = engine, lease.account, lease, clock
        self._opening, self._stages, self._told, self._limits = opening, stages, told, limits
        self._remembered = 0.0
        self._stepping = threading.Lock()
        self._reign: Reign | None = None
        self._appender: Appender | None = None
        self._checkpointer: Checkpointer | None = None
        self._epoch, self._beat_at, self._checkpointed = 0, 0.0, 0
        self._later = ThreadPoolExecutor(1, thread_name_prefix="append").submit

    @property
    def reign(self) -> Reign | None:
        """The present reign; None when another executor writes, or when it is not sure that this one still does."""
        reign = self._reign
        if reign is None or reign.ended or time.monotonic() - self._beat_at > self._lease.hung_after:
            return None
        return reign

    def step(self) -> float:
        """Keeps the lease or tries to take it; returns the seconds until the next step. Raises `LedgerUnavailable`."""
        with self._stepping:
            return self._step()

    def _step(self) -> float:
        try:
            if not self._goes_on():
                self._stand_by()
        except NotWriting as error:
            self._leave(error)
        except LedgerUnavailable as error:
            self._leave(error)
            self.away = error.reason
            raise
        self.away = None
        return BEAT_SECONDS if self._reign is not None and not self._reign.ended else STANDBY_SECONDS

    def stop(self) -> None:
        """Ends the reign and gives the lease up, so that another executor takes it at once."""
        with self._stepping:
            reign = self.reign
            if reign is not None:
                with suppress(LedgerUnavailable):
                    self._checkpoint(reign)
            self._leave(NotWriting("this executor stops"))
            self._lease.give_up()

    def _checkpoint(self, reign: Reign) -> None:
        reign.ask_checkpoint()
        reign.do(lambda _: None)
        if reign.checkpoint is not None and self._checkpointer is not None:
            self._checkpointer.write(reign.checkpoint)
            self._checkpointed = reign.checkpoint.view.sequence

    def _goes_on(self) -> bool:
        """Keeps the lease; false when there is none, or when it is lost. A lost one may be free at once."""
        reign = self._reign
        if reign is None or reign.ended:
            return False
        try:
            self._beat(reign)
        except LedgerUnavailable as error:
            self._leave(error)
            return False
        return True

    def begin_anew(self, reason: str) -> None:
        """Loads the account again, under a new epoch. Those that wait are told the `reason`, and ask again."""
        with self._stepping:
            self._leave(NotWriting(reason))
            self._step()

    def remember(self, seconds: float) -> None:
        """Makes sure that orders which ask for the same are known for so many seconds, from now on."""
        if self._remembered < seconds:
            self._remembered = seconds
            self.begin_anew("more of the past is looked up")

    def _remember(self, controls: Controls) -> float:
        """Returns the seconds in which duplicates are looked for, and notes them."""
        self._remembered = max(self._remembered, overlaid(self._limits, controls.limits).duplicate_seconds)
        return self._remembered

    def _beat(self, reign: Reign) -> None:
        """Proves by an empty work that works get done, and writes a checkpoint when one is due."""
        begun = time.monotonic()
        reign.do(lambda _: None)
        if not self._lease.beat(self._epoch):
            raise Fenced("another executor has taken the account")
        self._beat_at = begun
        if reign.view.sequence - self._checkpointed >= CHECKPOINT_EVENTS:
            self._checkpoint(reign)

    def _stand_by(self) -> None:
        begun = time.monotonic()
        found = self._lease.take()
        if not isinstance(found, int):
            self.holder = found
            return
        self._beat_at, self.holder = begun, None
        self._begin(found)

    def _begin(self, epoch: int) -> None:
        with localcontext(prec=PRECISION), reading(self._engine) as connection:
            loaded = load(connection, self._account, self._clock.now(), self._remember)
            if loaded is not None and loaded.recorded_at is not None:
                self._clock.times.not_before(loaded.recorded_at)
            new = loaded is None
            none = Past(remembered=self._remember(Controls()))
            found = loaded or Loaded(self._account, 0, GENESIS, Controls(), {}, past=none)
            orders = self._beating(found.open_orders, epoch)
            state = State(replace(found, open_orders=orders), self._clock.monotonic())
        self._close()
        self._epoch, self._checkpointed = epoch, found.sequence
        self._appender = Appender(self._engine, self._account, epoch)
        self._checkpointer = Checkpointer(self._engine, self._account, epoch)
        reign = Reign(state, self._appender, self._clock, self._first_answer, self._stages, self._told, self._later)
        if new:
            self._opening(reign, lambda: self._checkpoint(reign))
        self._reign = reign
        log.info("this executor writes the account", extra={"epoch": epoch, "sequence": reign.view.sequence})

    def _beating(self, orders: Iterable[T], epoch: int) -> Iterator[T]:
        """Yields the orders, and sends heartbeats meanwhile: with very many of them it takes seconds."""
        for number, order in enumerate(orders):
            if number % LOADED_TOGETHER == 0 and time.monotonic() - self._beat_at > BEAT_SECONDS:
                begun = time.monotonic()
                if not self._lease.beat(epoch):
                    raise Fenced("another executor has taken the account")
                self._beat_at = begun
            yield order

    def _first_answer(self, key: str) -> Order | None:
        with localcontext(prec=PRECISION), reading(self._engine) as connection:
            return rows.first_answer(connection, self._account, key)

    def _leave(self, error: LedgerUnavailable) -> None:
        if self._reign is not None:
            self._reign.end(error)
            self._reign = None
        self._close()

    def _close(self) -> None:
        for part in (self._appender, self._checkpointer):
            if part is not None:
                part.close()
        self._appender = self._checkpointer = None
