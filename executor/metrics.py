"""The executor's counters and histograms, and the gauges of how far its limits are used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from common.ops import BUCKETS
from common.wire import OrderStatus, Side
from executor.gauges import AccountGauges
from executor.guardrails import MEASURES, RULES, LimitUse
from executor.ledger.replay import OrderChange
from executor.ledger.rows import LedgerAges
from executor.losses import LOSSES
from executor.steady import SteadyTime
from executor.timing import StageMetrics

NEAR_SHARE = Decimal("0.8")


class Metrics:
    """The executor's own metrics; every known label is there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        self.orders = Counter("executor_orders", "Orders that entered the status", ["status"], registry=registry)
        self._entered = {status: self.orders.labels(status) for status in get_args(OrderStatus)}
        self.denials = Counter(
            "executor_denials", "Denials by guardrail; one order can have several", ["code"], registry=registry
        )
        self.near_limits = Counter(
            "executor_near_limits", "Times that 80 % of the limit or more was used", ["code"], registry=registry
        )
        self.judgements = Counter(
            "executor_loss_judgements", "Times that losses were judged because a price moved", registry=registry
        )
        self.fills = Counter("executor_fills", "Paper fills", ["side"], registry=registry)
        self.duration = Histogram(
            "executor_order_duration_seconds",
            "Seconds from a readable request to the durable answer",
            buckets=BUCKETS,
            registry=registry,
        )
        self.account = AccountGauges(registry, currencies, equity_currency)
        help_text, of_writer = "Used part of the limit; 1 is all of it", self.account.of_writer
        use = Gauge("executor_limit_use_ratio", help_text, ["code"], registry=of_writer)
        self.streams = StreamMetrics(registry)
        self.stages = StageMetrics(registry)
        self.clock = ClockMetrics(registry)
        self.database = DatabaseInfo(registry)
        self.connections = ConnectionMetrics(registry)
        self.verification = VerificationMetrics(of_writer)
        self.ages = AgeMetrics(of_writer)
        self._uses = {code: use.labels(code) for code in (*MEASURES, *LOSSES)}
        self._latest: dict[str, LimitUse] = {}
        for code in MEASURES:
            self._uses[code].set_function(partial(self._latest_share, code))
        for counter, labels in (
            (self.denials, RULES),
            (self.near_limits, self._uses),
            (self.fills, get_args(Side)),
        ):
            for label in labels:
                counter.labels(label)

    def count(self, changes: Iterable[OrderChange]) -> None:
        """Counts the changes of a committed transaction."""
        for before, after, _ in changes:
            if before is None or before.status != after.status:
                self._entered[after.status].inc()
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
        self._latest.update(uses)
        near = [code for code, (value, limit) in uses.items() if value and value >= limit * NEAR_SHARE]
        for code in near:
            self.near_limits.labels(code).inc()
        return near

    def _latest_share(self, code: str) -> float:
        use = self._latest.get(code)
        return 0.0 if use is None else float(use.share)


class ClockMetrics:
    """The metrics of the wall clock, as the ledger's time follows it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._off = Gauge(
            "executor_clock_off_seconds",
            "Seconds that the wall clock is ahead of the ledger's time after a jump that is not followed yet, else 0",
            registry=registry,
        )
        self._jumps = Counter("executor_clock_jumps", "Jumps of the wall clock that were seen", registry=registry)

    def follow(self, times: SteadyTime) -> None:
        """Shows a ledger's time."""
        self._off.set_function(times.look)
        times.stepped = self._jumps.inc


class DatabaseInfo(Collector):
    """The version of PostgreSQL, as the server itself gives it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._version: Callable[[], str | None] = lambda: None
        registry.register(self)

    def follow(self, version: Callable[[], str | None]) -> None:
        """Shows the version that `version` returns; None before the first connection."""
        self._version = version

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yields the version as a label; no sample before the first connection."""
        told = "Always 1; its label is the version that PostgreSQL gave at the latest connection"
        family = GaugeMetricFamily("executor_database_info", told, labels=["version"])
        version = self._version()
        if version is not None:
            family.add_metric([version], 1)
        return (family,)


class ConnectionMetrics:
    """The metrics of the connections to the database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._used = Gauge(
            "executor_database_connections_used", "Connections to the database that are lent now", registry=registry
        )
        self._limit = Gauge(
            "executor_database_connections_limit",
            "Connections to the database that may be lent at a time",
            registry=registry,
        )

    def follow(self, used: Callable[[], int], most: int) -> None:
        """Shows what `used` returns at each scrape, and the most that can be lent."""
        self._used.set_function(used)
        self._limit.set(most)


class VerificationMetrics:
    """The metrics of the ledger's verification in the background, which only the executor that writes shows."""

    def __init__(self, of_writer: CollectorRegistry) -> None:
        gauge = partial(Gauge, registry=of_writer)
        self._sequence = gauge(
            "executor_ledger_verified_sequence", "Sequence of the account's latest event that is proved"
        )
        self._failed = gauge(
            "executor_ledger_verify_failed", "1 from a bad row on, until the whole ledger is proved; else 0"
        )
        self._age = gauge(
            "executor_ledger_verify_age_seconds",
            "Seconds since a look at what is new, or at the whole ledger, was finished, or since this executor writes",
            ["look"],
        )

    def follow(
        self, sequence: Callable[[], int], failed: Callable[[], bool], ages: Mapping[str, Callable[[], float]]
    ) -> None:
        """Shows what these return at each scrape; `ages` are by the kind of look."""
        self._sequence.set_function(sequence)
        self._failed.set_function(failed)
        for look, age in ages.items():
            self._age.labels(look).set_function(age)


class AgeMetrics(Collector):
    """The ages of the ledger and of its latest backup, which only the executor that writes shows."""

    def __init__(self, of_writer: CollectorRegistry) -> None:
        self._ages: Callable[[], LedgerAges] = lambda: LedgerAges(None, None)
        of_writer.register(self)

    def follow(self, ages: Callable[[], LedgerAges]) -> None:
        """Shows what `ages` returns at each scrape."""
        self._ages = ages

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yields the ages that are known."""
        ages = self._ages()
        told = "Seconds since the latest backup was finished; not there when none is known"
        backup = GaugeMetricFamily("executor_backup_age_seconds", told)
        ledger = GaugeMetricFamily("executor_ledger_age_seconds", "Seconds since the account's first event")
        for family, age in ((backup, ages.backup), (ledger, ages.ledger)):
            if age is not None:
                family.add_metric([], age)
        return (backup, ledger)


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
