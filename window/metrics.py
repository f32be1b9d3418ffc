"""The window's metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

STATUSES = ("400", "404", "405", "422", "other")


class RefusalCounter:
    """Counts the calls that were refused, by status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refusals = Counter(
            "window_refusals_total",
            "Calls that the window refused, by HTTP status; the canary makes none of these",
            ["status"],
            registry=registry,
        )
        for status in STATUSES:
            self._refusals.labels(status=status)

    def count(self, status: int) -> None:
        """Counts one refusal."""
        self._refusals.labels(status=str(status) if str(status) in STATUSES else "other").inc()
