"""The AlgoLab feed as it runs, over real sockets against the simulated broker, at a pace that tests can wait for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from common.clock import Clock
from common.loop import Stop, Supervisor
from common.verifier import verifier_of
from common.wire import Level
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import Backoff, DialGuard, DialLimits
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.venues.algolab import assembly
from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.credentials import Credentials
from marketdata.venues.algolab.equity_requests import EquityRequests
from marketdata.venues.algolab.feed import FeedTimings
from marketdata.venues.algolab.frames import KINDS, REASONS, SOURCE
from marketdata.venues.algolab.hours import Hours
from marketdata.venues.algolab.instruments import instrument
from marketdata.venues.algolab.intake import AlgolabIntake
from marketdata.venues.algolab.metrics import AlgolabCollector
from marketdata.venues.algolab.session import Session
from marketdata.venues.algolab.settings import AlgolabAddresses, AlgolabSettings
from marketdata.venues.venue import Venue, VenueContext
from tests.venue.algolab.rig import CREDENTIALS, Bist
from tests.venue.rig import eventually

QUICK = LinkTimings(ping_interval=0.5, ping_timeout=5.0, silence=20.0, watch=0.05, socket=5.0, heartbeat=0.2)
TIMINGS = AlgolabTimings(calls=0.02, logins=0.05, feed=FeedTimings(quiet=20.0, repair_pause=0.1))
TOKEN = "operator-token"
SYMBOLS = ("THYAO", "GARAN")
OURS = Credentials(CREDENTIALS.api_key, CREDENTIALS.username, CREDENTIALS.password)

Sides = tuple[tuple[Level, ...], tuple[Level, ...]]


def bare_intake(
    listings: Sequence[Listing], store: Store, limits: EquityRequests, unix: Callable[[], float]
) -> tuple[AlgolabIntake, AlgolabCounters]:
    """An intake without a socket, at a time that a test sets, and its counters."""
    counters = AlgolabCounters.of(kinds=KINDS, reasons=REASONS)
    intake = AlgolabIntake(
        listings,
        "XU100",
        store=store,
        candles=CandleStore(store.symbols, unix=unix),
        limits=limits,
        counters=counters,
        hours=Hours(unix),
    )
    return intake, counters


@dataclass
class Running:
    """A started feed with the store that it writes."""

    bist: Bist
    venue: Venue
    loops: Supervisor
    store: Store
    candles: CandleStore

    @property
    def counters(self) -> AlgolabCounters:
        assert isinstance(self.venue.counters, AlgolabCounters)
        return self.venue.counters

    @property
    def session(self) -> Session:
        assert isinstance(self.venue.collector, AlgolabCollector)
        return self.venue.collector.session

    def trouble(self) -> str | None:
        """Returns why the feed is not ready, or None."""
        return self.venue.readiness["bist"]()

    def live(self) -> bool:
        return not self.store.not_live()

    def shown(self, pair: str) -> Sides:
        book = self.store.book(f"{SOURCE}:{pair}", 10, instrument(pair, Decimal("0.01")))
        return book.bids, book.asks

    def equal(self, pair: str) -> bool:
        return self.shown(pair) == truth(self.bist, pair)

    def right(self) -> bool:
        """Returns true when every book is the venue's own, level by level."""
        return self.live() and all(self.equal(symbol.partition(":")[2]) for symbol in self.store.symbols)

    def stale(self, pair: str) -> bool:
        return self.store.quote(f"{SOURCE}:{pair}").stale

    def move_until_right(self, seconds: float = 0.5) -> None:
        """Lets the market move a little at a time, as it does; ends when every book is the venue's own."""
        for _ in range(3):
            self.bist.move(seconds)
        eventually(self.right)


def truth(bist: Bist, pair: str) -> Sides:
    view = bist.truth(pair)
    bids, asks = (
        tuple(Level(price=row.price, quantity=row.quantity) for row in rows)  # type: ignore[arg-type]
        for rows in (view.bids, view.asks)
    )
    return bids, asks


@contextmanager
def running_feed(
    bist: Bist,
    *,
    symbols: tuple[str, ...] = SYMBOLS,
    depth: bool = True,
    login: Literal["by itself", "by hand", "ready"] = "ready",
    credentials: Credentials = OURS,
    always_open: bool = True,
    liveness_symbol: str = "USDTRY",
    timings: AlgolabTimings = TIMINGS,
    link: LinkTimings = QUICK,
    stale_after: float = 60.0,
    session_file: Path | None = None,
) -> Iterator[Running]:
    """`ready` begins with a session that was made beforehand, so that no login costs time."""
    with tempfile.TemporaryDirectory() as folder:
        settings = AlgolabSettings(
            symbols=symbols,
            depth=depth,
            sessions="always" if always_open else "real",
            addresses=AlgolabAddresses(bist.ws_url, bist.rest_url, bist.sms_url if login == "by itself" else ""),
            credentials=credentials,
            operator_verifier=verifier_of(TOKEN),
            session_file=session_file or Path(folder) / "session.json",
            ready_session=bist.session() if login == "ready" else "",
        )
        clock, loops = Clock(time.monotonic, bist.clock), Supervisor(Stop())
        store = Store(settings.listings(), market="simulated", stale_after=stale_after, clock=clock)
        days = {listing.symbol: listing.day_begins for listing in settings.listings()}
        candles = CandleStore(store.symbols, unix=bist.clock, day_begins=days)

        def limits() -> DialLimits:
            return DialLimits(Backoff(0.02, 0.1, lambda _low, high: high), DialGuard(1000, 60.0))

        context = VenueContext(store, candles, link, limits, 20_000, clock, loops.stop_signal)
        venue = assembly.build(settings, context, timings, liveness_symbol)
        for loop in venue.loops:
            loops.add(loop)
        loops.start()
        try:
            yield Running(bist, venue, loops, store, candles)
        finally:
            loops.stop()
