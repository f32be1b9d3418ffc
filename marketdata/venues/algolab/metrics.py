"""AlgoLab's own metrics, read from its counters at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.session import Session


class AlgolabCollector(Collector):
    """The metrics that only a feed with a login and without sequence numbers has. `session` is the session it reads."""

    def __init__(self, counters: AlgolabCounters, session: Session) -> None:
        self._counters, self.session = counters, session

    def collect(self) -> Iterator[Metric]:
        """Yields every family."""
        active = float(self.session.trouble() is None)
        yield GaugeMetricFamily("marketdata_algolab_session", "1 while there is a session with AlgoLab", value=active)
        yield from self._by_label()
        yield from self._totals()

    def _by_label(self) -> Iterator[Metric]:
        counters = self._counters
        yield _family("marketdata_algolab_logins", "Steps of logins at AlgoLab, by result", "result", counters.logins)
        yield _family(
            "marketdata_algolab_refreshes", "Refreshes of the AlgoLab session, by result", "result", counters.refreshes
        )
        yield _family(
            "marketdata_algolab_audits", "Shares asked about by REST, by result", "result", counters.equity_infos
        )
        yield _family(
            "marketdata_algolab_books_lost", "Row books that made sense no longer", "reason", counters.books_lost
        )
        yield _family(
            "marketdata_algolab_ticks_set_aside", "Ticks out of order, by reason", "reason", counters.ticks_set_aside
        )

    def _totals(self) -> Iterator[Metric]:
        counters = self._counters
        for name, text, count in (
            ("marketdata_algolab_sessions_lost", "AlgoLab sessions that ended", counters.sessions_lost),
            ("marketdata_algolab_equal_trades", "Trades equal to one before in all its fields", counters.equal_trades),
            ("marketdata_algolab_delay_changes", "Times the feed became delayed or real time", counters.delay_changes),
            ("marketdata_algolab_halts", "Call auctions inside continuous trading", counters.halts),
            ("marketdata_algolab_repairs", "Sockets replaced for a lost row book or silence", counters.repairs),
        ):
            yield CounterMetricFamily(name, text, value=count)


def _family(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
