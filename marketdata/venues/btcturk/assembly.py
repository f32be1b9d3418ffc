"""Joins the parts that follow BTCTurk: socket, worker, instruments, history, tickers, and the audit of books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from marketdata.counters import Counters
from marketdata.link.connection import VenueSocket
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.rest.budget import Budget
from marketdata.rest.client import RestClient, RetryPolicy
from marketdata.state.book import Sides
from marketdata.state.store import Store
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.audit import DEPTH, RECHECK_SECONDS, Audit
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, CHART_ENDPOINTS, LIMITS
from marketdata.venues.btcturk.feed import BtcturkFeed, Mailbox
from marketdata.venues.btcturk.history import Clients, History, HistoryTimings
from marketdata.venues.btcturk.instruments import InstrumentLoader
from marketdata.venues.btcturk.intake import WITNESSES
from marketdata.venues.btcturk.notes import Notes
from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.settings import BtcturkSettings
from marketdata.venues.btcturk.subscriptions import Followed
from marketdata.venues.btcturk.ticker_loader import TickerLoader
from marketdata.venues.venue import Venue, VenueContext, told


@dataclass(frozen=True)
class BtcturkTimings:
    """The times of BTCTurk's parts.

    resync: the waits for data.
    rest: the limits of a REST call.
    history: the times of fetching the past.
    missing_pair_retry: seconds before the instruments are fetched again while a pair is missing.
    audit_recheck: seconds before a book with a difference is compared again.
    """

    resync: ResyncTimings = field(default_factory=ResyncTimings)
    rest: RetryPolicy = field(default_factory=RetryPolicy)
    history: HistoryTimings = field(default_factory=HistoryTimings)
    missing_pair_retry: float = 60.0
    audit_recheck: float = RECHECK_SECONDS


def build(settings: BtcturkSettings, context: VenueContext, timings: BtcturkTimings) -> Venue:
    """Returns the venue with all its parts joined; starts nothing."""
    store, candles, clock, notes = context.store, context.candles, context.clock, Notes()
    counters = Counters.of(kinds=frames.KINDS, reasons=frames.REASONS, channels=frames.CHANNELS, witnesses=WITNESSES)
    api, charts = _clients(settings, context, timings.rest)
    inbox = Inbox(context.queue_limit, counters, frames.classify)
    connection = context.connection(VenueSocket("btcturk", settings.addresses.websocket), inbox, counters)
    retry = timings.missing_pair_retry
    instruments = InstrumentLoader(api, settings.pairs, backoff=context.limits().backoff, missing_retry=retry)
    followed = Followed(settings.pairs, settings.book_channel, lambda: instruments.instruments)
    calls = Clients(api, charts)
    history = History(
        followed, calls, candles=candles, notes=notes, counters=counters, timings=timings.history, clock=clock
    )
    ends, mailbox, resync = LinkEnds(inbox, connection, counters), Mailbox(notes, history.missed), timings.resync
    feed = BtcturkFeed(followed, ends, store=store, candles=candles, timings=resync, mailbox=mailbox, clock=clock)
    tickers = TickerLoader(api, notes, counters=counters, clock=clock, pairs=followed.tradable)
    book, every, again = _published(store, instruments), settings.audit_seconds, timings.audit_recheck
    audit = Audit(followed.tradable, book, api=api, notes=notes, counters=counters, every=every, recheck=again)
    loops = (feed.loop, *connection.loops, instruments.loop, history.loop, tickers.loop)
    return Venue(
        name=frames.SOURCE,
        store=store,
        loops=(*loops, audit.loop) if settings.audit_seconds else loops,
        connection=connection,
        inbox=inbox,
        counters=counters,
        instruments=instruments.by_symbol,
        trouble=feed.trouble,
        readiness={
            "connection": connection.trouble,
            "books": lambda: _books_trouble(store),
            "instruments": instruments.trouble,
        },
        clients={"api": api, "charts": charts},
        nets=(history.net, *context.nets),
    )


def _clients(settings: BtcturkSettings, context: VenueContext, retries: RetryPolicy) -> tuple[RestClient, RestClient]:
    """Returns the clients of the API and of the charts, which share one budget."""
    budget, addresses = Budget(LIMITS, monotonic=context.clock.monotonic), settings.addresses
    api = RestClient(addresses.rest, API_ENDPOINTS, budget=budget, clock=context.clock, retries=retries)
    return api, RestClient(addresses.chart, CHART_ENDPOINTS, budget=budget, clock=context.clock, retries=retries)


def _published(store: Store, instruments: InstrumentLoader) -> Callable[[str], Sides | None]:
    def book(pair: str) -> Sides | None:
        published = store.book(f"{frames.SOURCE}:{pair}", DEPTH, instruments.instruments[pair])
        return None if published.stale else (published.bids, published.asks)

    return book


def _books_trouble(store: Store) -> str | None:
    faults = store.faults(frames.SOURCE)
    return f"no fresh book of {told(faults)}" if faults else None
