"""Market data's own figures for /metrics, read from its parts at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from marketdata.venues.venue import STATES, FollowedVenue
from marketdata.state.store import Store
from marketdata.stream.streams import Streams

Family = GaugeMetricFamily | CounterMetricFamily


class FeedCollector(Collector):
    """The metrics of every venue's feed; the venue is a label."""

    def __init__(self, feeds: Sequence[FollowedVenue]) -> None:
        self._feeds = feeds

    def collect(self) -> Iterator[Metric]:
        yield from self._connections()
        yield from self._dials()
        yield from self._frames()
        yield from self._books()
        yield from self._calls()

    def _connections(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        state = GaugeMetricFamily(
            "marketdata_feed_state", "1 for the state that the feed is in, else 0", labels=["venue", "state"]
        )
        yield each(state, _states)
        connected = GaugeMetricFamily("marketdata_connected", "1 while the venue's socket is open", labels=["venue"])
        yield one(connected, lambda feed: feed.connection.connected)
        age = GaugeMetricFamily(
            "marketdata_last_frame_age_seconds", "Since the last frame, pings included", labels=["venue"]
        )
        yield one(age, lambda feed: feed.connection.frame_age())
        depth = GaugeMetricFamily("marketdata_queue_depth", "Frames that wait for the worker", labels=["venue"])
        yield one(depth, lambda feed: feed.inbox.depth())
        silences = CounterMetricFamily("marketdata_silences", "Sockets ended because nothing came", labels=["venue"])
        yield one(silences, lambda feed: feed.tally.silences)
        closes = CounterMetricFamily("marketdata_closes", "Sockets that ended, by cause", labels=["venue", "cause"])
        yield each(closes, lambda feed: feed.tally.closes)
        failures = CounterMetricFamily(
            "marketdata_loop_failures", "Exceptions that a loop survived", labels=["venue", "loop"]
        )
        yield each(failures, lambda feed: feed.tally.failures)

    def _dials(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        attempts = CounterMetricFamily(
            "marketdata_connect_attempts", "Dials, by how they ended", labels=["venue", "result"]
        )
        yield each(attempts, lambda feed: feed.tally.attempts)
        delay = GaugeMetricFamily("marketdata_reconnect_delay_seconds", "The latest back-off", labels=["venue"])
        yield one(delay, lambda feed: feed.tally.reconnect_delay_seconds)
        waits = CounterMetricFamily("marketdata_dial_guard_waits", "Dials that the guard made wait", labels=["venue"])
        yield one(waits, lambda feed: feed.tally.guard_waits)
        waited = CounterMetricFamily(
            "marketdata_dial_guard_wait_seconds", "Time that dials waited for the guard", labels=["venue"]
        )
        yield one(waited, lambda feed: feed.tally.guard_wait_seconds)
        blocked = CounterMetricFamily(
            "marketdata_blocked_seconds", "Time that the venue told the feed to stay away", labels=["venue"]
        )
        yield one(blocked, lambda feed: feed.tally.blocked_seconds)
        until = GaugeMetricFamily(
            "marketdata_blocked_until_timestamp_seconds",
            "Until when the venue wants no dial; 0 for now",
            labels=["venue"],
        )
        yield one(until, lambda feed: feed.connection.condition().blocked_until or 0)

    def _frames(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        frames = CounterMetricFamily("marketdata_frames", "Frames, by the venue's type", labels=["venue", "type"])
        yield each(frames, lambda feed: feed.tally.frames)
        errors = CounterMetricFamily(
            "marketdata_decode_errors", "Frames that could not be used", labels=["venue", "reason"]
        )
        yield each(errors, lambda feed: feed.tally.decode_errors)
        dropped = CounterMetricFamily(
            "marketdata_dropped", "Frames dropped because the queue was full, by kind", labels=["venue", "kind"]
        )
        yield each(dropped, lambda feed: feed.tally.drops)
        refused = CounterMetricFamily(
            "marketdata_refused_joins", "Subscriptions that the venue refused", labels=["venue"]
        )
        yield one(refused, lambda feed: feed.tally.refused_joins)

    def _books(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        gaps = CounterMetricFamily("marketdata_book_gaps", "Gaps in a book's sequence", labels=["venue"])
        yield one(gaps, lambda feed: feed.tally.book_gaps)
        resyncs = CounterMetricFamily("marketdata_resyncs", "Books asked for again", labels=["venue", "reason"])
        yield each(resyncs, lambda feed: feed.tally.resyncs)
        silent = CounterMetricFamily(
            "marketdata_no_first_data", "Subscriptions that brought nothing in time", labels=["venue", "channel"]
        )
        yield each(silent, lambda feed: feed.tally.no_data)
        missed = CounterMetricFamily("marketdata_trade_gaps", "Times that trades were missed", labels=["venue"])
        yield one(missed, lambda feed: feed.tally.trade_gaps)
        audits = CounterMetricFamily("marketdata_book_audits", "Books compared with the venue's REST", labels=["venue"])
        yield one(audits, lambda feed: feed.tally.audits)
        wrong = CounterMetricFamily(
            "marketdata_book_audit_mismatches", "Audits that found another book", labels=["venue"]
        )
        yield one(wrong, lambda feed: feed.tally.audit_mismatches)

    def _calls(self) -> Iterator[Metric]:
        one, each = self._one, self._each
        requests = CounterMetricFamily(
            "marketdata_rest_requests", "REST calls, by how they ended", labels=["venue", "endpoint", "outcome"]
        )
        waits = CounterMetricFamily(
            "marketdata_rate_limit_wait_seconds", "Time that calls waited for the budget", labels=["venue", "endpoint"]
        )
        for feed in self._feeds:
            for client in feed.clients.values():
                for (endpoint, outcome), count in client.tally.requests().items():
                    requests.add_metric([feed.venue, endpoint, outcome], count)
                for endpoint, seconds in client.tally.wait_seconds().items():
                    waits.add_metric([feed.venue, endpoint], seconds)
        yield requests
        yield waits
        limited = CounterMetricFamily("marketdata_http_429", "Times that the venue answered 429", labels=["venue"])
        yield one(limited, _times_limited)
        offset = GaugeMetricFamily(
            "marketdata_venue_clock_offset_seconds", "How far the venue's clock is ahead of ours", labels=["venue"]
        )
        yield one(offset, lambda feed: feed.tally.clock_offset_seconds)
        fills = CounterMetricFamily("marketdata_backfills", "Histories fetched", labels=["venue", "kind"])
        yield each(fills, lambda feed: feed.tally.backfills)
        failed = CounterMetricFamily(
            "marketdata_backfill_failures", "Histories that could not be fetched", labels=["venue", "kind"]
        )
        yield each(failed, lambda feed: feed.tally.backfill_failures)

    def _one(self, family: Family, read: Callable[[FollowedVenue], float]) -> Metric:
        for feed in self._feeds:
            family.add_metric([feed.venue], read(feed))
        return family

    def _each(self, family: Family, read: Callable[[FollowedVenue], Mapping[str, int]]) -> Metric:
        for feed in self._feeds:
            for value, count in read(feed).items():
                family.add_metric([feed.venue, value], count)
        return family


class StoreCollector(Collector):
    """The metrics of symbols and of streams."""

    def __init__(self, store: Store, streams: Streams) -> None:
        self._store, self._streams = store, streams

    def collect(self) -> Iterator[Metric]:
        not_live = set(self._store.not_live())
        age = GaugeMetricFamily("marketdata_quote_age_seconds", "Since the feed proved the quote", labels=["symbol"])
        stale = GaugeMetricFamily("marketdata_book_stale", "1 while the book is not live", labels=["symbol"])
        for symbol in self._store.symbols:
            age.add_metric([symbol], self._store.age_seconds(symbol))
            stale.add_metric([symbol], float(symbol in not_live))
        yield age
        yield stale
        streams = self._streams
        yield GaugeMetricFamily("marketdata_streams_open", "Streams that are open", value=streams.open_count)
        yield CounterMetricFamily(
            "marketdata_streams_refused", "Streams refused: all were taken", value=streams.refused
        )


def _states(feed: FollowedVenue) -> dict[str, int]:
    now = feed.state()
    return {state: int(state == now) for state in STATES}


def _times_limited(feed: FollowedVenue) -> int:
    calls = (client.tally.requests() for client in feed.clients.values())
    return feed.tally.attempts["throttled"] + sum(
        count for counted in calls for (_, outcome), count in counted.items() if outcome == "throttled"
    )


def install(registry: CollectorRegistry, feeds: Sequence[FollowedVenue], store: Store, streams: Streams) -> None:
    """Adds all of them to the app's registry."""
    registry.register(FeedCollector(feeds))
    registry.register(StoreCollector(store, streams))
