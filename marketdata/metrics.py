"""The metrics of market data, read from its parts at each scrape."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from marketdata.keeping.keeper import BarKeeper
from marketdata.metric_table import MetricTable, counter, gauge
from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from marketdata.tape.writer import TapeWriter
from marketdata.venues.venue import STATES, Venue

UNLISTED = "unlisted"


def _seconds_waited(venue: Venue) -> dict[str, float]:
    clients = venue.clients.values()
    return {endpoint: seconds for client in clients for endpoint, seconds in client.counters.wait_seconds().items()}


def _requests(venue: Venue) -> dict[tuple[str, ...], float]:
    return {names: count for client in venue.clients.values() for names, count in client.counters.requests().items()}


def _times_limited(venue: Venue) -> float:
    calls = sum(count for (_, outcome), count in _requests(venue).items() if outcome == "throttled")
    return venue.counters.attempts["throttled"] + calls


def _stale(store: Store) -> dict[str, float]:
    faults = store.faults()
    return {symbol: symbol in faults for symbol in store.symbols}


def _states(venue: Venue) -> dict[tuple[str, ...], float]:
    """Returns 1 for the present state of each symbol, and 0 for `trading` where it is another one.

    With a value for every state of each, hundreds of symbols would make the answer twice as long.
    """
    known = venue.instruments()
    found = {
        symbol: known[symbol].state if symbol in known else UNLISTED for symbol in venue.store.of_source(venue.name)
    }
    trading: dict[tuple[str, ...], float] = {(symbol, "trading"): 0 for symbol in found}
    return trading | dict.fromkeys(found.items(), 1)


COUNTS = (
    counter("marketdata_silences", "Sockets ended because no frame came", ["venue"], "silences"),
    counter("marketdata_closes", "Sockets that ended, by cause", ["venue", "cause"], "closes"),
    counter("marketdata_connect_attempts", "Dials of the venue's socket, by result", ["venue", "result"], "attempts"),
    gauge("marketdata_reconnect_delay_seconds", "Newest back-off before a dial", ["venue"], "reconnect_delay_seconds"),
    counter("marketdata_dial_guard_waits", "Dials held up so as not to dial too often", ["venue"], "guard_waits"),
    counter(
        "marketdata_dial_guard_wait_seconds", "Seconds that the guard held up dials", ["venue"], "guard_wait_seconds"
    ),
    counter("marketdata_blocked_seconds", "Seconds for which the venue wanted no dial", ["venue"], "blocked_seconds"),
    counter("marketdata_frames", "Frames of the venue, by its type of frame", ["venue", "type"], "frames"),
    counter("marketdata_decode_errors", "Unusable frames, by reason", ["venue", "reason"], "decode_errors"),
    counter("marketdata_dropped", "Frames dropped because the queue was full, by class", ["venue", "kind"], "drops"),
    counter("marketdata_refused_joins", "Subscriptions that the venue refused", ["venue"], "refused_joins"),
    counter("marketdata_book_gaps", "Gaps in the sequence of an order book", ["venue"], "book_gaps"),
    counter("marketdata_resyncs", "Order books asked for anew, by reason", ["venue", "reason"], "resyncs"),
    counter(
        "marketdata_no_first_data",
        "Subscriptions that brought nothing in time, by channel",
        ["venue", "channel"],
        "no_data",
    ),
    counter("marketdata_oddities", "Harmless oddities in frames, by kind", ["venue", "kind"], "oddities"),
    counter("marketdata_rows_left_out", "Unusable rows of the venue's lists, by list", ["venue", "list"], "left_out"),
    counter(
        "marketdata_contradictions",
        "Order books that another stream contradicted for too long, by that stream",
        ["venue", "witness"],
        "contradictions",
    ),
    counter(
        "marketdata_instrument_changes",
        "Changes of instruments: new ones, new states, new rules, by kind",
        ["venue", "change"],
        "instrument_changes",
    ),
    counter("marketdata_trade_gaps", "Times that trades were missed", ["venue"], "trade_gaps"),
    counter("marketdata_book_audits", "Order books compared with the venue's REST book", ["venue"], "audits"),
    counter("marketdata_book_audit_mismatches", "Audits that found another book", ["venue"], "audit_mismatches"),
    gauge(
        "marketdata_venue_clock_offset_seconds",
        "Seconds that the venue's clock is ahead of ours; NaN before it was asked",
        ["venue"],
        "clock_offset_seconds",
    ),
    counter("marketdata_backfills", "Histories fetched by REST, by kind", ["venue", "kind"], "backfills"),
    counter(
        "marketdata_backfill_failures",
        "Histories that could not be fetched by REST, by kind",
        ["venue", "kind"],
        "backfill_failures",
    ),
)
VENUES = (
    gauge(
        "marketdata_feed_state",
        "1 for the state that the venue's feed is in, else 0",
        ["venue", "state"],
        lambda venue: dict.fromkeys(STATES, 0) | {venue.state(): 1},
    ),
    gauge("marketdata_connected", "1 while the venue's socket is open", ["venue"], "connection.connected"),
    gauge(
        "marketdata_last_frame_age_seconds",
        "Seconds since the venue's last frame or ping",
        ["venue"],
        lambda venue: venue.connection.frame_age(),
    ),
    gauge(
        "marketdata_last_data_age_seconds",
        "Seconds since the venue last told anything that proves a symbol",
        ["venue"],
        lambda venue: venue.store.data_age(venue.name),
    ),
    gauge(
        "marketdata_queue_depth",
        "Frames of the venue that wait for the worker",
        ["venue"],
        lambda venue: venue.inbox.depth(),
    ),
    gauge(
        "marketdata_blocked_until_timestamp_seconds",
        "The unix time until which a blocked or rejected feed is not dialled; 0 for any other",
        ["venue"],
        lambda venue: venue.connection.status().blocked_until or 0,
    ),
    counter(
        "marketdata_rest_requests",
        "Attempts of REST calls, by endpoint and outcome",
        ["venue", "endpoint", "outcome"],
        _requests,
    ),
    counter(
        "marketdata_rate_limit_wait_seconds",
        "Seconds that REST calls waited for their budget, by endpoint",
        ["venue", "endpoint"],
        _seconds_waited,
    ),
    gauge(
        "marketdata_safety_net_works",
        "1 while the safety net of the feed works, 0 when it failed three times in a row",
        ["venue", "net"],
        lambda venue: {net.name: not net.torn for net in venue.nets},
    ),
    counter(
        "marketdata_safety_net_failures",
        "Times that the safety net could not do its work",
        ["venue", "net"],
        lambda venue: {net.name: net.failures for net in venue.nets},
    ),
    counter("marketdata_http_429", "Answers of 429, to dials and REST calls", ["venue"], _times_limited),
)
INSTRUMENTS = (
    gauge(
        "marketdata_instrument_state",
        "1 for the present state of the configured instrument, unlisted while the venue never told of it; 0 for "
        "trading while it is another one",
        ["symbol", "state"],
        _states,
    ),
)
STORE = (
    gauge(
        "marketdata_quote_age_seconds",
        "Seconds since the feed last proved the quote",
        ["symbol"],
        lambda store: {symbol: store.age_seconds(symbol) for symbol in store.symbols},
    ),
    gauge("marketdata_book_stale", "1 while the order book of the symbol is not fresh, else 0", ["symbol"], _stale),
)
KEEPER = (
    counter("marketdata_kept_rows", "Rows of bars, trades and gaps written to the disk", [], "rows"),
    counter("marketdata_bar_files_set_aside", "Damaged files of bars that were set aside", [], "set_aside"),
)
STREAMS = (
    gauge("marketdata_streams_open", "Event streams that are open", [], "slots.open"),
    counter("marketdata_streams_refused", "Event streams refused because all slots were taken", [], "refused"),
)
TAPE = (
    gauge("marketdata_tape_on", "1 while the tape records, 0 once a write failed", [], lambda tape: not tape.off),
    gauge("marketdata_tape_bytes", "Size of all tapes on the disk", [], lambda tape: tape.disk_bytes()),
    counter("marketdata_tape_frames", "Frames and REST calls on the tape, by link", ["link"], "counters.written"),
    counter("marketdata_tape_dropped", "Frames and REST calls that the tape missed", ["link"], "counters.dropped"),
    counter("marketdata_tape_errors", "Writes of the tape that failed", [], "counters.errors"),
)


def install(
    registry: CollectorRegistry,
    venues: Sequence[Venue],
    store: Store,
    streams: Streams,
    keeper: BarKeeper,
    tape: TapeWriter | None,
) -> None:
    """Adds the metrics to the app's registry, each venue's own among them."""
    registry.register(MetricTable(COUNTS, [((venue.name,), venue.counters) for venue in venues]))
    registry.register(MetricTable(VENUES, [((venue.name,), venue) for venue in venues]))
    registry.register(MetricTable(INSTRUMENTS, [((), venue) for venue in venues]))
    registry.register(MetricTable(STORE, [((), store)]))
    registry.register(MetricTable(STREAMS, [((), streams)]))
    registry.register(MetricTable(TAPE, [] if tape is None else [((), tape)]))
    registry.register(MetricTable(KEEPER, [((), keeper)]))
    for venue in venues:
        if venue.collector is not None:
            registry.register(venue.collector)
