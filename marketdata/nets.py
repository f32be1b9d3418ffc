"""Safety nets find or mend a fault of a feed that nothing else would. A net that can't work is told, not hidden."""

from __future__ import annotations

from dataclasses import dataclass

FAILURES_ALLOWED = 2
"""A net is torn by one failure more in a row: a single call may fail on any day."""


@dataclass
class SafetyNet:
    """One net of a venue, such as the audit of its books. One thread tells how it went, any thread reads.

    name: names it in answers and metrics.
    successes, failures: times that it worked, and that it could not, since the start.
    in_a_row: failures since it last worked.
    reason: why it could not work the last time; empty once it worked again.
    """

    name: str
    successes: int = 0
    failures: int = 0
    in_a_row: int = 0
    reason: str = ""

    def worked(self) -> None:
        """Notes that it did its work."""
        self.successes += 1
        self.in_a_row, self.reason = 0, ""

    def failed(self, reason: str) -> None:
        """Notes that it could not do its work."""
        self.failures += 1
        self.in_a_row, self.reason = self.in_a_row + 1, reason

    @property
    def torn(self) -> bool:
        """True when it failed too often in a row: a fault would not be found now."""
        return self.in_a_row > FAILURES_ALLOWED

    def trouble(self) -> str | None:
        """Returns why it does not work, or None."""
        return f"{self.name} failed {self.in_a_row} times in a row: {self.reason}" if self.torn else None

    def row(self) -> dict[str, object]:
        """Returns its row in /v1/feeds."""
        return {"net": self.name, "works": not self.torn, "failures_in_a_row": self.in_a_row, "reason": self.reason}
