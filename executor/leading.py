"""Keeps or takes the right to write the account, and notes whether the ledger answers."""

from __future__ import annotations

from executor.errors import LedgerUnavailable
from executor.gauges import AccountGauges
from executor.health import LedgerHealth
from executor.store import Ledger

RETRY_SECONDS = 1.0


class Leading:
    """The step of the loop `writer`."""

    def __init__(self, ledger: Ledger, health: LedgerHealth, gauges: AccountGauges) -> None:
        self._ledger, self._health, self._gauges = ledger, health, gauges

    def step(self) -> float:
        """Looks at the lease once; returns the seconds to pause. A ledger that is away is noted, not raised."""
        try:
            pause = self._ledger.step()
        except LedgerUnavailable as error:
            self._health.failed(error.message)
            self._gauges.ledger_failed()
            return RETRY_SECONDS
        self._health.answered()
        self._gauges.ledger_answered(writes=self._ledger.writer.reign is not None)
        return pause
