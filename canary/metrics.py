"""The canary's metrics. The verdict is computed at each scrape, so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from canary.certificate import CertificateWatch
from canary.evidence import EvidenceStore
from canary.history.keeper import HistoryKeeper
from canary.history.store import HistoryFile
from canary.monitor import Monitor, MonitorStatus
from canary.observation import Observation, ProbeAnswer
from canary.restarts import restarts_of
from canary.verdict import VERDICTS
from common.ops import BUCKETS


class ProbeDurations:
    """The histogram of the probes' durations, in seconds, by target."""

    def __init__(self, targets: Iterable[str]) -> None:
        self.histogram = Histogram(
            "canary_probe_duration_seconds",
            "Duration of the canary's probes",
            ["target"],
            buckets=BUCKETS,
            registry=None,
        )
        for target in targets:
            self.histogram.labels(target)

    def observe(self, answer: ProbeAnswer) -> None:
        """Counts an answer's duration; an answer that never came has none."""
        if answer.outcome in ("answered", "timed_out", "too_large"):
            self.histogram.labels(answer.target).observe(answer.seconds)


class StatusCollector(Collector):
    """Makes metrics of the status at the moment of the scrape. A container that is gone leaves no series behind."""

    def __init__(self, monitor: Monitor, evidence: EvidenceStore, restart_budget: int) -> None:
        self._monitor = monitor
        self._evidence = evidence
        self._restart_budget = restart_budget

    def collect(self) -> Iterator[Metric]:
        """Yields every metric."""
        status = self._monitor.status()
        yield from _of_the_verdict(status)
        if status.seen:
            yield from _of_the_probes(status.seen)
            yield from _of_the_containers(status.seen)
        told = "Restarts that a container may have"
        yield GaugeMetricFamily("canary_restart_budget", told, value=self._restart_budget)
        packages = self._evidence.packages()
        yield GaugeMetricFamily("canary_evidence_packages", "Evidence packages in the folder", value=len(packages))
        size = sum(one.size for one in packages)
        yield GaugeMetricFamily("canary_evidence_bytes", "Size of all evidence packages together in bytes", value=size)
        pruned = self._evidence.pruned()
        yield CounterMetricFamily("canary_evidence_pruned", "Evidence packages removed to make room", value=pruned)


class CertificateCollector(Collector):
    """Tells how long the gateway's certificate lasts, at the moment of the scrape."""

    def __init__(self, certificate: CertificateWatch) -> None:
        self._certificate = certificate

    def collect(self) -> Iterator[Metric]:
        """Yields the time that is left; no sample before the certificate was read."""
        told = "Seconds until the certificate that the gateway serves ends; below zero after its end"
        family = GaugeMetricFamily("canary_certificate_remaining_seconds", told)
        remaining = self._certificate.remaining()
        if remaining is not None:
            family.add_metric([], remaining)
        yield family


class HistoryCollector(Collector):
    """Makes metrics of the history at the moment of the scrape, without a look into its file."""

    def __init__(self, keeper: HistoryKeeper, file: HistoryFile) -> None:
        self._keeper = keeper
        self._file = file

    def collect(self) -> Iterator[Metric]:
        """Yields every metric; no uptime before the first round that could tell."""
        changes, failures = self._keeper.verdict_changes, self._keeper.failures
        yield CounterMetricFamily(
            "canary_verdict_changes", "Changes of the verdict from one round to the next", changes
        )
        told = "Rounds that found the history's file damaged, or could not write it"
        yield CounterMetricFamily("canary_history_failures", told, failures)
        yield GaugeMetricFamily("canary_history_bytes", "Size of the history's file in bytes", self._file.size())
        told = "Rounds of this day (UTC) in which the service's checks and container were met, of those that saw it"
        family = GaugeMetricFamily("canary_uptime_ratio", told, labels=["target"])
        for service, ratio in self._keeper.uptime_today.items():
            family.add_metric([service], ratio)
        yield family


def install(
    registry: CollectorRegistry,
    durations: ProbeDurations,
    monitor: Monitor,
    evidence: EvidenceStore,
    restart_budget: int,
) -> None:
    """Adds the canary's metrics to the app's registry."""
    registry.register(durations.histogram)
    registry.register(StatusCollector(monitor, evidence, restart_budget))


def _of_the_verdict(status: MonitorStatus) -> Iterator[Metric]:
    verdict = GaugeMetricFamily("canary_verdict", "1 for the verdict of now, 0 for the other two", labels=["verdict"])
    for word in VERDICTS:
        verdict.add_metric([word], float(word == status.judgement.verdict))
    yield verdict
    p95, samples = status.judgement.p95_seconds, status.judgement.samples
    if p95 is not None:
        yield GaugeMetricFamily("canary_p95_seconds", "95th percentile of the latest probes' durations", value=p95)
    yield GaugeMetricFamily("canary_p95_samples", "Probes that the 95th percentile is computed from", value=samples)
    yield _time("canary_last_pass_timestamp_seconds", "Unix time of the last PASS; 0 for never", status.last_pass)
    checked_at = status.seen.checked_at if status.seen else None
    yield _time("canary_last_check_timestamp_seconds", "Unix time of the last round's end; 0 for never", checked_at)


def _of_the_probes(seen: Observation) -> Iterator[Metric]:
    success = GaugeMetricFamily(
        "canary_probe_success", "1 when all conditions of the check are met, else 0", labels=["target", "check"]
    )
    size = GaugeMetricFamily("canary_metrics_bytes", "Size of the target's /metrics in bytes", labels=["target"])
    for check in seen.checks:
        success.add_metric([check.target, check.check], float(check.ok))
        if check.kind == "metrics":
            size.add_metric([check.target], check.size)
    yield success
    yield size


def _of_the_containers(seen: Observation) -> Iterator[Metric]:
    restarts: dict[str, int] = {}
    judged: dict[str, int] = {}
    up: dict[str, bool] = {}
    healthy: dict[str, bool] = {}
    for container in seen.containers or ():
        restarts[container.service] = restarts.get(container.service, 0) + container.restart_count
        up[container.service] = up.get(container.service, True) and container.up
        healthy[container.service] = healthy.get(container.service, True) and container.health != "unhealthy"
    for one in restarts_of(seen):
        judged[one.service] = judged.get(one.service, 0) + one.since_baseline
    told = "Restarts of the compose service's containers since the restart baseline; all of them without a baseline"
    yield _per_service("canary_container_restarts_since_baseline", told, judged)
    yield _per_service(
        "canary_container_restarts", "Restarts of the compose service's containers, counted by the engine", restarts
    )
    yield _per_service(
        "canary_container_up", "1 when all containers of the compose service run, or ended as they should; else 0", up
    )
    yield _per_service(
        "canary_container_healthy", "0 when a container of the compose service fails its health check, else 1", healthy
    )


def _per_service(name: str, help_text: str, values: dict[str, int] | dict[str, bool]) -> Metric:
    """Returns one series per compose service. The label is not `service`: Prometheus gives that name to the canary."""
    family = GaugeMetricFamily(name, help_text, labels=["container"])
    for service, value in values.items():
        family.add_metric([service], float(value))
    return family


def _time(name: str, help_text: str, at: datetime | None) -> Metric:
    return GaugeMetricFamily(name, help_text, value=at.timestamp() if at else 0.0)
