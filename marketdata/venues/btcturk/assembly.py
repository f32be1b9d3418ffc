"""Joins the parts that follow BTCTurk: socket, worker, instruments, history, tickers, and the audit of books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from marketdata.counters import Counters, zeros
from marketdata.link.connection import VenueSocket
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.outbound import Access
from marketdata.rest.budget import Budget
from marketdata.rest.client import Endpoints, RestClient, RetryPolicy
from marketdata.state.book import Sides
from marketdata.state.store import Store
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.audit import DEPTH, RECHECK_SECONDS, Audit
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, CHART_ENDPOINTS, LIMITS
from marketdata.venues.btcturk.feed import BtcturkFeed, Mailbox
from marketdata.venues.btcturk.history import Clients, History, HistoryTimings
from marketdata.venues.btcturk.instrument_file import InstrumentFile
from marketdata.venues.btcturk.instruments import InstrumentLoader, InstrumentOutlets, InstrumentTimings
from marketdata.venues.btcturk.intake import WITNESSES
from marketdata.venues.btcturk.known_pairs import CHANGES
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
    instruments: the times of loading the instruments.
    audit_recheck: seconds before a book with a difference is compared again.
    """

    resync: ResyncTimings = field(default_factory=ResyncTimings)
    rest: RetryPolicy = field(default_factory=RetryPolicy)
    history: HistoryTimings = field(default_factory=HistoryTimings)
    instruments: InstrumentTimings = field(default_factory=InstrumentTimings)
    audit_recheck: float = RECHECK_SECONDS


def build(settings: BtcturkSettings, context: VenueContext, timings: BtcturkTimings) -> Venue:
    """Returns the venue with all its parts joined; starts nothing."""
    store, candles, clock, notes = context.store, context.candles, context.clock, Notes()
    counters = _counters()
    api, charts = _clients(settings, context, timings.rest)
    inbox = Inbox(context.queue_limit, counters, frames.classify)
    socket = VenueSocket(
        "btcturk",
        settings.addresses.websocket,
        access=Access(context.proxies),
        tap=context.socket_tap("btcturk-socket"),
    )
    connection = context.connection(socket, inbox, counters)
    instruments = _instruments(settings, context, timings.instruments, api, (notes, counters))
    followed = Followed(settings.pairs, settings.book_channel, instruments.tradable, instruments.resting)
    calls = Clients(api, charts)
    history = History(
        followed, calls, candles=candles, notes=notes, counters=counters, timings=timings.history, clock=clock
    )
    ends, mailbox, resync = (
        LinkEnds(inbox, connection, counters),
        Mailbox(notes, history.missed, instruments.hint),
        timings.resync,
    )
    feed = BtcturkFeed(followed, ends, store=store, candles=candles, timings=resync, mailbox=mailbox, clock=clock)
    tickers = TickerLoader(api, notes, counters=counters, clock=clock)
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
            "books": lambda: _books_trouble(store, instruments),
            "instruments": instruments.trouble,
        },
        clients={"api": api, "charts": charts},
        nets=(instruments.net,),
    )


def _counters() -> Counters:
    """Returns the venue's counts, every known one at zero."""
    counters = Counters.of(kinds=frames.KINDS, reasons=frames.REASONS, channels=frames.CHANNELS, witnesses=WITNESSES)
    counters.instrument_changes = zeros(CHANGES)
    return counters


def _instruments(
    settings: BtcturkSettings,
    context: VenueContext,
    timings: InstrumentTimings,
    api: RestClient,
    told: tuple[Notes, Counters],
) -> InstrumentLoader:
    """Returns the loader of instruments, which tells the notes and the counters in `told` of changes."""
    clock, backoff = context.clock, context.limits().backoff
    outlets = InstrumentOutlets(InstrumentFile(settings.instruments_file, api.base_url, clock.unix), *told)
    return InstrumentLoader(api, settings.pairs, outlets, timings=timings, backoff=backoff, clock=clock)


def _clients(settings: BtcturkSettings, context: VenueContext, retries: RetryPolicy) -> tuple[RestClient, RestClient]:
    """Returns the clients of the API and of the charts, which share one budget."""
    budget, addresses = Budget(LIMITS, monotonic=context.clock.monotonic), settings.addresses

    def client(url: str, calls: Endpoints, link: str) -> RestClient:
        access, tap = Access(context.proxies), context.call_tap(link)
        return RestClient(url, calls, budget=budget, clock=context.clock, access=access, retries=retries, tap=tap)

    return client(addresses.rest, API_ENDPOINTS, "api"), client(addresses.chart, CHART_ENDPOINTS, "charts")


def _published(store: Store, instruments: InstrumentLoader) -> Callable[[str], Sides | None]:
    def book(pair: str) -> Sides | None:
        published = store.book(f"{frames.SOURCE}:{pair}", DEPTH, instruments.instruments[pair])
        return None if published.stale else (published.bids, published.asks)

    return book


def _books_trouble(store: Store, instruments: InstrumentLoader) -> str | None:
    resting = instruments.not_trading()
    faults = {symbol: fault for symbol, fault in store.faults(frames.SOURCE).items() if symbol not in resting}
    return f"no fresh book of {told(faults)}" if faults else None
