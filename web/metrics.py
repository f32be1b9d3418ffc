"""The console's metrics: counters of what happens, and gauges that are read from the state at each scrape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf

from prometheus_client import Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from common.sse import StreamSlots
from web.alerts.acts import unheeded
from web.alerts.alert import STATUSES
from web.alerts.heartbeat import seconds_unheard
from web.alerts.outside import Accepted
from web.cells import Cell
from web.state import ConsoleState

UNKNOWN = float("nan")
MOST_UNHEEDED = 50
"""So many series of unacknowledged alerts at most, those that wait longest."""


class ConsoleCounters:
    """Counts what happens. Each label value exists from the start, so that the first increase is seen.

    streams_refused: streams that were refused because all were taken.
    alerts_received: alerts that the inbox took, by status.
    alerts_dropped: alerts that the inbox dropped because it was full, by status.
    unreadable: rows of a panel, or values in one, that could not be drawn.
    upstream_errors: background requests to a service, to the inbox or to the outside, without a usable answer.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self.streams_refused = Counter(
            "web_streams_refused_total", "Streams that were refused because all were taken", registry=None
        )
        self.alerts_received = Counter(
            "web_alerts_received_total", "Alerts that the inbox took", ["status"], registry=None
        )
        self.alerts_dropped = Counter(
            "web_alerts_dropped_total", "Alerts that the full inbox dropped", ["status"], registry=None
        )
        self.unreadable = Counter(
            "web_unreadable_total", "Values that a panel could not draw, each time it was drawn", registry=None
        )
        self.upstream_errors = Counter(
            "web_upstream_errors_total", "Background requests without a usable answer", ["upstream"], registry=None
        )
        for status in STATUSES:
            self.alerts_received.labels(status)
            self.alerts_dropped.labels(status)
        for upstream in ("executor", "inbox", "outside", *services):
            self.upstream_errors.labels(upstream)

    def count_dropped(self, statuses: Sequence[str]) -> None:
        """Counts alerts that the full inbox dropped. One whose status can't be read counts as firing."""
        for status in statuses:
            self.alerts_dropped.labels(status if status in STATUSES else "firing").inc()


class Metrics(Collector):
    """Yields the counters, and gauges from the state."""

    def __init__(self, state: ConsoleState, counters: ConsoleCounters, streams: StreamSlots) -> None:
        self._state = state
        self._counters = counters
        self._streams = streams

    def collect(self) -> Iterable[Metric]:
        """Yields every metric of the console."""
        counters = self._counters
        told = (counters.alerts_received, counters.alerts_dropped, counters.unreadable, counters.upstream_errors)
        for counter in (counters.streams_refused, *told):
            yield from counter.collect()
        oldest = max((quote.age_seconds for quote in self._state.quotes.now()), default=UNKNOWN)
        yield GaugeMetricFamily("web_streams_open", "Browsers that are sent live changes", value=self._streams.open)
        yield GaugeMetricFamily("web_quote_age_seconds", "Age of the oldest quote shown; NaN without any", value=oldest)
        yield self._upstreams()
        yield from self._inbox()
        if self._state.outside is not None:
            yield self._outside(self._state.outside)

    def _upstreams(self) -> Metric:
        up = GaugeMetricFamily(
            "web_upstream_up", "1 when the service called itself ready when last asked, else 0", labels=["upstream"]
        )
        for name, cell in self._state.services.items():
            reading = cell.reading
            up.add_metric([name], float(reading.reason is None and reading.value is not None and reading.value.ready))
        return up

    def _inbox(self) -> Iterable[Metric]:
        """Yields the inbox's gauges. The heartbeat's age is absent before the inbox was read."""
        contents = self._state.inbox.reading.value
        alerts = GaugeMetricFamily(
            "web_inbox_alerts", "Alerts kept in the inbox; NaN before the first count", labels=["status"]
        )
        for status in STATUSES:
            alerts.add_metric([status], contents.counts[status] if contents else UNKNOWN)
        yield alerts
        yield GaugeMetricFamily(
            "web_inbox_unreadable_alerts",
            "Alerts among the shown ones that can't be read; NaN before the first look",
            value=contents.unreadable if contents else UNKNOWN,
        )
        now = self._state.clock.now()
        waiting = GaugeMetricFamily(
            "spark_alert_unacknowledged_seconds",
            "Seconds since a critical alert fired that nobody has acknowledged or silenced",
            labels=["alert", "alert_service"],
        )
        compared = self._state.comparison.reading.value
        # Before the first comparison that tells, the inbox may have what ended while nobody looked.
        told = contents.critical if contents and compared and compared.missing != "undecided" else ()
        for labels, seconds in unheeded(told, now)[:MOST_UNHEEDED]:
            waiting.add_metric(labels, seconds)
        yield waiting
        if contents is not None:
            yield self._compared(contents.confirmed_at)
        if contents is None:
            return
        age = seconds_unheard(contents.heartbeat_at or contents.awaited_since, now)
        if age is not None:
            words = "Seconds since an alert last proved the alert path, or since the first one is awaited"
            yield GaugeMetricFamily("web_alert_heartbeat_age_seconds", words, value=age)

    def _compared(self, at: datetime | None) -> Metric:
        age = inf if at is None else max(0.0, (self._state.clock.now() - at).total_seconds())
        told = "Seconds since the inbox was last compared with Alertmanager's list; infinite for never"
        return GaugeMetricFamily("web_alerts_compared_age_seconds", told, value=age)

    def _outside(self, cell: Cell[Accepted]) -> Metric:
        at = cell.reading.at
        age = inf if at is None else max(0.0, self._state.clock.monotonic() - at)
        told = "Seconds since a ping of the outside heartbeat was last accepted; infinite for never since the start"
        return GaugeMetricFamily("web_outside_heartbeat_age_seconds", told, value=age)
