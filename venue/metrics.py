"""The venue's own figures for /metrics, read from its tally at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from venue.tally import Tally


class VenueCollector(Collector):
    """Makes the venue's metrics."""

    def __init__(self, tally: Tally, market_silence: Callable[[], float]) -> None:
        self._tally, self._market_silence = tally, market_silence

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        yield GaugeMetricFamily("venue_connections", "Sockets that are open", value=tally.connections)
        yield GaugeMetricFamily("venue_subscriptions", "Subscriptions of all open sockets", value=tally.subscriptions)
        yield GaugeMetricFamily(
            "venue_market_silence_seconds", "Since the market last moved", value=self._market_silence()
        )
        yield CounterMetricFamily("venue_connections_accepted", "Sockets that were opened", value=tally.accepted)
        yield CounterMetricFamily(
            "venue_closed_without_pong", "Sockets closed for want of a pong", value=tally.closed_without_pong
        )
        yield CounterMetricFamily("venue_frames_received", "Frames from clients", value=tally.frames_received)
        yield CounterMetricFamily("venue_frames_sent", "Frames to clients", value=tally.frames_sent)
        failures = CounterMetricFamily("venue_failures", "Exceptions that a loop survived, by part", labels=["part"])
        for part, count in tally.failures.items():
            failures.add_metric([part], count)
        yield failures


def install(registry: CollectorRegistry, tally: Tally, market_silence: Callable[[], float]) -> None:
    """Adds the venue's metrics to the app's registry; `market_silence` gives seconds since the market last moved."""
    registry.register(VenueCollector(tally, market_silence))
