"""AlgoLab's own metrics, read from its counters at each scrape."""

from __future__ import annotations

from marketdata.metric_table import MetricTable, counter, gauge
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.session import Session


class AlgolabCollector(MetricTable):
    """The metrics that only a feed with a login and without sequence numbers has.

    counters, session: what the metrics are read from.
    """

    def __init__(self, counters: AlgolabCounters, session: Session) -> None:
        super().__init__(ROWS, [((), self)])
        self.counters, self.session = counters, session


ROWS = (
    gauge(
        "marketdata_algolab_session",
        "1 while there is a session with AlgoLab",
        [],
        lambda own: own.session.trouble() is None,
    ),
    counter("marketdata_algolab_logins", "Steps of logins at AlgoLab, by result", ["result"], "counters.logins"),
    counter(
        "marketdata_algolab_refreshes", "Refreshes of the AlgoLab session, by result", ["result"], "counters.refreshes"
    ),
    counter("marketdata_algolab_audits", "Shares asked about by REST, by result", ["result"], "counters.equity_infos"),
    counter("marketdata_algolab_books_lost", "Row books that made sense no longer", ["reason"], "counters.books_lost"),
    counter(
        "marketdata_algolab_ticks_set_aside", "Ticks out of order, by reason", ["reason"], "counters.ticks_set_aside"
    ),
    counter("marketdata_algolab_sessions_lost", "AlgoLab sessions that ended", [], "counters.sessions_lost"),
    counter(
        "marketdata_algolab_equal_trades", "Trades equal to one before in all its fields", [], "counters.equal_trades"
    ),
    counter(
        "marketdata_algolab_delay_changes", "Times the feed became delayed or real time", [], "counters.delay_changes"
    ),
    counter("marketdata_algolab_halts", "Call auctions inside continuous trading", [], "counters.halts"),
    counter("marketdata_algolab_repairs", "Sockets replaced for a lost row book or silence", [], "counters.repairs"),
)
