"""Looks for backups of the ledger, where this executor writes the account."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from executor.errors import LedgerUnavailable
from executor.ledger.rows import LedgerAges
from executor.store import Ledger

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
RETRY_SECONDS = 5.0


class _Seen(NamedTuple):
    """The ages as they were seen.

    at: when, in seconds of the monotonic clock.
    ages: the ages then.
    """

    at: float
    ages: LedgerAges


class BackupWatch:
    """The step of the loop `backups`. Between two looks the ages grow by themselves."""

    def __init__(self, ledger: Ledger, monotonic: Callable[[], float]) -> None:
        """`monotonic` is in seconds."""
        self._ledger, self._monotonic = ledger, monotonic
        self._seen: _Seen | None = None

    def ages(self) -> LedgerAges:
        """Returns the ages now, in seconds; None for what is not known."""
        seen = self._seen
        if seen is None:
            return LedgerAges(None, None)
        passed = self._monotonic() - seen.at
        return LedgerAges(*(None if age is None else age + passed for age in seen.ages))

    def step(self) -> float:
        """Looks once; returns the seconds to pause. A ledger that is away is noted, not raised."""
        if self._ledger.writer.reign is None:
            self._seen = None
            return RETRY_SECONDS
        try:
            self._seen = _Seen(self._monotonic(), self._ledger.ages())
        except LedgerUnavailable as error:
            log.debug("no backup is looked for", extra={"reason": error.reason})
            return RETRY_SECONDS
        return LOOK_SECONDS
