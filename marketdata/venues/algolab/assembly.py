"""Joins the parts that follow Borsa Istanbul over AlgoLab: its login, socket and worker."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from common.client import JsonClient
from common.errors import InvalidRequest, Unavailable
from marketdata.link.connection import VenueSocket
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.outbound import Access
from marketdata.rest.budget import Budget, Limit
from marketdata.rest.client import RestClient
from marketdata.state.rowbook import FAULTS
from marketdata.tape.secrets import Secrets
from marketdata.venues.algolab import frames, login_api
from marketdata.venues.algolab.books import WITNESSES
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.endpoints import CALLS, CONFIRM, LOGIN, path
from marketdata.venues.algolab.equity_requests import AUDIT_SECONDS, EquityRequests
from marketdata.venues.algolab.feed import AlgolabFeed, FeedTimings
from marketdata.venues.algolab.hours import Hours
from marketdata.venues.algolab.intake import AlgolabIntake
from marketdata.venues.algolab.metrics import AlgolabCollector
from marketdata.venues.algolab.session import Session
from marketdata.venues.algolab.session_keeper import LOGIN_SECONDS, SessionKeeper, Sms
from marketdata.venues.algolab.settings import MOST_SYMBOLS, AlgolabSettings
from marketdata.venues.algolab.steps import LISTS
from marketdata.venues.algolab.subscriptions import AlgolabSubscriptions
from marketdata.venues.algolab.vault import Vault
from marketdata.venues.venue import Membership, Venue, VenueContext

log = logging.getLogger(__name__)

CALL_SECONDS = 5.0
SMS_SECONDS = 5.0
LIVENESS_SYMBOL = "USDTRY"
"""A symbol that ticks round the clock. It is not followed: its ticks only prove that the feed is alive."""


NAME = re.compile("[A-Z0-9]{2,12}")


@dataclass(frozen=True)
class AlgolabTimings:
    """The times of AlgoLab's parts, in seconds.

    calls: the window in which the broker allows a customer one REST call.
    logins: between two logins that no person makes.
    audits: between two comparisons of one share's best prices.
    feed: the worker's times.
    """

    calls: float = CALL_SECONDS
    logins: float = LOGIN_SECONDS
    audits: float = AUDIT_SECONDS
    feed: FeedTimings = field(default_factory=FeedTimings)


def build(
    settings: AlgolabSettings, context: VenueContext, timings: AlgolabTimings, liveness_symbol: str = LIVENESS_SYMBOL
) -> Venue:
    """Returns the venue with all its parts joined; starts nothing. `liveness_symbol` is empty for none."""
    store, clock, listings = context.store, context.clock, settings.listings()
    counters, rest = _counters(), _client(settings, context, timings.calls)
    session = _session(settings, context, rest, counters)
    monotonic, pause, limits = clock.monotonic, timings.logins, EquityRequests(clock.monotonic, timings.audits)
    inbox = Inbox(context.queue_limit, counters, frames.classify)
    subscriptions = AlgolabSubscriptions(listings, liveness_symbol)
    connection = context.connection(_socket(settings, context, session, subscriptions), inbox, counters)
    sms = sms_reader(settings.addresses.sms, settings.credentials.api_key) if settings.addresses.sms else None
    keeper = SessionKeeper(
        session, connection, limits, sms=sms, counters=counters, monotonic=monotonic, login_pause=pause
    )
    hours, candles = Hours(clock.unix, settings.sessions == "always"), context.candles
    intake = AlgolabIntake(
        listings, liveness_symbol, store=store, candles=candles, limits=limits, counters=counters, hours=hours
    )
    ends, times = LinkEnds(inbox, connection, counters), timings.feed
    feed = AlgolabFeed(intake, ends, subscriptions=subscriptions, store=store, login=keeper, clock=clock, timings=times)
    return Venue(
        name=frames.SOURCE,
        store=store,
        loops=(feed.loop, *connection.loops, keeper.loop),
        connection=connection,
        inbox=inbox,
        counters=counters,
        instruments=feed.instruments,
        trouble=feed.trouble,
        membership=_membership(settings, feed),
        readiness={"bist": lambda: session.trouble() or connection.trouble() or feed.trouble()},
        login_trouble=session.trouble,
        login_again=session.again,
        is_open=feed.is_open,
        clients={"broker": rest},
        nets=(limits.net, *context.nets),
        blueprint=login_api.routes(session, settings.operator_verifier),
        collector=AlgolabCollector(counters, session),
    )


def _membership(settings: AlgolabSettings, feed: AlgolabFeed) -> Membership:
    def begin(symbol: str) -> None:
        feed.follow(settings.listing(symbol))

    return Membership(MOST_SYMBOLS, check_name, settings.listing, begin, feed.unfollow)


def check_name(symbol: str) -> None:
    """Raises `InvalidRequest` for a name that no share has. The broker has no list of shares to look it up in."""
    if not NAME.fullmatch(symbol):
        raise InvalidRequest("symbol", f"no share is called {symbol!r}: names are 2 to 12 capital letters and digits")


def _socket(
    settings: AlgolabSettings, context: VenueContext, session: Session, subscriptions: AlgolabSubscriptions
) -> VenueSocket:
    return VenueSocket(
        "algolab",
        settings.addresses.websocket,
        session.socket_headers,
        subscriptions.heartbeat,
        access=Access(context.proxies, credentials=True),
        tap=context.socket_tap("algolab-socket", Secrets(session.secrets)),
    )


def _counters() -> AlgolabCounters:
    return AlgolabCounters.of(
        kinds=frames.KINDS,
        reasons=frames.REASONS,
        faults=FAULTS,
        oddities=frames.ODDITIES,
        lists=LISTS,
        witnesses=WITNESSES,
    )


def _client(settings: AlgolabSettings, context: VenueContext, seconds: float) -> RestClient:
    """Returns the client of the REST calls. All calls share one limit, that of the customer; a refusal of one call
    alone is counted by its own."""
    limits = dict.fromkeys(("customer", *CALLS), Limit(1, seconds))
    budget = Budget(limits, monotonic=context.clock.monotonic, share=1.0)
    endpoints = {call: ("customer", call) for call in CALLS}
    access = Access(context.proxies, credentials=True)
    tap = context.call_tap("broker", Secrets(settings.credentials.secrets), [path(LOGIN), path(CONFIRM)])
    return RestClient(settings.addresses.rest, endpoints, budget=budget, clock=context.clock, access=access, tap=tap)


def _session(settings: AlgolabSettings, context: VenueContext, rest: RestClient, counters: AlgolabCounters) -> Session:
    return Session(
        settings.credentials,
        rest_client=rest,
        vault=Vault(settings.session_file, settings.credentials.api_key),
        counters=counters,
        unix=context.clock.unix,
        ready=settings.ready_session,
    )


def sms_reader(url: str, api_key: str) -> Sms:
    """Returns a reader of the simulated broker's text message. The real broker has no call for it."""
    client = JsonClient(url, SMS_SECONDS, headers={"APIKEY": api_key})

    def read() -> str | None:
        try:
            return (client.get("", dict[str, str]) or {}).get("code")
        except Unavailable as error:
            log.warning("the text message can't be read", extra={"reason": error.message})
            return None

    return read
