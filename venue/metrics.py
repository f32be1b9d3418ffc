"""The venue's own figures for /metrics, read from its tally at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from venue.server import VenueServer


class VenueCollector(Collector):
    """Makes the venue's metrics."""

    def __init__(self, server: VenueServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server = self._server
        tally = server.tally
        yield GaugeMetricFamily("venue_connections", "Sockets that are open", value=tally.connections)
        yield GaugeMetricFamily("venue_subscriptions", "Subscriptions of all open sockets", value=tally.subscriptions)
        yield GaugeMetricFamily(
            "venue_market_silence_seconds", "Since the market last moved", value=server.market_silence()
        )
        yield CounterMetricFamily("venue_connections_accepted", "Sockets that were opened", value=tally.accepted)
        yield CounterMetricFamily(
            "venue_closed_without_pong", "Sockets closed for want of a pong", value=tally.closed_without_pong
        )
        yield CounterMetricFamily("venue_frames_received", "Frames from clients", value=tally.frames_received)
        yield CounterMetricFamily("venue_frames_sent", "Frames to clients", value=tally.frames_sent)
        yield _by_label(
            "venue_upgrades_refused", "New sockets that were refused, by why", "reason", dict(tally.refused)
        )
        yield _by_label(
            "venue_requests_limited",
            "Requests beyond a limit, by endpoint; dial is new sockets",
            "endpoint",
            dict(server.limits.refused),
        )
        yield _by_label("venue_faults", "Faults done on command", "fault", server.faults.done())
        yield _by_label("venue_failures", "Exceptions that a loop survived, by part", "part", dict(tally.failures))


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def install(registry: CollectorRegistry, server: VenueServer) -> None:
    """Adds the venue's metrics to the app's registry."""
    registry.register(VenueCollector(server))
