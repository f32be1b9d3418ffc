"""Joins the parts that follow BTCTurk: socket, worker, instruments, history, tickers, and the audit of books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from marketdata.counters import Counters
from marketdata.link.connection import VenueSocket
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.nets import SafetyNet
from marketdata.rest.budget import Budget
from marketdata.rest.client import RestClient, RetryPolicy
from marketdata.state.book import ODDITIES, Sides
from marketdata.state.store import Store
from marketdata.venues.btcturk import answers, bar_answers, frames, oddframes, steps
from marketdata.venues.btcturk.audit import DEPTH, PAUSE_SECONDS, RECHECK_SECONDS, Audit, AuditTimings
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
    audit_pause: seconds at least between two audits.
    """

    resync: ResyncTimings = field(default_factory=ResyncTimings)
    rest: RetryPolicy = field(default_factory=RetryPolicy)
    history: HistoryTimings = field(default_factory=HistoryTimings)
    missing_pair_retry: float = 60.0
    audit_recheck: float = RECHECK_SECONDS
    audit_pause: float = PAUSE_SECONDS

    def audit(self, every: float) -> AuditTimings:
        """Returns the times of the audit, with `every` so many seconds between two of one book."""
        return AuditTimings(every, self.audit_recheck, self.audit_pause)


def build(settings: BtcturkSettings, context: VenueContext, timings: BtcturkTimings) -> Venue:
    """Returns the venue with all its parts joined; starts nothing."""
    store, candles, clock, notes = context.store, context.candles, context.clock, Notes()
    counters = _counters()
    api, charts = _clients(settings, context, timings.rest)
    inbox = Inbox(context.queue_limit, counters, frames.classify)
    connection = context.connection(VenueSocket("btcturk", settings.addresses.websocket), inbox, counters)
    retry = timings.missing_pair_retry
    instruments = InstrumentLoader(
        api, settings.pairs, backoff=context.limits().backoff, missing_retry=retry, counters=counters
    )
    followed = Followed(settings.pairs, settings.book_channel, lambda: instruments.instruments)
    calls = Clients(api, charts)
    history = History(
        followed, calls, candles=candles, notes=notes, counters=counters, timings=timings.history, clock=clock
    )
    ends, mailbox, resync = LinkEnds(inbox, connection, counters), Mailbox(notes, history.missed), timings.resync
    feed = BtcturkFeed(followed, ends, store=store, candles=candles, timings=resync, mailbox=mailbox, clock=clock)
    nets = SafetyNet("tickers"), SafetyNet("book_audit")
    tickers = TickerLoader(api, notes, tick_of=followed.tick, counters=counters, net=nets[0], clock=clock)
    book, times = _published(store, instruments), timings.audit(settings.audit_seconds)
    audit = Audit(followed.tradable, book, api=api, notes=notes, counters=counters, net=nets[1], timings=times)
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
        nets=nets if settings.audit_seconds else nets[:1],
    )


def _counters() -> Counters:
    oddities, lists = (*ODDITIES, *oddframes.ODDITIES, *steps.ODDITIES), (*oddframes.LISTS, *answers.LISTS)
    return Counters.of(
        kinds=frames.KINDS,
        reasons=frames.REASONS,
        channels=frames.CHANNELS,
        oddities=oddities,
        lists=(*lists, *bar_answers.LISTS),
        witnesses=WITNESSES,
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
