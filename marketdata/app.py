"""Joins the parts of market data: connection, worker, store, streams, and the HTTP calls over them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask

from common import ops, wire
from common.client import JsonClient
from marketdata import metrics
from marketdata.api import routes
from marketdata.connection import Connection, Timings
from marketdata.feed import Feed
from marketdata.inbox import Inbox
from marketdata.limits import Backoff, DialGuard
from marketdata.rest import InstrumentLoader
from marketdata.resync import Patience
from marketdata.settings import Settings
from marketdata.store import Store
from marketdata.stream import Streams
from marketdata.tally import Tally
from marketdata.venues.btcturk import SOURCE

HEARTBEAT_SECONDS = 5.0
BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS = 1.0, 60.0
MOST_DIALS, DIAL_WINDOW_SECONDS = 10, 60.0
REST_TIMEOUT_SECONDS = 10.0
MISSING_PAIR_RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Parts:
    """Everything that runs beside the HTTP server."""

    store: Store
    inbox: Inbox
    tally: Tally
    connection: Connection
    instruments: InstrumentLoader
    feed: Feed
    streams: Streams

    def start(self) -> None:
        """Starts the threads."""
        self.feed.start()
        self.instruments.start()
        self.connection.start()

    def stop(self) -> None:
        """Ends the threads."""
        self.connection.stop()
        self.instruments.stop()
        self.feed.stop()


def full_jitter() -> Backoff:
    """The back-off of every dial and of every call that is tried again."""
    return Backoff(BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS, random.uniform)


def make_parts(settings: Settings, timings: Timings, patience: Patience, backoff: Callable[[], Backoff]) -> Parts:
    """All parts joined as they run in production; starts nothing. `backoff` makes one for each part that needs it."""
    tally = Tally()
    store = _store(settings)
    inbox = Inbox(settings.queue_limit, tally)
    connection = Connection(
        settings.websocket_url,
        inbox=inbox,
        tally=tally,
        timings=timings,
        backoff=backoff(),
        guard=DialGuard(MOST_DIALS, DIAL_WINDOW_SECONDS),
        clock=time.monotonic,
        wall_clock=time.time,
    )
    instruments = InstrumentLoader(
        JsonClient(settings.rest_url, REST_TIMEOUT_SECONDS),
        settings.pairs,
        tally=tally,
        backoff=backoff(),
        missing_retry=MISSING_PAIR_RETRY_SECONDS,
    )
    feed = Feed(
        settings.pairs,
        store=store,
        inbox=inbox,
        link=connection,
        tally=tally,
        tradable=lambda: instruments.instruments,
        patience=patience,
        clock=time.monotonic,
    )
    streams = Streams(store, most=settings.most_streams, heartbeat=HEARTBEAT_SECONDS, clock=time.monotonic)
    return Parts(store, inbox, tally, connection, instruments, feed, streams)


def _store(settings: Settings) -> Store:
    return Store(
        [f"{SOURCE}:{pair}" for pair in settings.pairs],
        market=settings.market,
        source=SOURCE,
        stale_after=settings.stale_seconds,
        clock=time.monotonic,
        started=time.time(),
    )


def create_app(settings: Settings, *, parts: Parts) -> Flask:
    """The HTTP side over `parts`; starts nothing."""

    def books() -> str | None:
        missing = parts.store.not_live()
        return f"no live book of {', '.join(missing)}" if missing else None

    def instruments() -> Mapping[str, wire.Instrument]:
        return {instrument.symbol: instrument for instrument in parts.instruments.instruments.values()}

    app = Flask(__name__)
    readiness: ops.Readiness = {
        "connection": parts.connection.trouble,
        "books": books,
        "instruments": parts.instruments.trouble,
    }
    registry = ops.install(app, ops.Identity("marketdata", settings.replica, settings.market), readiness)
    metrics.install(registry, _readings(parts))
    app.register_blueprint(routes(parts.store, parts.streams, instruments))
    return app


def _readings(parts: Parts) -> metrics.Readings:
    return metrics.Readings(
        venue=SOURCE,
        tally=parts.tally,
        symbols=parts.store.symbols,
        connected=lambda: parts.connection.connected,
        frame_age=parts.connection.frame_age,
        queue_depth=parts.inbox.depth,
        quote_age=parts.store.age_seconds,
        not_live=parts.store.not_live,
        streams_open=lambda: parts.streams.open_count,
        streams_refused=lambda: parts.streams.refused,
    )


def serve() -> Flask:
    """Reads the settings, starts the feed, and returns the app for the HTTP server."""
    settings = Settings.from_environment()
    parts = make_parts(settings, Timings(), Patience(), full_jitter)
    parts.start()
    return create_app(settings, parts=parts)
