"""What Prometheus learns from the canary. The verdict is computed when it is scraped, so that it can't be outdated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from canary.evidence import EvidenceStore
from canary.observation import Answer, Observation
from canary.settings import Target
from canary.verdict import VERDICTS
from canary.watch import Status, Watch
from common.ops import BUCKETS


class ProbeDurations:
    """Histogram of how long each target took to answer the canary, in seconds."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.histogram = Histogram(
            "canary_probe_duration_seconds",
            "Duration of the canary's requests",
            ["target"],
            buckets=BUCKETS,
            registry=None,
        )
        for target in targets:
            self.histogram.labels(target.name)

    def heard(self, answer: Answer) -> None:
        """Takes one answer's duration, unless there was none."""
        if answer.outcome in ("answered", "timed_out", "too_large"):
            self.histogram.labels(answer.target).observe(answer.seconds)


class StatusCollector(Collector):
    """Turns the status at the moment of the scrape into metrics; what is gone leaves no old series behind."""

    def __init__(self, watch: Watch, evidence: EvidenceStore) -> None:
        self._watch = watch
        self._evidence = evidence

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        status = self._watch.status()
        yield from _of_the_verdict(status)
        if status.seen:
            yield from _of_the_probes(status.seen)
            yield from _of_the_containers(status.seen)
        yield CounterMetricFamily(
            "canary_loop_errors", "Rounds of the canary that failed unexpectedly", value=self._watch.errors
        )
        packages = self._evidence.listed()
        yield GaugeMetricFamily("canary_evidence_packages", "Evidence packages in the folder", value=len(packages))
        size = sum(one.size for one in packages)
        yield GaugeMetricFamily("canary_evidence_bytes", "Size of all evidence packages together", value=size)
        pruned = self._evidence.pruned()
        yield CounterMetricFamily("canary_evidence_pruned", "Packages removed to keep within bounds", value=pruned)


def install(registry: CollectorRegistry, durations: ProbeDurations, watch: Watch, evidence: EvidenceStore) -> None:
    """Adds the canary's metrics to the app's registry."""
    registry.register(durations.histogram)
    registry.register(StatusCollector(watch, evidence))


def _of_the_verdict(status: Status) -> Iterator[Metric]:
    verdict = GaugeMetricFamily("canary_verdict", "1 for the present verdict", labels=["verdict"])
    for word in VERDICTS:
        verdict.add_metric([word], float(word == status.judgement.verdict))
    yield verdict
    if status.judgement.p95_seconds is not None:
        yield GaugeMetricFamily(
            "canary_p95_seconds", "p95 (nearest rank) of the canary's own requests", value=status.judgement.p95_seconds
        )
    yield GaugeMetricFamily("canary_p95_samples", "How many requests the p95 is over", value=status.judgement.samples)
    yield GaugeMetricFamily(
        "canary_last_pass_timestamp_seconds",
        "When the verdict was last PASS; 0 for never",
        value=_unix(status.last_pass),
    )
    yield GaugeMetricFamily(
        "canary_last_check_timestamp_seconds",
        "When the last round ended; 0 for never",
        value=_unix(status.seen.checked_at if status.seen else None),
    )


def _of_the_probes(seen: Observation) -> Iterator[Metric]:
    success = GaugeMetricFamily("canary_probe_success", "1 when a check's conditions hold", labels=["target", "check"])
    size = GaugeMetricFamily("canary_metrics_bytes", "Size of the target's /metrics", labels=["target"])
    for check in seen.checks:
        success.add_metric([check.target, check.check], float(check.ok))
        if check.check == "metrics":
            size.add_metric([check.target], check.size)
    yield success
    yield size


def _of_the_containers(seen: Observation) -> Iterator[Metric]:
    restarts: dict[str, int] = {}
    up: dict[str, bool] = {}
    for container in seen.containers or ():
        restarts[container.service] = restarts.get(container.service, 0) + container.restart_count
        up[container.service] = up.get(container.service, True) and container.up
    yield _per_service(
        "canary_container_restarts", "Restarts of a compose service's containers by the engine", restarts
    )
    yield _per_service("canary_container_up", "1 when all containers of a compose service do their work", up)


def _per_service(name: str, help_text: str, values: dict[str, int] | dict[str, bool]) -> Metric:
    """The label is not `service`: Prometheus gives that name to the target it scrapes, the canary itself."""
    family = GaugeMetricFamily(name, help_text, labels=["container"])
    for service, value in values.items():
        family.add_metric([service], float(value))
    return family


def _unix(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
