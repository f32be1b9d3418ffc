"""Joins the parts of market data: the venues' feeds, the store, streams, and the HTTP calls over them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask

from common import ops, wire
from marketdata import metrics
from marketdata.algolab import metrics as broker_metrics
from marketdata.venues.algolab.assembly import BistFeed, Broker, Surroundings, assemble
from marketdata.venues.algolab.session import Credentials
from marketdata.api import routes
from marketdata.venues.btcturk.instruments import InstrumentLoader
from marketdata.venues.btcturk.resync import Patience
from marketdata.venues.btcturk.assembly import Addresses, Btcturk, Clocks, Manners, join
from marketdata.venues.venue import FollowedVenue
from marketdata.link.connection import Connection, Timings
from marketdata.link.inbox import Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.settings import BistSettings, Settings
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from marketdata.counters import Tally
from marketdata.venues import algolab, btcturk

HEARTBEAT_SECONDS = 5.0
SLOW_CLIENT_SECONDS = 15.0
BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS = 1.0, 60.0
MOST_DIALS, DIAL_WINDOW_SECONDS = 10, 60.0
FIRST_DIAL_SECONDS = 5.0
INDEX_PREFIX = "XU"


@dataclass(frozen=True)
class Rhythm:
    """How patient the parts are. `backoff` makes one for each part that needs it; `first_delay` seconds pass before
    the first dial."""

    timings: Timings
    patience: Patience
    backoff: Callable[[], Backoff]
    first_delay: float = 0.0


@dataclass(frozen=True)
class Parts:
    """Everything that runs beside the HTTP server."""

    store: Store
    btcturk: Btcturk
    bist: BistFeed | None
    candles: CandleStore
    streams: Streams
    tally: Tally

    @property
    def inbox(self) -> Inbox:
        """Between BTCTurk's socket and its worker."""
        return self.btcturk.inbox

    @property
    def connection(self) -> Connection:
        """BTCTurk's socket."""
        return self.btcturk.connection

    @property
    def instruments(self) -> InstrumentLoader:
        """What BTCTurk trades."""
        return self.btcturk.instruments

    def traded(self) -> Mapping[str, wire.Instrument]:
        """What the venues trade, by symbol; empty until one of them told."""
        return _traded(self.btcturk, self.bist)

    def feeds(self) -> list[FollowedVenue]:
        """Each venue's feed."""
        pair = self.btcturk
        crypto = FollowedVenue(
            venue=btcturk.SOURCE,
            store=self.store,
            connection=pair.connection,
            inbox=pair.inbox,
            tally=self.tally,
            trouble=pair.feed.trouble,
            clients={"api": pair.api, "charts": pair.charts},
        )
        return [crypto] if self.bist is None else [crypto, _followed(self.bist, self.store)]

    def start(self) -> None:
        """Starts the threads."""
        self.streams.start()
        self.btcturk.start()
        if self.bist is not None:
            self.bist.start()

    def stop(self) -> None:
        """Ends the threads."""
        if self.bist is not None:
            self.bist.stop()
        self.btcturk.stop()
        self.streams.stop()


def full_jitter() -> Backoff:
    """The back-off of every dial and of every call that is tried again."""
    return Backoff(BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS, random.uniform)


def make_parts(settings: Settings, rhythm: Rhythm) -> Parts:
    """All parts joined as they run in production; starts nothing."""
    tally = Tally.of(kinds=btcturk.KINDS, reasons=btcturk.REASONS, channels=btcturk.CHANNELS)
    store = Store(
        _listings(settings),
        market=settings.market,
        stale_after=settings.stale_seconds,
        clock=time.monotonic,
        started=time.time(),
    )
    candles = CandleStore(store.symbols, clock=time.time)
    crypto = join(
        settings.pairs,
        Addresses(settings.websocket_url, settings.rest_url, settings.chart_url),
        book=settings.book_channel,
        store=store,
        candles=candles,
        tally=tally,
        queue_limit=settings.queue_limit,
        guard=_guard(),
        backoff=rhythm.backoff,
        manners=_manners(settings, rhythm),
        clocks=Clocks(time.monotonic, time.time),
    )
    bist = None if settings.bist is None else _bist(settings, settings.bist, store, candles, rhythm)
    streams = Streams(
        store,
        instruments=lambda: _traded(crypto, bist),
        most=settings.most_streams,
        heartbeat=HEARTBEAT_SECONDS,
        send_seconds=SLOW_CLIENT_SECONDS,
        clock=time.monotonic,
    )
    return Parts(store, crypto, bist, candles, streams, tally)


def _listings(settings: Settings) -> list[Listing]:
    shares = _shares(settings.bist) if settings.bist else []
    return [*(Listing(btcturk.SOURCE, pair, "diffs") for pair in settings.pairs), *shares]


def _shares(bist: BistSettings) -> list[Listing]:
    """An index has prices and no book."""
    return [
        Listing(algolab.SOURCE, symbol, "rows" if bist.depth and not symbol.startswith(INDEX_PREFIX) else "top")
        for symbol in bist.symbols
    ]


def _guard() -> DialGuard:
    """One for each host, as venues count dials by address."""
    return DialGuard(MOST_DIALS, DIAL_WINDOW_SECONDS)


def _manners(settings: Settings, rhythm: Rhythm) -> Manners:
    return Manners(
        timings=rhythm.timings,
        patience=rhythm.patience,
        first_delay=rhythm.first_delay,
        audit_every=settings.audit_seconds,
    )


def _bist(settings: Settings, bist: BistSettings, store: Store, candles: CandleStore, rhythm: Rhythm) -> BistFeed:
    return assemble(
        Broker(
            bist.websocket_url,
            bist.rest_url,
            bist.sms_url,
            Credentials(bist.api_key, bist.username, bist.password),
            bist.session_file,
            bist.ready_session,
        ),
        _shares(bist),
        Surroundings(
            store=store,
            candles=candles,
            timings=rhythm.timings,
            backoff=rhythm.backoff(),
            guard=_guard(),
            queue_limit=settings.queue_limit,
            clock=time.monotonic,
            wall_clock=time.time,
        ),
        always_open=bist.sessions == "always",
        operator_token=bist.operator_token,
    )


def _followed(bist: BistFeed, store: Store) -> FollowedVenue:
    return FollowedVenue(
        venue=algolab.SOURCE,
        store=store,
        connection=bist.connection,
        inbox=bist.inbox,
        tally=bist.tally,
        trouble=bist.trouble,
        waits_for_login=bist.session.trouble,
        trading=bist.feed.trading,
        clients={"broker": bist.rest},
    )


def _traded(crypto: Btcturk, bist: BistFeed | None) -> Mapping[str, wire.Instrument]:
    known = list(crypto.instruments.instruments.values())
    if bist is not None:
        known += bist.feed.instruments().values()
    return {instrument.symbol: instrument for instrument in known}


def create_app(settings: Settings, *, parts: Parts) -> Flask:
    """The HTTP side over `parts`; starts nothing."""
    feeds = parts.feeds()

    def books() -> str | None:
        missing = parts.store.not_live(btcturk.SOURCE)
        return f"no live book of {', '.join(missing)}" if missing else None

    app = Flask(__name__)
    readiness: dict[str, Callable[[], str | None]] = {
        "connection": parts.connection.trouble,
        "books": books,
        "instruments": parts.instruments.trouble,
    }
    if parts.bist is not None:
        readiness["bist"] = parts.bist.trouble
        app.register_blueprint(parts.bist.blueprint)
    registry = ops.install(app, ops.Identity("marketdata", settings.replica, settings.market), readiness)
    metrics.install(registry, feeds, parts.store, parts.streams)
    if parts.bist is not None:
        broker_metrics.install(registry, parts.bist)
    app.register_blueprint(
        routes(
            parts.store,
            parts.streams,
            instruments=parts.traded,
            candles=parts.candles.latest,
            feeds=lambda: [feed.row() for feed in feeds],
        )
    )
    return app


def serve() -> Flask:
    """Reads the settings, starts the feeds, and returns the app for the HTTP server."""
    settings = Settings.from_environment()
    first_delay = random.uniform(0.0, FIRST_DIAL_SECONDS) if settings.market == "live" else 0.0
    parts = make_parts(settings, Rhythm(Timings(), Patience(), full_jitter, first_delay))
    parts.start()
    return create_app(settings, parts=parts)
