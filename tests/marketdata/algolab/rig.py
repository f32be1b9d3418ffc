"""The AlgoLab feed as it runs, over real sockets against the simulated broker, at a pace that tests can wait for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from common.wire import Level
from marketdata.algolab.assembly import BistFeed, Broker, Pace, Surroundings, assemble
from marketdata.algolab.session import Credentials
from marketdata.link.connection import Timings
from marketdata.link.pace import Backoff, DialGuard
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import BookKind, Listing
from marketdata.state.store import Store
from marketdata.venues.algolab import SOURCE
from marketdata.venues.algolab_rest import instrument
from tests.venue.algolab.rig import CREDENTIALS, Bist
from tests.venue.rig import eventually

QUICK = Timings(ping_interval=0.5, ping_timeout=0.2, silence=20.0, watch=0.05, socket=5.0, heartbeat=0.2)
PACE = Pace(calls=0.02, logins=0.05, quiet=20.0, repairs=0.1)
TOKEN = "operator-token"
SYMBOLS = ("THYAO", "GARAN")
OURS = Credentials(CREDENTIALS.api_key, CREDENTIALS.username, CREDENTIALS.password)

Sides = tuple[tuple[Level, ...], tuple[Level, ...]]


@dataclass
class Running:
    """A started feed with the store that it writes."""

    bist: Bist
    parts: BistFeed
    store: Store
    candles: CandleStore

    def live(self) -> bool:
        return not self.store.not_live()

    def shown(self, pair: str) -> Sides:
        book = self.store.book(f"{SOURCE}:{pair}", 10, instrument(pair, Decimal("0.01")))
        return book.bids, book.asks

    def equal(self, pair: str) -> bool:
        return self.shown(pair) == truth(self.bist, pair)

    def right(self) -> bool:
        """Whether every book is the venue's own, level by level."""
        return self.live() and all(self.equal(symbol.partition(":")[2]) for symbol in self.store.symbols)

    def stale(self, pair: str) -> bool:
        return self.store.quote(f"{SOURCE}:{pair}").stale

    def move_until_right(self, seconds: float = 0.5) -> None:
        """Lets the market move a little at a time, as it does; ends when every book is the venue's own."""
        for _ in range(3):
            self.bist.move(seconds)
        eventually(self.right, 20.0)


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
    book: BookKind = "rows",
    login: Literal["by itself", "by hand", "ready"] = "ready",
    credentials: Credentials = OURS,
    always_open: bool = True,
    canary: str = "USDTRY",
    pace: Pace = PACE,
    timings: Timings = QUICK,
    stale_after: float = 60.0,
    session_file: Path | None = None,
) -> Iterator[Running]:
    """`ready` begins with a session that was made beforehand, so that no login costs time."""
    listings = [Listing(SOURCE, symbol, book) for symbol in symbols]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(
            listings, market="simulated", stale_after=stale_after, clock=time.monotonic, started=bist.clock.now
        )
        candles = CandleStore(store.symbols, clock=bist.clock)
        broker = Broker(
            websocket_url=bist.ws_url,
            rest_url=bist.rest_url,
            sms_url=bist.sms_url if login == "by itself" else "",
            credentials=credentials,
            session_file=session_file or Path(folder) / "session.json",
            ready=bist.session() if login == "ready" else "",
        )
        around = Surroundings(
            store,
            candles,
            timings,
            Backoff(0.02, 0.1, lambda _low, high: high),
            DialGuard(1000, 60.0),
            20_000,
            time.monotonic,
            bist.clock,
        )
        parts = assemble(
            broker, listings, around, always_open=always_open, operator_token=TOKEN, canary=canary, pace=pace
        )
        parts.start()
        try:
            yield Running(bist, parts, store, candles)
        finally:
            parts.stop()
