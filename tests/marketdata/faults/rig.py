"""A venue that misbehaves on command, a feed that follows it, and a watcher that looks at every book all the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from marketdata.link.dial import LinkTimings
from marketdata.venues.btcturk.assembly import BtcturkTimings
from marketdata.venues.btcturk.frames import BookChannel
from marketdata.venues.btcturk.resync import ResyncTimings
from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.marketdata.truth import RecordedMarket, Watcher, differences, equal
from tests.marketdata.venues.btcturk.rig import QUICK, Following, following
from tests.venue.btcturk.rig import START, Venue, running_venue
from tests.venue.rig import MarketTime, eventually
from venue.btcturk.market import BtcturkMarket

PAIRS = ("BTCTRY", "ETHUSDT")
SPEED = 20.0
"""Market seconds in a second: the book changes at each step of the venue's loop."""

FRAMES_BEFORE_REST = 60
STALE_AFTER = 1.0
BEHIND = 4.0
"""A book may be this far behind the venue before it has to say that it is stale: `STALE_AFTER` on a busy machine."""

HASTY_LINK = LinkTimings(ping_interval=0.5, ping_timeout=0.2, silence=1.5, watch=0.02, healthy=60.0, socket=1.0)
PATIENT_LINK = replace(HASTY_LINK, ping_timeout=30.0, silence=30.0, socket=30.0)
PATIENT: BtcturkTimings = replace(
    QUICK,
    audit_recheck=2.0,  # longer than a busy machine is behind its venue: only a wrong book differs twice in one way
)
HASTY = replace(PATIENT, resync=ResyncTimings(first_data=1.0, rejoin=0.5, hopeless=1.0, calm=0.02))
"""For tests in which data does not come: others would see it asked for again by a busy machine."""

HASTIER: BtcturkTimings = replace(HASTY, resync=replace(HASTY.resync, no_data=1.5))
"""For tests in which a socket brings nothing at all: others would see theirs replaced on a busy machine."""


@dataclass
class RunningClock(MarketTime):
    """Unix seconds that pass `SPEED` times as fast as real ones."""

    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        return START + SPEED * (time.monotonic() - self.began)


@dataclass(frozen=True)
class Watched:
    """The venue that misbehaves, the feed that follows it, and the watcher of its books."""

    venue: Venue
    feed: Following
    watcher: Watcher

    def arm(self, fault: Any, **parameters: Any) -> None:
        """Arms a fault and waits until it was done."""
        before = self.venue.server.faults.done()[fault]
        self.venue.server.faults.arm(fault, **parameters)
        eventually(lambda: self.venue.server.faults.done()[fault] > before)

    def come_to_rest(self) -> None:
        """The market stops; every book must become the venue's own, and none may ever have been wrong.

        A lost change shows only by the next one, so some frames pass before the market stops.
        """
        sent = self.venue.server.counters.frames_sent
        eventually(lambda: self.venue.server.counters.frames_sent >= sent + FRAMES_BEFORE_REST)
        self.venue.server.pause()
        ours = self.feed.book_or_none
        try:
            eventually(lambda: equal(self.venue.server, ours, PAIRS))
        except AssertionError:
            raise AssertionError(differences(self.venue.server, ours, PAIRS)) from None
        finally:
            self.venue.server.resume()
        assert self.watcher.wrong[:3] == []
        assert self.watcher.seen > 0


@contextmanager
def misbehaving_venue() -> Iterator[tuple[Venue, RecordedMarket]]:
    market = RecordedMarket(BtcturkMarket(1, START, warm_up_seconds=10.0))
    with running_venue(market=market, clock=RunningClock(START)) as venue:
        yield venue, market


@contextmanager
def watched(
    *,
    before: Callable[[Venue], None] | None = None,
    book: BookChannel = "obdiff",
    timings: BtcturkTimings = PATIENT,
    link: LinkTimings = PATIENT_LINK,
    stale_after: float = STALE_AFTER,
    behind: float = BEHIND,
    audit_seconds: float = 0.0,
) -> Iterator[Watched]:
    """Gives the three of them; `before` arms what has to go wrong at the first join."""
    with misbehaving_venue() as (venue, market), http_server(rest_app(venue)) as rest_url:
        if before is not None:
            before(venue)
        with (
            following(
                venue.url,
                rest_url,
                ",".join(PAIRS),
                book=book,
                timings=timings,
                link=link,
                stale_after=stale_after,
                unix=venue.clock,
                audit_seconds=audit_seconds,
            ) as feed,
            Watcher(market, venue.server, feed.book_or_none, PAIRS, behind=behind) as watcher,
        ):
            eventually(feed.live)
            yield Watched(venue, feed, watcher)
