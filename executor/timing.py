"""The duration of the stages of orders and batches, and how many works share a batch."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Histogram

STAGES = ("quote", "queue", "decide", "append")
"""The last one is a stage of a batch, the others of an order."""
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class StageMetrics:
    """The histograms of stages.

    stages: the seconds that each stage took, by its name.
    works: how many works share a transaction.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        seconds = Histogram(
            "executor_order_stage_seconds",
            "Seconds that a stage of an order or of its batch took",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.stages = {name: seconds.labels(name) for name in STAGES}
        self.works = Histogram(
            "executor_commit_works",
            "Orders, cancels and other works that shared a commit",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )


class StageTimer:
    """Times one stage after the other, without a gap."""

    def __init__(self, metrics: StageMetrics) -> None:
        self._metrics, self._since = metrics, time.perf_counter()

    def end(self, name: str) -> None:
        """Ends the stage that went on until now, and begins the next one."""
        now = time.perf_counter()
        self._metrics.stages[name].observe(now - self._since)
        self._since = now
