"""Joins the parts that follow BTCTurk: socket, worker, instruments, history, tickers, and the audit of books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from common.loop import Loop
from marketdata.counters import Counters, zeros
from marketdata.link.connection import VenueSocket
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.nets import SafetyNet
from marketdata.outbound import Access
from marketdata.rest.budget import Budget
from marketdata.rest.client import Endpoints, RestClient, RetryPolicy
from marketdata.state.book import ODDITIES, Sides
from marketdata.state.store import Store
from marketdata.venues.btcturk import answers, bar_answers, frames, oddframes, pair_answers, steps
from marketdata.venues.btcturk.audit import DEPTH, PAUSE_SECONDS, RECHECK_SECONDS, Audit, AuditTimings
from marketdata.venues.btcturk.claims import WITNESSES
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, CHART_ENDPOINTS, LIMITS
from marketdata.venues.btcturk.feed import BtcturkFeed, Mailbox
from marketdata.venues.btcturk.history import Clients, History, HistoryTimings
from marketdata.venues.btcturk.instrument_file import InstrumentFile
from marketdata.venues.btcturk.instruments import InstrumentLoader, InstrumentOutlets, InstrumentTimings
from marketdata.venues.btcturk.known_pairs import CHANGES
from marketdata.venues.btcturk.notes import FollowedPair, Notes, UnfollowedPair
from marketdata.venues.btcturk.pairs import PairList
from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.settings import MOST_PAIRS, BtcturkSettings
from marketdata.venues.btcturk.subscriptions import Followed
from marketdata.venues.btcturk.ticker_loader import TickerLoader
from marketdata.venues.venue import Membership, Venue, VenueContext, told


@dataclass(frozen=True)
class BtcturkTimings:
    """The times of BTCTurk's parts.

    resync: the waits for data.
    rest: the limits of a REST call.
    history: the times of fetching the past.
    instruments: the times of loading the instruments.
    audit_recheck: seconds before a book with a difference is compared again.
    audit_pause: seconds at least between two audits.
    """

    resync: ResyncTimings = field(default_factory=ResyncTimings)
    rest: RetryPolicy = field(default_factory=RetryPolicy)
    history: HistoryTimings = field(default_factory=HistoryTimings)
    instruments: InstrumentTimings = field(default_factory=InstrumentTimings)
    audit_recheck: float = RECHECK_SECONDS
    audit_pause: float = PAUSE_SECONDS

    def audit(self, every: float) -> AuditTimings:
        """Returns the times of the audit, with `every` so many seconds between two of one book."""
        return AuditTimings(every, self.audit_recheck, self.audit_pause)


@dataclass(frozen=True)
class _Shared:
    """The things that several parts use.

    api, charts: the clients of the venue's two REST hosts.
    notes: the notes to the worker.
    counters: the venue's counts.
    """

    api: RestClient
    charts: RestClient
    notes: Notes
    counters: Counters


def build(settings: BtcturkSettings, context: VenueContext, timings: BtcturkTimings) -> Venue:
    """Returns the venue with all its parts joined; starts nothing."""
    store, candles, clock, notes, counters = context.store, context.candles, context.clock, Notes(), _counters()
    api, charts = _clients(settings, context, timings.rest)
    shared = _Shared(api, charts, notes, counters)
    inbox = Inbox(context.queue_limit, counters, frames.classify)
    socket = VenueSocket(
        "btcturk",
        settings.addresses.websocket,
        access=Access(context.proxies),
        tap=context.socket_tap("btcturk-socket"),
    )
    connection = context.connection(socket, inbox, counters)
    pairs = PairList(settings.pairs)
    instruments = _instruments(settings, context, timings.instruments, shared, pairs)
    followed = Followed(pairs, settings.book_channel, instruments.tradable, instruments.resting)
    calls, times = Clients(api, charts), timings.history
    history = History(followed, calls, candles=candles, notes=notes, counters=counters, timings=times, clock=clock)
    ends, mailbox = LinkEnds(inbox, connection, counters), Mailbox(notes, history.missed, instruments.hint)
    waits = timings.resync
    feed = BtcturkFeed(followed, ends, store=store, candles=candles, timings=waits, mailbox=mailbox, clock=clock)
    checks, nets = _checks(settings, context, timings, shared, followed)
    return Venue(
        name=frames.SOURCE,
        store=store,
        loops=(feed.loop, *connection.loops, instruments.loop, history.loop, *checks),
        connection=connection,
        inbox=inbox,
        counters=counters,
        instruments=instruments.by_symbol,
        trouble=lambda: instruments.missing() or feed.trouble(),
        readiness={
            "connection": connection.trouble,
            "books": lambda: _books_trouble(store, instruments),
            "instruments": instruments.trouble,
        },
        membership=_membership(settings, pairs, instruments, notes),
        clients={"api": api, "charts": charts},
        nets=(instruments.net, *nets, history.net, *context.nets),
    )


def _counters() -> Counters:
    """Returns the venue's counts, every known one at zero."""
    counters = Counters.of(
        kinds=frames.KINDS,
        reasons=frames.REASONS,
        channels=frames.CHANNELS,
        oddities=(*ODDITIES, *oddframes.ODDITIES, *steps.ODDITIES),
        lists=(*oddframes.LISTS, *answers.LISTS, *pair_answers.LISTS, *bar_answers.LISTS),
        witnesses=WITNESSES,
    )
    counters.instrument_changes = zeros(CHANGES)
    return counters


def _instruments(
    settings: BtcturkSettings, context: VenueContext, timings: InstrumentTimings, shared: _Shared, pairs: PairList
) -> InstrumentLoader:
    clock, backoff, api = context.clock, context.limits().backoff, shared.api
    file = InstrumentFile(settings.instruments_file, api.base_url, clock.unix)
    outlets = InstrumentOutlets(file, shared.notes, shared.counters)
    return InstrumentLoader(api, pairs, outlets, timings=timings, backoff=backoff, clock=clock)


def _membership(settings: BtcturkSettings, pairs: PairList, instruments: InstrumentLoader, notes: Notes) -> Membership:
    def begin(pair: str) -> None:
        pairs.add(pair)
        notes.put(FollowedPair(pair))
        instruments.follow(pair)

    def end(pair: str, left: Callable[[], None]) -> None:
        pairs.remove(pair)
        instruments.unfollow(pair)
        notes.put(UnfollowedPair(pair, left))

    return Membership(MOST_PAIRS, instruments.check_listed, settings.listing, begin, end)


def _checks(
    settings: BtcturkSettings, context: VenueContext, timings: BtcturkTimings, shared: _Shared, followed: Followed
) -> tuple[tuple[Loop, ...], tuple[SafetyNet, ...]]:
    """Returns the loops and nets of the tickers by REST, and of the audit of books where it is on."""
    api, notes, counters = shared.api, shared.notes, shared.counters
    nets = SafetyNet("tickers"), SafetyNet("book_audit")
    tickers = TickerLoader(api, notes, followed, counters=counters, net=nets[0], clock=context.clock)
    if not settings.audit_seconds:
        return (tickers.loop,), nets[:1]
    book, times = _published(context.store, followed), timings.audit(settings.audit_seconds)
    audit = Audit(followed.tradable, book, api=api, notes=notes, counters=counters, net=nets[1], timings=times)
    return (tickers.loop, audit.loop), nets


def _clients(settings: BtcturkSettings, context: VenueContext, retries: RetryPolicy) -> tuple[RestClient, RestClient]:
    """Returns the clients of the API and of the charts, which share one budget."""
    budget, addresses = Budget(LIMITS, monotonic=context.clock.monotonic), settings.addresses

    def client(url: str, calls: Endpoints, link: str) -> RestClient:
        access, tap = Access(context.proxies), context.call_tap(link)
        return RestClient(url, calls, budget=budget, clock=context.clock, access=access, retries=retries, tap=tap)

    return client(addresses.rest, API_ENDPOINTS, "api"), client(addresses.chart, CHART_ENDPOINTS, "charts")


def _published(store: Store, followed: Followed) -> Callable[[str], Sides | None]:
    def book(pair: str) -> Sides | None:
        instrument = followed.tradable().get(pair)
        if instrument is None:
            return None
        if not store.is_live(instrument.symbol):
            return None
        published = store.book(instrument.symbol, DEPTH, instrument)
        return published.bids, published.asks

    return book


def _books_trouble(store: Store, instruments: InstrumentLoader) -> str | None:
    resting = instruments.not_trading()
    faults = {symbol: fault for symbol, fault in store.faults(frames.SOURCE).items() if symbol not in resting}
    return f"no fresh book of {told(faults)}" if faults else None
