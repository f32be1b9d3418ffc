"""The venues' own metrics, read at each scrape from the counts that their servers keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from venue.algolab.server import AlgoLabServer
from venue.btcturk.server import BtcturkServer

Servers = Mapping[str, BtcturkServer | AlgoLabServer]
"""The server of each venue, by its label."""


class ServerCollector(Collector):
    """Makes the metrics of all venues; the venue is a label."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def collect(self) -> Iterator[Metric]:
        """Yields every metric with its present values."""
        yield from self._gauges()
        yield from self._counts()

    def _gauges(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily("venue_connections", "Sockets that are open now", labels=["venue"])
        subscriptions = GaugeMetricFamily(
            "venue_subscriptions", "Subscriptions of all sockets that are open now", labels=["venue"]
        )
        silence = GaugeMetricFamily(
            "venue_market_silence_seconds", "Seconds since the last step of the venue's market", labels=["venue"]
        )
        for venue, server in self._servers.items():
            connections.add_metric([venue], server.counters.connections)
            subscriptions.add_metric([venue], server.counters.subscriptions)
            silence.add_metric([venue], server.market_silence())
        yield from (connections, subscriptions, silence)

    def _counts(self) -> Iterator[Metric]:
        received = CounterMetricFamily("venue_frames_received", "Frames from clients", labels=["venue"])
        sent = CounterMetricFamily("venue_frames_sent", "Frames to clients", labels=["venue"])
        upgrades = CounterMetricFamily(
            "venue_upgrades", "Requests for a new socket, by outcome", labels=["venue", "outcome"]
        )
        closures = CounterMetricFamily(
            "venue_closures",
            "Sockets that the venue ended because the client broke a rule, by reason",
            labels=["venue", "reason"],
        )
        answers = CounterMetricFamily(
            "venue_answers", "Answers to AlgoLab's REST calls, by outcome", labels=["venue", "outcome"]
        )
        limited = CounterMetricFamily(
            "venue_requests_limited",
            "Requests over BTCTurk's limits, by endpoint; dial is new sockets",
            labels=["venue", "endpoint"],
        )
        faults = CounterMetricFamily("venue_faults", "Faults done on command", labels=["venue", "fault"])
        failures = CounterMetricFamily(
            "venue_failures",
            "Exceptions that the venue survived, by the part that raised them",
            labels=["venue", "part"],
        )
        for venue, server in self._servers.items():
            counters = server.counters
            received.add_metric([venue], counters.frames_received)
            sent.add_metric([venue], counters.frames_sent)
            _add(upgrades, venue, counters.upgrades)
            _add(closures, venue, counters.closures)
            _add(answers, venue, counters.answers)
            _add(limited, venue, server.limits.refused if isinstance(server, BtcturkServer) else {})
            _add(faults, venue, server.faults.done())
            _add(failures, venue, counters.failures)
        yield from (received, sent, upgrades, closures, answers, limited, faults, failures)


def _add(family: CounterMetricFamily, venue: str, counts: Mapping[str, int]) -> None:
    for value, count in dict(counts).items():
        family.add_metric([venue, value], count)
