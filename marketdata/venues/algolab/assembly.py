"""Joins the parts of Borsa Istanbul's feed over AlgoLab; starts nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from flask import Blueprint

from common.bist import rules
from common.client import JsonClient
from common.errors import Unavailable
from common.wire import Phase
from marketdata.algolab import operator
from marketdata.venues.algolab.counters import Counts
from marketdata.venues.algolab.feed import QUIET_SECONDS, REPAIR_PAUSE_SECONDS, Feed
from marketdata.venues.algolab.intake import Intake
from marketdata.venues.algolab.session_keeper import LOGIN_SECONDS, Keeper, Sms
from marketdata.venues.algolab.limits import AUDIT_SECONDS, Limits
from marketdata.venues.algolab.session import Credentials, Session
from marketdata.venues.algolab.vault import Vault
from marketdata.link.connection import Connection, Timings
from marketdata.link.inbox import Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.rest.budget import Budget, Limit
from marketdata.rest.client import Endpoint, RestClient
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.rowbook import FAULTS
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.algolab import frames
from marketdata.venues.algolab.answers import CALLS

log = logging.getLogger(__name__)

CALL_SECONDS = 5.1
SMS_SECONDS = 5.0
CANARY = "USDTRY"


@dataclass(frozen=True)
class Broker:
    """Where the broker is and what it knows us by. `sms_url` is empty where a person has to type the code; `ready` is
    a session that the operator brought, empty if there is none."""

    websocket_url: str
    rest_url: str
    sms_url: str
    credentials: Credentials
    session_file: Path
    ready: str = ""


@dataclass(frozen=True)
class Pace:
    """Seconds: between calls, between logins, between audits of one share's best prices, without any frame until that
    is trouble, between repairs by a new socket."""

    calls: float = CALL_SECONDS
    logins: float = LOGIN_SECONDS
    audits: float = AUDIT_SECONDS
    quiet: float = QUIET_SECONDS
    repairs: float = REPAIR_PAUSE_SECONDS


@dataclass(frozen=True)
class Surroundings:
    """What the feed shares with the rest of the service, or gets from it. `clock` is monotonic, `wall_clock` gives
    unix seconds."""

    store: Store
    candles: CandleStore
    timings: Timings
    backoff: Backoff
    guard: DialGuard
    queue_limit: int
    clock: Callable[[], float]
    wall_clock: Callable[[], float]


@dataclass(frozen=True)
class BistFeed:
    """Everything of this feed that runs, and what is read of it."""

    session: Session
    keeper: Keeper
    connection: Connection
    feed: Feed
    inbox: Inbox
    rest: RestClient
    tally: Tally
    counts: Counts
    blueprint: Blueprint

    def start(self) -> None:
        """Starts the threads."""
        self.feed.start()
        self.connection.start()
        self.keeper.start()

    def stop(self) -> None:
        """Ends the threads."""
        self.keeper.stop()
        self.connection.stop()
        self.feed.stop()

    def trouble(self) -> str | None:
        """The first reason why the feed can't be relied on: no session, no socket, or what comes over it."""
        return self.session.trouble() or self.connection.trouble() or self.feed.trouble()


def assemble(
    broker: Broker,
    listings: Sequence[Listing],
    around: Surroundings,
    *,
    always_open: bool,
    operator_token: str,
    canary: str = CANARY,
    pace: Pace | None = None,
) -> BistFeed:
    """The parts joined. `listings` are those of `BIST` alone, with book `rows` where depth is followed, else `top`.
    With `always_open` the exchange never closes, as the simulated one may. `canary` is a symbol that ticks round the
    clock, empty for none."""
    pace = pace or Pace()
    tally, counts = Tally.of(kinds=frames.KINDS, reasons=frames.REASONS, faults=FAULTS), Counts()
    rest = _rest(broker.rest_url, pace.calls, around)
    session = _session(broker, rest, counts, around)
    limits = Limits(around.clock, pace.audits)
    inbox = Inbox(around.queue_limit, tally, frames.classify)
    connection = _connection(broker.websocket_url, session, inbox, tally, around, lambda: feed.heartbeat())
    sms = sms_reader(broker.sms_url, broker.credentials.api_key) if broker.sms_url else None
    keeper = Keeper(
        session, connection, limits, sms=sms, counts=counts, tally=tally, clock=around.clock, login_pause=pace.logins
    )
    intake = Intake(
        listings,
        canary=canary,
        store=around.store,
        candles=around.candles,
        limits=limits,
        tally=tally,
        counts=counts,
        phase_at=_always_continuous if always_open else rules.phase_at,
        received=around.wall_clock(),
    )
    feed = _feed(intake, canary, session, keeper, connection, inbox, tally, counts, around, pace)
    blueprint = operator.routes(session, operator_token)
    return BistFeed(session, keeper, connection, feed, inbox, rest, tally, counts, blueprint)


def _session(broker: Broker, rest: RestClient, counts: Counts, around: Surroundings) -> Session:
    return Session(
        broker.credentials,
        rest_client=rest,
        vault=Vault(broker.session_file, broker.credentials.api_key),
        counts=counts,
        wall_clock=around.wall_clock,
        ready=broker.ready,
    )


def _connection(
    url: str, session: Session, inbox: Inbox, tally: Tally, around: Surroundings, heartbeat: Callable[[], str]
) -> Connection:
    return Connection(
        url,
        inbox=inbox,
        tally=tally,
        timings=around.timings,
        backoff=around.backoff,
        guard=around.guard,
        clock=around.clock,
        wall_clock=around.wall_clock,
        headers=session.socket_headers,
        heartbeat=heartbeat,
    )


def _feed(
    intake: Intake,
    canary: str,
    session: Session,
    keeper: Keeper,
    connection: Connection,
    inbox: Inbox,
    tally: Tally,
    counts: Counts,
    around: Surroundings,
    pace: Pace,
) -> Feed:
    return Feed(
        intake,
        canary=canary,
        store=around.store,
        inbox=inbox,
        link=connection,
        tally=tally,
        counts=counts,
        token=session.token,
        proved=keeper.proved,
        clock=around.clock,
        wall_clock=around.wall_clock,
        quiet=pace.quiet,
        repair_pause=pace.repairs,
    )


def sms_reader(url: str, api_key: str) -> Sms:
    """Reads the simulated broker's text message, which the real one has no call for."""
    client = JsonClient(url, SMS_SECONDS, headers={"APIKEY": api_key})

    def read() -> str | None:
        try:
            status, body, _ = client.request("GET", "")
            return msgspec.json.decode(body, type=dict[str, str]).get("code") if status == 200 else None
        except (Unavailable, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("the text message can't be read", extra={"reason": str(error)})
            return None

    return read


def _rest(url: str, seconds: float, around: Surroundings) -> RestClient:
    """All calls share one limit, that of the customer."""
    budget = Budget({"customer": Limit(1, seconds)}, clock=around.clock, share=1.0)
    endpoints = {call: Endpoint(("customer",)) for call in CALLS}
    return RestClient(url, endpoints, budget=budget, clock=around.clock, wall_clock=around.wall_clock)


def _always_continuous(_at: datetime) -> Phase:
    return "continuous"
