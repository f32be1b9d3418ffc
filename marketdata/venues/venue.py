"""Each venue's feed as its operators see it: one state, the reason for it, and where its figures are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

from marketdata.link.connection import Connection
from marketdata.link.inbox import Inbox
from marketdata.rest.client import RestClient
from marketdata.state.store import Store
from marketdata.counters import Tally

FeedState = Literal["connecting", "syncing", "live", "degraded", "blocked", "auth_required", "stopped"]
STATES: tuple[FeedState, ...] = get_args(FeedState)


def nobody() -> None:
    """For a venue that needs no login."""


def round_the_clock() -> bool:
    """For a venue that never closes."""
    return True


@dataclass(frozen=True)
class FollowedVenue:
    """One venue's feed. `trouble` says why the feed can't be relied on, or None; `waits_for_login` what a person has to
    do, or None; `trading` whether the venue is open: while it is not, books need not be live. `clients` are what asks
    the venue's REST calls."""

    venue: str
    store: Store
    connection: Connection
    inbox: Inbox
    tally: Tally
    trouble: Callable[[], str | None]
    waits_for_login: Callable[[], str | None] = nobody
    trading: Callable[[], bool] = round_the_clock
    clients: Mapping[str, RestClient] = field(default_factory=dict)

    def state(self) -> FeedState:
        """`syncing`: connected, without any live book; `degraded`: some are, or the feed is in trouble otherwise.
        `auth_required`: a login is due, whatever became of the socket without it; `blocked`: the venue asked to stay
        away; `stopped`: it refused, and nothing is tried by itself any more."""
        condition = self.connection.condition()
        if self.waits_for_login() is not None:
            return "auth_required"
        if condition.state in ("stopped", "blocked"):
            return condition.state
        if condition.state != "open":
            return "connecting"
        lost = self.lost()
        if lost and len(lost) == len(self.store.of_source(self.venue)):
            return "syncing"
        return "degraded" if lost or self.reason() else "live"

    def lost(self) -> list[str]:
        """The symbols whose book ought to be live and is not."""
        return self.store.not_live(self.venue) if self.trading() else []

    def reason(self) -> str | None:
        """Why the feed can't be relied on, the deepest cause first, or None."""
        lost = self.lost()
        return (
            self.waits_for_login()
            or self.connection.trouble()
            or self.trouble()
            or (f"no live book of {', '.join(lost)}" if lost else None)
        )

    def row(self) -> dict[str, object]:
        """The venue's row of /v1/feeds; times in UTC, ages in seconds."""
        condition = self.connection.condition()
        until = condition.blocked_until
        return {
            "venue": self.venue,
            "state": self.state(),
            "reason": self.reason(),
            "connection": condition.state,
            "blocked_until": None if until is None else datetime.fromtimestamp(until, UTC),
            "last_frame_age_seconds": round(self.connection.frame_age(), 3),
            "symbols": len(self.store.of_source(self.venue)),
            "not_live": self.lost(),
            "queue_depth": self.inbox.depth(),
        }
