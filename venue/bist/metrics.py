"""The AlgoLab side's own figures for /metrics, read from its tally at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from venue.bist.server import AlgoLabServer


class AlgoLabCollector(Collector):
    """Makes the metrics."""

    def __init__(self, server: AlgoLabServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server, tally = self._server, self._server.tally
        yield GaugeMetricFamily("venue_algolab_connections", "Sockets that are open", value=tally.connections)
        yield GaugeMetricFamily(
            "venue_algolab_subscriptions", "Types and symbols that open sockets asked for", value=tally.subscriptions
        )
        yield GaugeMetricFamily(
            "venue_algolab_market_silence_seconds", "Since the exchange last moved", value=server.market_silence()
        )
        yield CounterMetricFamily("venue_algolab_frames_received", "Frames from clients", value=tally.frames_received)
        yield CounterMetricFamily("venue_algolab_frames_sent", "Frames to clients", value=tally.frames_sent)
        yield _by_label("venue_algolab_upgrades", "New sockets, by outcome", "outcome", tally.upgrades)
        yield _by_label("venue_algolab_closures", "Sockets hung up on, by reason", "reason", tally.closures)
        yield _by_label("venue_algolab_answers", "Answers to REST calls, by outcome", "outcome", tally.answers)
        yield _by_label("venue_algolab_faults", "Faults done on command", "fault", server.faults.done())
        yield _by_label("venue_algolab_failures", "Exceptions that a loop survived, by part", "part", tally.failures)


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in dict(counts).items():
        family.add_metric([value], count)
    return family


def install(registry: CollectorRegistry, server: AlgoLabServer) -> None:
    """Adds the metrics to the app's registry."""
    registry.register(AlgoLabCollector(server))
