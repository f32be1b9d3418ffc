"""The metrics of market data, read from its parts at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from marketdata.venues.venue import STATES, Venue

Family = GaugeMetricFamily | CounterMetricFamily


class VenueCollector(Collector):
    """The metrics that every venue has; the venue is a label."""

    def __init__(self, venues: Sequence[Venue]) -> None:
        self._venues = venues

    def collect(self) -> Iterator[Metric]:
        """Yields every family."""
        yield from self._connections()
        yield from self._dials()
        yield from self._frames()
        yield from self._books()
        yield from self._calls()

    def _connections(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        state = GaugeMetricFamily(
            "marketdata_feed_state", "1 for the state that the venue's feed is in, else 0", labels=["venue", "state"]
        )
        yield each(state, _states)
        connected = GaugeMetricFamily("marketdata_connected", "1 while the venue's socket is open", labels=["venue"])
        yield one(connected, lambda venue: venue.connection.connected)
        age = GaugeMetricFamily(
            "marketdata_last_frame_age_seconds",
            "Seconds since the last frame of the venue, pings included",
            labels=["venue"],
        )
        yield one(age, lambda venue: venue.connection.frame_age())
        depth = GaugeMetricFamily(
            "marketdata_queue_depth", "Frames of the venue that wait for the worker", labels=["venue"]
        )
        yield one(depth, lambda venue: venue.inbox.depth())
        silences = CounterMetricFamily(
            "marketdata_silences", "Sockets that were ended because no frame came", labels=["venue"]
        )
        yield one(silences, lambda venue: venue.counters.silences)
        closes = CounterMetricFamily("marketdata_closes", "Sockets that ended, by cause", labels=["venue", "cause"])
        yield each(closes, lambda venue: venue.counters.closes)

    def _dials(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        attempts = CounterMetricFamily(
            "marketdata_connect_attempts", "Dials of the venue's socket, by result", labels=["venue", "result"]
        )
        yield each(attempts, lambda venue: venue.counters.attempts)
        delay = GaugeMetricFamily(
            "marketdata_reconnect_delay_seconds", "The newest back-off before a dial, in seconds", labels=["venue"]
        )
        yield one(delay, lambda venue: venue.counters.reconnect_delay_seconds)
        waits = CounterMetricFamily(
            "marketdata_dial_guard_waits", "Dials that were held up so as not to dial too often", labels=["venue"]
        )
        yield one(waits, lambda venue: venue.counters.guard_waits)
        waited = CounterMetricFamily(
            "marketdata_dial_guard_wait_seconds",
            "Seconds that dials were held up so as not to dial too often",
            labels=["venue"],
        )
        yield one(waited, lambda venue: venue.counters.guard_wait_seconds)
        blocked = CounterMetricFamily(
            "marketdata_blocked_seconds", "Seconds for which the venue wanted no dial", labels=["venue"]
        )
        yield one(blocked, lambda venue: venue.counters.blocked_seconds)
        until = GaugeMetricFamily(
            "marketdata_blocked_until_timestamp_seconds",
            "The unix time until which the venue wants no dial; 0 when it wants one",
            labels=["venue"],
        )
        yield one(until, lambda venue: venue.connection.status().blocked_until or 0)

    def _frames(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        frames = CounterMetricFamily(
            "marketdata_frames", "Frames of the venue, by its type of frame", labels=["venue", "type"]
        )
        yield each(frames, lambda venue: venue.counters.frames)
        errors = CounterMetricFamily(
            "marketdata_decode_errors", "Frames that could not be used, by reason", labels=["venue", "reason"]
        )
        yield each(errors, lambda venue: venue.counters.decode_errors)
        dropped = CounterMetricFamily(
            "marketdata_dropped", "Frames dropped because the queue was full, by class", labels=["venue", "kind"]
        )
        yield each(dropped, lambda venue: venue.counters.drops)
        refused = CounterMetricFamily(
            "marketdata_refused_joins", "Subscriptions that the venue refused", labels=["venue"]
        )
        yield one(refused, lambda venue: venue.counters.refused_joins)

    def _books(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        gaps = CounterMetricFamily("marketdata_book_gaps", "Gaps in the sequence of an order book", labels=["venue"])
        yield one(gaps, lambda venue: venue.counters.book_gaps)
        resyncs = CounterMetricFamily(
            "marketdata_resyncs", "Order books asked for anew, by reason", labels=["venue", "reason"]
        )
        yield each(resyncs, lambda venue: venue.counters.resyncs)
        silent = CounterMetricFamily(
            "marketdata_no_first_data",
            "Subscriptions that brought nothing in time, by channel",
            labels=["venue", "channel"],
        )
        yield each(silent, lambda venue: venue.counters.no_data)
        missed = CounterMetricFamily("marketdata_trade_gaps", "Times that trades were missed", labels=["venue"])
        yield one(missed, lambda venue: venue.counters.trade_gaps)
        audits = CounterMetricFamily(
            "marketdata_book_audits", "Order books compared with the venue's REST book", labels=["venue"]
        )
        yield one(audits, lambda venue: venue.counters.audits)
        wrong = CounterMetricFamily(
            "marketdata_book_audit_mismatches",
            "Comparisons that found another book in the venue's REST",
            labels=["venue"],
        )
        yield one(wrong, lambda venue: venue.counters.audit_mismatches)

    def _calls(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        requests = CounterMetricFamily(
            "marketdata_rest_requests",
            "Attempts of REST calls, by endpoint and outcome",
            labels=["venue", "endpoint", "outcome"],
        )
        waits = CounterMetricFamily(
            "marketdata_rate_limit_wait_seconds",
            "Seconds that REST calls waited for their budget, by endpoint",
            labels=["venue", "endpoint"],
        )
        for venue in self._venues:
            for client in venue.clients.values():
                for (endpoint, outcome), count in client.counters.requests().items():
                    requests.add_metric([venue.name, endpoint, outcome], count)
                for endpoint, seconds in client.counters.wait_seconds().items():
                    waits.add_metric([venue.name, endpoint], seconds)
        yield requests
        yield waits
        limited = CounterMetricFamily(
            "marketdata_http_429", "Times that the venue answered 429, to dials and REST calls", labels=["venue"]
        )
        yield one(limited, _times_limited)
        offset = GaugeMetricFamily(
            "marketdata_venue_clock_offset_seconds",
            "Seconds that the venue's clock is ahead of ours; NaN before it was asked",
            labels=["venue"],
        )
        yield one(offset, lambda venue: venue.counters.clock_offset_seconds)
        fills = CounterMetricFamily(
            "marketdata_backfills", "Histories fetched by REST, by kind", labels=["venue", "kind"]
        )
        yield each(fills, lambda venue: venue.counters.backfills)
        failed = CounterMetricFamily(
            "marketdata_backfill_failures",
            "Histories that could not be fetched by REST, by kind",
            labels=["venue", "kind"],
        )
        yield each(failed, lambda venue: venue.counters.backfill_failures)

    def _one(self, family: Family, read: Callable[[Venue], float]) -> Metric:
        for venue in self._venues:
            family.add_metric([venue.name], read(venue))
        return family

    def _each(self, family: Family, read: Callable[[Venue], Mapping[str, int]]) -> Metric:
        for venue in self._venues:
            for value, count in read(venue).items():
                family.add_metric([venue.name, value], count)
        return family


class StoreCollector(Collector):
    """The metrics of symbols and of streams."""

    def __init__(self, store: Store, streams: Streams) -> None:
        self._store, self._streams = store, streams

    def collect(self) -> Iterator[Metric]:
        """Yields every family."""
        not_live = set(self._store.not_live())
        age = GaugeMetricFamily(
            "marketdata_quote_age_seconds", "Seconds since the feed last proved the quote", labels=["symbol"]
        )
        stale = GaugeMetricFamily(
            "marketdata_book_stale", "1 while the order book of the symbol is not live, else 0", labels=["symbol"]
        )
        for symbol in self._store.symbols:
            age.add_metric([symbol], self._store.age_seconds(symbol))
            stale.add_metric([symbol], float(symbol in not_live))
        yield age
        yield stale
        streams = self._streams
        yield GaugeMetricFamily("marketdata_streams_open", "Event streams that are open", value=streams.slots.open)
        yield CounterMetricFamily(
            "marketdata_streams_refused", "Event streams refused because all slots were taken", value=streams.refused
        )


def _states(venue: Venue) -> dict[str, int]:
    now = venue.state()
    return {state: int(state == now) for state in STATES}


def _times_limited(venue: Venue) -> int:
    calls = (client.counters.requests() for client in venue.clients.values())
    return venue.counters.attempts["throttled"] + sum(
        count for counted in calls for (_, outcome), count in counted.items() if outcome == "throttled"
    )


def install(registry: CollectorRegistry, venues: Sequence[Venue], store: Store, streams: Streams) -> None:
    """Adds the metrics to the app's registry, each venue's own among them."""
    registry.register(VenueCollector(venues))
    registry.register(StoreCollector(store, streams))
    for venue in venues:
        if venue.collector is not None:
            registry.register(venue.collector)
