"""The broker's own figures for /metrics, read from the feed's counts at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketdata.venues.algolab.assembly import BistFeed


class BrokerCollector(Collector):
    """The metrics that only a feed with a login and without sequence numbers has."""

    def __init__(self, feed: BistFeed) -> None:
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        counts = self._feed.counts
        active = float(self._feed.session.trouble() is None)
        yield GaugeMetricFamily("marketdata_broker_session", "1 while there is a session with the broker", value=active)
        logins = CounterMetricFamily("marketdata_broker_logins", "Steps of logins, by result", labels=["result"])
        yield _each(logins, counts.logins)
        refreshes = CounterMetricFamily("marketdata_broker_refreshes", "Refreshed sessions", labels=["result"])
        yield _each(refreshes, counts.refreshes)
        audits = CounterMetricFamily("marketdata_broker_audits", "Best prices compared by REST", labels=["result"])
        yield _each(audits, counts.equity_infos)
        lost = CounterMetricFamily("marketdata_broker_books_lost", "Books whose rows made no sense", labels=["reason"])
        yield _each(lost, counts.books_lost)
        aside = CounterMetricFamily("marketdata_broker_ticks_set_aside", "Ticks out of order", labels=["reason"])
        yield _each(aside, counts.ticks_set_aside)
        yield CounterMetricFamily("marketdata_broker_sessions_lost", "Sessions that ended", value=counts.sessions_lost)
        yield CounterMetricFamily(
            "marketdata_broker_equal_trades", "Trades equal to one before", value=counts.equal_trades
        )
        yield CounterMetricFamily(
            "marketdata_broker_delay_changes", "Times the feed became delayed or real time", value=counts.delay_changes
        )
        yield CounterMetricFamily("marketdata_broker_halts", "Auctions inside continuous trading", value=counts.halts)
        yield CounterMetricFamily("marketdata_broker_repairs", "Sockets renewed for a lost book", value=counts.repairs)


def _each(family: CounterMetricFamily, counts: Mapping[str, int]) -> Metric:
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def install(registry: CollectorRegistry, feed: BistFeed) -> None:
    """Adds them to the app's registry."""
    registry.register(BrokerCollector(feed))
