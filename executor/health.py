"""The ledger's health as the matcher last met it, so that readiness need not wait for a database that hangs."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

SILENCE_SECONDS = 6.0


class LedgerHealth:
    """Remembers when the ledger answered last, and why it does not; `monotonic` is in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._trouble: str | None = "the ledger has not answered yet"
        self._answered_at = monotonic()

    def answered(self) -> None:
        """Notes that the ledger answered."""
        if self.trouble() is not None:
            log.info("the ledger is ready")
        self._trouble, self._answered_at = None, self._monotonic()

    def failed(self, reason: str) -> None:
        """Notes that the ledger did not answer; a new reason is logged."""
        if reason != self._trouble:
            log.warning("the ledger is not ready", extra={"reason": reason})
        self._trouble = reason

    def trouble(self) -> str | None:
        """Returns why the ledger is not ready; None when it answered lately."""
        silence = self._monotonic() - self._answered_at
        if self._trouble is None and silence > SILENCE_SECONDS:
            return f"the ledger has not answered for {silence:.0f} s"
        return self._trouble
