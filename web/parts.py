"""The console's parts, joined."""

from __future__ import annotations

from dataclasses import dataclass

from common import service
from common.clock import SYSTEM_CLOCK
from common.loop import Supervisor
from common.sse import StreamSlots
from web.alerts.alertmanager import Alertmanager
from web.alerts.desk import AlertDesk
from web.alerts.inbox import AlertInbox
from web.alerts.outside import OutsideHeartbeat
from web.charts import Charts
from web.clients import Canary, Executors, MarketData, Markets
from web.metrics import ConsoleCounters
from web.prometheus import Prometheus
from web.readers import Upstreams, add_readers
from web.readiness import ReadinessProbe
from web.settings import Settings
from web.state import ConsoleState
from web.streams import OrderStream, QuoteStream

MAX_STREAMS = 12


@dataclass(frozen=True)
class Parts:
    """The parts of the console, one row for each of its threads:

    quote-stream, quotes, instruments        → marketdata ┐
    order-stream, orders, account,                        │
    valuation, controls                      → executors  ├→ state → pages, event streams, /metrics
    canary, evidence                         → canary     │
    service-<name>, one for each             → /readyz    │
    inbox                                    → inbox      │
    alerts                                   → Alertmanager and inbox ┘
    outside-heartbeat                        state → the outside, where it is switched on
    memory                                   replaces the worker before its memory is used up

    loops: the owner of these threads.
    state: everything that the page shows.
    upstreams: everything that is asked, and the inbox.
    streams: the places for browsers that are sent live changes.
    counters: the console's counters.
    charts: the charts of the runbook's pages; each is asked for by the thread of a request.
    """

    loops: Supervisor
    state: ConsoleState
    upstreams: Upstreams
    streams: StreamSlots
    counters: ConsoleCounters
    charts: Charts

    @classmethod
    def build(cls, settings: Settings, loops: Supervisor) -> Parts:
        """Builds the parts. Nothing is asked and no thread runs before `start`."""
        targets = settings.readiness_urls()
        market = settings.service.market
        markets = Markets(market)
        beats = settings.heartbeat_file
        state = ConsoleState(SYSTEM_CLOCK, targets, settings.quote_stale_seconds, outside=beats is not None)
        counters = ConsoleCounters(targets)
        upstreams = Upstreams(
            marketdata=MarketData(settings.marketdata_url, markets),
            quote_stream=QuoteStream(settings.marketdata_url, markets),
            executors=Executors(settings.executor_urls, markets),
            order_stream=OrderStream(settings.executor_urls, markets),
            canary=Canary(settings.canary_url, markets),
            desk=AlertDesk(
                AlertInbox(settings.data_dir / "alerts.sqlite"), Alertmanager(settings.alertmanager_url), SYSTEM_CLOCK
            ),
            probes={name: ReadinessProbe(address, market) for name, address in targets.items()},
            outside=OutsideHeartbeat(beats, SYSTEM_CLOCK) if beats else None,
        )
        add_readers(loops, upstreams, state, counters)
        service.add_memory_loop(loops, settings.service)
        for end in (state.changes.end, upstreams.quote_stream.end, upstreams.order_stream.end):
            loops.stop_signal.on_set(end)
        streams = StreamSlots(MAX_STREAMS, instead="poll /api/state", refused=counters.streams_refused.inc)
        charts = Charts(Prometheus(settings.prometheus_url), SYSTEM_CLOCK)
        return cls(loops, state, upstreams, streams, counters, charts)

    def start(self) -> None:
        """Starts the threads."""
        self.loops.start()

    def stop(self) -> None:
        """Ends the threads and every open stream."""
        self.loops.stop()
