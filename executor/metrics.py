"""The executor's counters and histograms, and the gauges of how far its limits are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.ops import BUCKETS
from common.wire import OrderStatus, Side
from executor.gauges import AccountGauges
from executor.guardrails import MEASURES, RULES, LimitUse
from executor.ledger import OrderChange
from executor.losses import LOSSES

NEAR_SHARE = Decimal("0.8")
STAGES = ("quote", "queue", "lock", "decide", "write", "commit")
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The executor's own metrics; every known label is there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        self.orders = Counter("executor_orders", "Orders that entered the status", ["status"], registry=registry)
        self.denials = Counter(
            "executor_denials", "Denials by guardrail; one order can have several", ["code"], registry=registry
        )
        self.near_limits = Counter(
            "executor_near_limits", "Times that 80 % of the limit or more was used", ["code"], registry=registry
        )
        self._limit_use = Gauge(
            "executor_limit_use_ratio", "Used part of the limit; 1 is all of it", ["code"], registry=registry
        )
        self.fills = Counter("executor_fills", "Paper fills", ["side"], registry=registry)
        self.duration = Histogram(
            "executor_order_duration_seconds",
            "Seconds from a readable request to the durable answer",
            buckets=BUCKETS,
            registry=registry,
        )
        self._stages = Histogram(
            "executor_order_stage_seconds",
            "Seconds that a stage of an order or of its transaction took",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._together = Histogram(
            "executor_commit_works",
            "Orders, cancels and other works that shared a commit",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.account = AccountGauges(registry, currencies, equity_currency)
        self.streams = StreamMetrics(registry)
        for counter, labels in self._known().items():
            for label in labels:
                counter.labels(label)
        self._uses = {code: self._limit_use.labels(code) for code in (*MEASURES, *LOSSES)}
        self._stage = {name: self._stages.labels(name) for name in STAGES}

    def _known(self) -> Mapping[Counter | Gauge | Histogram, Sequence[str]]:
        return {
            self.orders: get_args(OrderStatus),
            self.denials: tuple(RULES),
            self.near_limits: (*MEASURES, *LOSSES),
            self._limit_use: (*MEASURES, *LOSSES),
            self.fills: get_args(Side),
            self._stages: STAGES,
        }

    def stage(self, name: str, seconds: float) -> None:
        """Counts the seconds of a stage: quote and queue are stages of an order, the others of a transaction."""
        self._stage[name].observe(seconds)

    def together(self, works: int) -> None:
        """Counts how many works share a transaction."""
        self._together.observe(works)

    def count(self, changes: Iterable[OrderChange]) -> None:
        """Counts the changes of a committed transaction."""
        for before, after, _ in changes:
            if before is None or before.status != after.status:
                self.orders.labels(after.status).inc()
            if after.status == "denied":
                for denial in after.denials:
                    self.denials.labels(denial.code).inc()
            if before is not None and len(after.fills) > len(before.fills):
                self.fills.labels(after.side).inc()

    def show_shares(self, shares: Mapping[str, Decimal]) -> list[str]:
        """Shows the used part of each limit; returns the codes of the limits that are nearly used up."""
        for code, share in shares.items():
            self._uses[code].set(float(share))
        return [code for code, share in shares.items() if share >= NEAR_SHARE]

    def note_uses(self, uses: Mapping[str, LimitUse]) -> list[str]:
        """Shows and counts how far an accepted order uses each limit; returns the codes that are nearly used up."""
        near = self.show_shares({code: use.share for code, use in uses.items()})
        for code in near:
            self.near_limits.labels(code).inc()
        return near


class StreamMetrics:
    """The metrics of the order streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge("executor_order_streams", "Order streams that are open", registry=registry)
        self.refused = Counter(
            "executor_order_streams_refused",
            "Order streams that were refused because all were taken",
            registry=registry,
        )
        self.lag = Histogram(
            "executor_stream_lag_seconds",
            "Seconds from the record of an order's change to its event on the streams",
            buckets=BUCKETS,
            registry=registry,
        )
