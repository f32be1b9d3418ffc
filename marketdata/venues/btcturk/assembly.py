"""Joins the parts that follow BTCTurk: socket, worker, instruments, the past, and the audit of books if it is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from marketdata.venues.btcturk.audit import DEPTH, RECHECK_SECONDS, Audit
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, CHART_ENDPOINTS, LIMITS, Rest
from marketdata.venues.btcturk.feed import Feed
from marketdata.venues.btcturk.history import History, Pace
from marketdata.venues.btcturk.instruments import InstrumentLoader
from marketdata.venues.btcturk.intake import Notes
from marketdata.venues.btcturk.ticker_loader import Present
from marketdata.venues.btcturk.resync import Patience
from marketdata.link.connection import Connection, Timings
from marketdata.link.inbox import Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.link.worker import Link
from marketdata.rest.budget import Budget
from marketdata.rest.client import Patience as RestPatience
from marketdata.rest.client import RestClient
from marketdata.state.book import Sides
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.btcturk import frames


@dataclass(frozen=True)
class Addresses:
    """Where the venue is."""

    websocket: str
    rest: str
    charts: str


@dataclass(frozen=True)
class Manners:
    """How long the parts wait for what; in seconds where nothing else is said. `audit_every` 0 is no audit."""

    timings: Timings = field(default_factory=Timings)
    patience: Patience = field(default_factory=Patience)
    rest: RestPatience = field(default_factory=RestPatience)
    pace: Pace = field(default_factory=Pace)
    missing_pair_retry: float = 60.0
    first_delay: float = 0.0
    audit_every: float = 0.0
    audit_recheck: float = RECHECK_SECONDS


@dataclass(frozen=True)
class Clocks:
    """`monotonic` seconds for intervals, `unix` seconds for times."""

    monotonic: Callable[[], float]
    unix: Callable[[], float]


@dataclass(frozen=True)
class Btcturk:
    """Everything that runs for this venue."""

    inbox: Inbox
    connection: Connection
    feed: Feed
    instruments: InstrumentLoader
    history: History
    audit: Audit | None
    notes: Notes
    charts: RestClient
    api: RestClient

    def start(self) -> None:
        """Starts the threads."""
        self.feed.start()
        self.instruments.start()
        self.connection.start()
        self.history.start()
        if self.audit is not None:
            self.audit.start()

    def stop(self) -> None:
        """Ends the threads."""
        if self.audit is not None:
            self.audit.stop()
        self.history.stop()
        self.connection.stop()
        self.instruments.stop()
        self.feed.stop()


def join(
    pairs: Sequence[str],
    addresses: Addresses,
    *,
    book: frames.BookChannel,
    store: Store,
    candles: CandleStore,
    tally: Tally,
    queue_limit: int,
    guard: DialGuard,
    backoff: Callable[[], Backoff],
    manners: Manners,
    clocks: Clocks,
) -> Btcturk:
    """All parts joined; starts nothing. `book` is the channel that books come by; `backoff` makes one for each part
    that needs it."""
    api, charts = _rest(addresses, manners, clocks)
    inbox = Inbox(queue_limit, tally, frames.classify)
    connection = Connection(
        addresses.websocket,
        inbox=inbox,
        tally=tally,
        timings=manners.timings,
        backoff=backoff(),
        guard=guard,
        clock=clocks.monotonic,
        wall_clock=clocks.unix,
        first_delay=manners.first_delay,
    )
    instruments = InstrumentLoader(api, pairs, tally=tally, backoff=backoff(), missing_retry=manners.missing_pair_retry)
    shared = _Shared(pairs, book, store, candles, tally, instruments, Notes(), manners, clocks)
    history = shared.history(charts, api)
    feed = shared.feed(inbox, connection, history)
    return Btcturk(inbox, connection, feed, instruments, history, shared.audit(api), shared.notes, charts, api)


def _rest(addresses: Addresses, manners: Manners, clocks: Clocks) -> tuple[RestClient, RestClient]:
    """Clients of the API and of the charts, which share one budget."""
    budget = Budget(LIMITS, clock=clocks.monotonic)
    api, charts = (
        RestClient(
            url,
            endpoints,
            budget=budget,
            clock=clocks.monotonic,
            wall_clock=clocks.unix,
            patience=manners.rest,
        )
        for url, endpoints in ((addresses.rest, API_ENDPOINTS), (addresses.charts, CHART_ENDPOINTS))
    )
    return api, charts


@dataclass(frozen=True)
class _Shared:
    """What worker, history and audit have in common."""

    pairs: Sequence[str]
    book: frames.BookChannel
    store: Store
    candles: CandleStore
    tally: Tally
    instruments: InstrumentLoader
    notes: Notes
    manners: Manners
    clocks: Clocks

    def history(self, charts: Rest, api: Rest) -> History:
        return History(
            self.pairs,
            candles=self.candles,
            charts=charts,
            api=api,
            notes=self.notes,
            tally=self.tally,
            tradable=lambda: self.instruments.instruments,
            present=Present(
                api=api,
                notes=self.notes,
                tally=self.tally,
                clock=self.clocks.monotonic,
                wall_clock=self.clocks.unix,
            ),
            pace=self.manners.pace,
            clock=self.clocks.monotonic,
            wall_clock=self.clocks.unix,
        )

    def feed(self, inbox: Inbox, link: Link, history: History) -> Feed:
        return Feed(
            self.pairs,
            book=self.book,
            store=self.store,
            candles=self.candles,
            inbox=inbox,
            link=link,
            tally=self.tally,
            tradable=lambda: self.instruments.instruments,
            patience=self.manners.patience,
            notes=self.notes,
            missed=history.missed,
            clock=self.clocks.monotonic,
            wall_clock=self.clocks.unix,
        )

    def audit(self, api: Rest) -> Audit | None:
        if self.manners.audit_every <= 0:
            return None
        return Audit(
            pairs=lambda: self.instruments.instruments,
            book=self._book,
            api=api,
            notes=self.notes,
            tally=self.tally,
            every=self.manners.audit_every,
            recheck=self.manners.audit_recheck,
        )

    def _book(self, pair: str) -> Sides | None:
        shown = self.store.book(f"{frames.SOURCE}:{pair}", DEPTH, self.instruments.instruments[pair])
        return None if shown.stale else (shown.bids, shown.asks)
