"""What the console exports about itself, beside what every service exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from web.messages import STATUSES, Status


class HeartbeatAge(Collector):
    """A gauge that is absent, not NaN, before the first heartbeat: a rule can ask for `absent()`."""

    def __init__(self, age: Callable[[], float | None]) -> None:
        self._age = age

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily("web_alert_heartbeat_age_seconds", "Time since an alert last proved the alert path")]

    def collect(self) -> Iterable[Metric]:
        age = self._age()
        if age is None:
            return
        for family in self.describe():
            family.add_sample(family.name, {}, age)
            yield family


class Metrics:
    """The console's own metrics; every child exists from the start, so that a first increase is seen."""

    def __init__(self, registry: CollectorRegistry, services: Iterable[str]) -> None:
        self._registry = registry
        self._streams = Gauge("web_streams_open", "Browsers that are sent live changes", registry=registry)
        self._refused = Counter(
            "web_streams_refused_total", "Streams refused because the cap was reached", registry=registry
        )
        self._alerts = Counter(
            "web_alerts_received_total", "Alerts taken into the inbox", ["status"], registry=registry
        )
        self._errors = Counter(
            "web_upstream_errors_total", "Requests that got no usable answer", ["upstream"], registry=registry
        )
        self._up = Gauge(
            "web_upstream_up", "1 when the service called itself ready when last asked", ["upstream"], registry=registry
        )
        self._kept = Gauge("web_inbox_alerts", "Alerts kept in the inbox", ["status"], registry=registry)
        self._age = Gauge(
            "web_quote_age_seconds", "Age of the oldest quote on the page; NaN without any", registry=registry
        )
        for status in STATUSES:
            self._alerts.labels(status)
        for service in services:
            self._errors.labels(service)
            self._up.labels(service)
        for asked in ("executor", "inbox"):
            self._errors.labels(asked)

    def alert_received(self, status: Status) -> None:
        self._alerts.labels(status).inc()

    def upstream_failed(self, upstream: str) -> None:
        self._errors.labels(upstream).inc()

    def upstream_up(self, upstream: str, *, up: bool) -> None:
        self._up.labels(upstream).set(up)

    def stream_opened(self) -> None:
        self._streams.inc()

    def stream_closed(self) -> None:
        self._streams.dec()

    def stream_refused(self) -> None:
        self._refused.inc()

    def watch(
        self,
        oldest_quote: Callable[[], float],
        kept: Callable[[Status], float],
        heartbeat_age: Callable[[], float | None],
    ) -> None:
        """Reads these at scrape time."""
        self._age.set_function(oldest_quote)
        self._registry.register(HeartbeatAge(heartbeat_age))
        for status in STATUSES:
            self._kept.labels(status).set_function(partial(kept, status))
