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
        counters, active = self._counters, float(self.session.trouble() is None)
        yield GaugeMetricFamily("marketdata_algolab_session", "1 while there is a session with AlgoLab", value=active)
        for name, text, label, counts in (
            ("marketdata_algolab_logins", "Steps of logins at AlgoLab, by result", "result", counters.logins),
            (
                "marketdata_algolab_refreshes",
                "Refreshes of the AlgoLab session, by result",
                "result",
                counters.refreshes,
            ),
            (
                "marketdata_algolab_audits",
                "Shares whose best prices were compared with AlgoLab's REST, by result",
                "result",
                counters.equity_infos,
            ),
            (
                "marketdata_algolab_books_lost",
                "Row books that made sense no longer, by fault",
                "reason",
                counters.books_lost,
            ),
            (
                "marketdata_algolab_ticks_set_aside",
                "Ticks that came out of order, by reason",
                "reason",
                counters.ticks_set_aside,
            ),
        ):
            yield _by_label(name, text, label, counts)
        for name, text, count in (
            ("marketdata_algolab_sessions_lost", "AlgoLab sessions that ended", counters.sessions_lost),
            (
                "marketdata_algolab_equal_trades",
                "Trades that equal one before in second, price, quantity and side",
                counters.equal_trades,
            ),
            (
                "marketdata_algolab_delay_changes",
                "Times that the feed became delayed or real time",
                counters.delay_changes,
            ),
            ("marketdata_algolab_halts", "Call auctions inside continuous trading", counters.halts),
            ("marketdata_algolab_repairs", "Sockets replaced because of a lost row book or silence", counters.repairs),
        ):
            yield CounterMetricFamily(name, text, value=count)


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
