"""Keeps or takes the right to write the account, and notes whether the ledger answers."""

from __future__ import annotations

from collections.abc import Callable

from executor.errors import LedgerUnavailable
from executor.gauges import AccountGauges
from executor.health import LedgerHealth
from executor.store import Ledger

RETRY_SECONDS = 1.0


class Leading:
    """The step of the loop `writer`."""

    def __init__(self, ledger: Ledger, health: LedgerHealth, gauges: AccountGauges, taken: Callable[[], None]) -> None:
        """`taken` is called when this executor begins to write the account."""
        self._ledger, self._health, self._gauges, self._taken = ledger, health, gauges, taken
        self._writes = False

    def step(self) -> float:
        """Looks at the lease once; returns the seconds to pause. A ledger that is away is noted, not raised."""
        try:
            pause = self._ledger.step()
        except LedgerUnavailable as error:
            self._health.failed(error.message)
            self._gauges.ledger_failed()
            self._writes = False
            return RETRY_SECONDS
        before, self._writes = self._writes, self._ledger.writer.reign is not None
        self._health.answered()
        self._gauges.ledger_answered(writes=self._writes)
        if self._writes and not before:
            self._taken()
        return pause
