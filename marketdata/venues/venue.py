"""The shape that every venue has, so that the service can follow any number of them in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

from flask import Blueprint
from prometheus_client.registry import Collector

from common.clock import Clock
from common.loop import Loop, Stop
from common.wire import Instrument
from marketdata.counters import Counters
from marketdata.link.connection import VenueConnection, VenueSocket
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import DialLimits
from marketdata.link.inbox import Inbox
from marketdata.nets import SafetyNet
from marketdata.outbound import Proxies
from marketdata.rest.client import RestClient
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.tape.secrets import Secrets
from marketdata.tape.taps import CallTap, CallTape, SocketTap, SocketTape
from marketdata.tape.writer import TapeWriter

FeedState = Literal["connecting", "syncing", "live", "degraded", "blocked", "rejected", "auth_required", "stopped"]
"""connecting: no socket. syncing: a socket, and no live book yet. live: every book that should be live is. degraded:
some are not, or the feed has other trouble. blocked: the venue wants no dial for a while. rejected: the dial was
refused, and the next one comes much later. auth_required: a person has to log in. stopped: the venue refused a person's
credentials, and nothing is dialled."""
STATES: tuple[FeedState, ...] = get_args(FeedState)

MOST_TOLD = 20

Check = Callable[[], str | None]
"""Returns why something can't be relied on, or None."""


@dataclass(frozen=True)
class VenueContext:
    """Everything that a venue's parts get from the service.

    store: the latest state, which the venue's worker writes.
    candles: the bars, which it writes too.
    link: the times of its socket.
    limits: makes the limits on dialling one host; called once for each host.
    queue_limit: the frames that may wait for the worker.
    clock: the two clocks.
    stop: the signal that ends the service.
    proxies: the proxies on the way to venues.
    tape: records what comes and goes; None when it is off.
    nets: the safety nets that all venues share.
    """

    store: Store
    candles: CandleStore
    link: LinkTimings
    limits: Callable[[], DialLimits]
    queue_limit: int
    clock: Clock
    stop: Stop
    proxies: Proxies = field(default_factory=Proxies)
    tape: TapeWriter | None = None
    nets: tuple[SafetyNet, ...] = ()

    def connection(self, socket: VenueSocket, inbox: Inbox, counters: Counters) -> VenueConnection:
        """Returns the connection of a venue's socket, with limits of its own on dialling."""
        return VenueConnection(
            socket,
            inbox=inbox,
            counters=counters,
            timings=self.link,
            limits=self.limits(),
            clock=self.clock,
            stop=self.stop,
        )

    def socket_tap(self, link: str, secrets: Secrets | None = None) -> SocketTap | None:
        """Returns the tap of a socket; None when nothing is recorded."""
        if self.tape is None:
            return None
        self.tape.knows(link)
        return SocketTape(self.tape, link, secrets)

    def call_tap(self, link: str, secrets: Secrets | None = None, bare: Sequence[str] = ()) -> CallTap | None:
        """Returns the tap of a client of REST calls; None when nothing is recorded. `bare` are paths without bodies."""
        if self.tape is None:
            return None
        self.tape.knows(link)
        return CallTape(self.tape, link, secrets, bare)


def told(faults: Mapping[str, str]) -> str:
    """Returns symbols with their reasons, at most `MOST_TOLD` of them."""
    shown = [f"{symbol} ({reason})" for symbol, reason in list(faults.items())[:MOST_TOLD]]
    more = len(faults) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def no_trouble() -> None:
    """Returns None: the check of a venue that needs no login."""


def no_login() -> bool:
    """Returns false: there is no login to try again."""
    return False


def always_open() -> bool:
    """Returns true: the trading hours of a venue that never closes."""
    return True


@dataclass(frozen=True)
class Membership:
    """The functions by which a venue begins and ends to follow an instrument while it runs, by the venue's own name.

    most: the most instruments that are followed.
    check: raises `InvalidRequest` for a name that the venue does not list, `Unavailable` while that is not known.
    listing: returns the instrument.
    begin: begins to follow it; the store keeps its state already.
    end: ends that, and calls back once nothing of it is written to the store any more.
    """

    most: int
    check: Callable[[str], None]
    listing: Callable[[str], Listing]
    begin: Callable[[str], None]
    end: Callable[[str, Callable[[], None]], None]


@dataclass(frozen=True)
class Venue:
    """One venue that is followed: its loops, and everything that the service reads of it.

    name: the prefix of its symbols, and its label in metrics and answers.
    store: the latest state, of which its symbols are a part.
    loops: its loops.
    connection: its socket.
    inbox: the frames that wait for its worker.
    counters: its counts.
    instruments: returns everything that it trades, by symbol; nothing while that is not known.
    trouble: returns why its feed can't be relied on, or None.
    readiness: checks for /readyz, by the name of the part.
    membership: begins and ends to follow an instrument.
    login_trouble: returns what a person has to do, or None.
    login_again: tries the login that ended last once more, and has the socket dialled with it; false without one.
    is_open: returns true while the venue trades; while it does not, books need not be live.
    clients: the clients of its REST calls, by name.
    nets: its safety nets.
    blueprint: its own HTTP calls; None when it has none.
    collector: its own metrics; None when it has none.
    """

    name: str
    store: Store
    loops: tuple[Loop, ...]
    connection: VenueConnection
    inbox: Inbox
    counters: Counters
    instruments: Callable[[], Mapping[str, Instrument]]
    trouble: Check
    readiness: Mapping[str, Check]
    membership: Membership
    login_trouble: Check = no_trouble
    login_again: Callable[[], bool] = no_login
    is_open: Callable[[], bool] = always_open
    clients: Mapping[str, RestClient] = field(default_factory=dict)
    nets: tuple[SafetyNet, ...] = ()
    blueprint: Blueprint | None = None
    collector: Collector | None = None

    def state(self) -> FeedState:
        """Returns the feed's state. A login that is due comes first, whatever became of the socket without it."""
        link = self.connection.status().state
        if self.login_trouble() is not None:
            return "auth_required"
        if link in ("stopped", "blocked", "rejected"):
            return link
        if link != "open":
            return "connecting"
        lost = self.lost()
        if lost and len(lost) == len(self.store.of_source(self.name)) - len(self.not_trading()):
            return "syncing"
        return "degraded" if lost or self.reason() else "live"

    def resume(self) -> None:
        """Dials and calls again at once after refusals: a person says so. What the venue asked for is still kept to."""
        for client in self.clients.values():
            client.resume()
        if not self.login_again():
            self.connection.resume()

    def lost(self) -> dict[str, str]:
        """Returns the symbols whose book should be fresh and is not, each with the reason."""
        if not self.is_open():
            return {}
        resting = self.not_trading()
        return {symbol: fault for symbol, fault in self.store.faults(self.name).items() if symbol not in resting}

    def not_trading(self) -> dict[str, str]:
        """Returns the symbols that the venue halted, renamed or delisted, each with the reason."""
        known = self.instruments().items()
        return {symbol: f"{one.state}: {one.reason}" for symbol, one in known if one.state != "trading"}

    def reason(self) -> str | None:
        """Returns why the feed can't be relied on, the deepest cause first, or None."""
        lost = self.lost()
        return (
            self.login_trouble()
            or self.connection.trouble()
            or self.trouble()
            or (f"no fresh book of {told(lost)}" if lost else None)
            or next((trouble for net in self.nets if (trouble := net.trouble())), None)
        )

    def row(self) -> dict[str, object]:
        """Returns the venue's row of /v1/feeds; times in UTC, ages in seconds."""
        status, lost, resting = self.connection.status(), self.lost(), self.not_trading()
        until = status.blocked_until
        return {
            "venue": self.name,
            "state": self.state(),
            "reason": self.reason() or (f"not traded: {told(resting)}" if resting else None),
            "connection": status.state,
            "blocked_until": None if until is None else datetime.fromtimestamp(until, UTC),
            "last_frame_age_seconds": round(self.connection.frame_age(), 3),
            "symbols": len(self.store.of_source(self.name)),
            "last_data_age_seconds": round(self.store.data_age(self.name), 3),
            "not_live": list(lost),
            "faults": lost,
            "not_trading": resting,
            "queue_depth": self.inbox.depth(),
            "oddities": {kind: count for kind, count in dict(self.counters.oddities).items() if count},
            "safety_nets": [net.row() for net in self.nets],
        }
