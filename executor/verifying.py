"""Verifies the ledger in the background, where this executor writes: what is new, and all of it once a day."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal, get_args

from executor.errors import LedgerUnavailable
from executor.ledger.compare import LedgerFault
from executor.ledger.walk import AccountProof, Walk
from executor.store import Ledger

log = logging.getLogger(__name__)

Look = Literal["new", "whole"]
"""A look at what has come since the look before, or at the whole ledger from its first event on."""
LOOKS: tuple[Look, ...] = get_args(Look)

EVENTS_TOGETHER = 200
"""Events that are proved in one step: few enough that no order waits for the step."""
SHARE = 0.005
"""The part of a processor that the steps take; the database needs about a quarter of that for them."""
NEW_SECONDS, WHOLE_SECONDS = 30.0, 86_400.0
"""Seconds from the end of a look to the begin of the next one of its kind."""
FAULT_SECONDS = 60.0
"""Seconds after a bad row until all is proved from the beginning."""
STANDBY_SECONDS = 5.0


class LedgerVerification:
    """The step of the loop `verification`. It reads, in short transactions on connections that are not the writer's.

    A new process proves the whole ledger first; from then on it knows how to go on with what is new. What is proved
    stays so while another executor writes.

    sequence: the sequence of the account's latest event that is proved.
    failed: true from a bad row on, until the whole ledger is proved.
    """

    def __init__(
        self, ledger: Ledger, monotonic: Callable[[], float], spent: Callable[[], float] = time.thread_time
    ) -> None:
        """`monotonic` is in seconds; `spent` gives the processor time of this thread in seconds."""
        self.sequence, self.failed = 0, False
        self._ledger, self._monotonic, self._spent = ledger, monotonic, spent
        self._new: Walk | None = None
        self._whole: Walk | None = None
        self._fault = ""
        self._due: dict[Look, float] = {"new": monotonic(), "whole": monotonic()}
        self._finished: dict[Look, float] = {**self._due}

    def age(self, look: Look) -> float:
        """Returns the seconds since a look of this kind was finished, or since this executor began to write."""
        return self._monotonic() - self._finished[look]

    def step(self) -> float:
        """Proves some events; returns the seconds to pause. A bad row or a ledger that is away is noted, not raised."""
        if self._ledger.writer.reign is None:
            self._finished = dict.fromkeys(self._finished, self._monotonic())
            return STANDBY_SECONDS
        begun = self._spent()
        try:
            pause = self._look()
        except LedgerUnavailable as error:
            log.debug("nothing is verified", extra={"reason": error.reason})
            pause = STANDBY_SECONDS
        except LedgerFault as fault:
            pause = self._note(str(fault))
        return max(pause, (self._spent() - begun) / SHARE)

    def _look(self) -> float:
        now = self._monotonic()
        if self._new is not None and now >= self._due["new"]:
            self._new, ended = self._proved(self._new)
            if ended:
                self._finish("new", NEW_SECONDS)
        elif self._whole is not None or now >= self._due["whole"]:
            walk, ended = self._proved(self._whole or Walk(AccountProof(self._ledger.account_name)))
            self._whole = None if ended else walk
            if ended:
                self._new, self.failed, self._fault = walk, False, ""
                self._finish("new", NEW_SECONDS)
                self._finish("whole", WHOLE_SECONDS)
        self.sequence = max((walk.proof.events for walk in (self._new, self._whole) if walk), default=0)
        return 0.0 if self._whole is not None else max(0.0, min(self._due.values()) - now)

    def _proved(self, walk: Walk) -> tuple[Walk, bool]:
        """Returns the walk after some more events, and true when it has come to the latest one."""
        further = walk.copy()
        return further, self._ledger.prove(further, EVENTS_TOGETHER)

    def _finish(self, look: Look, pause: float) -> None:
        self._finished[look] = self._monotonic()
        self._due[look] = self._finished[look] + pause

    def _note(self, fault: str) -> float:
        """Notes a bad row, and has all proved anew: it may have been put right, and nothing after it is proved."""
        if fault != self._fault:
            log.error("the ledger is not as its events say", extra={"fault": fault})
        self.failed, self._fault, self._new, self._whole = True, fault, None, None
        self._due["whole"] = self._monotonic() + FAULT_SECONDS
        return FAULT_SECONDS
