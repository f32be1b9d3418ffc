"""BTCTurk's feed as it runs, at a pace that tests can wait for, without the HTTP side of market data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from common.clock import Clock
from common.loop import Stop, Supervisor
from common.wire import Book, Instrument
from marketdata.counters import Counters
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import Backoff, DialGuard, DialLimits
from marketdata.rest.client import RetryPolicy
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.venues.btcturk.assembly import BtcturkTimings, build
from marketdata.venues.btcturk.frames import BookChannel
from marketdata.venues.btcturk.history import HistoryTimings
from marketdata.venues.btcturk.instruments import InstrumentTimings
from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.settings import BtcturkAddresses, BtcturkSettings
from marketdata.venues.venue import Venue, VenueContext
from tests.marketdata.rig import books_on_join, frame

LINK = LinkTimings(ping_interval=0.5, ping_timeout=30.0, silence=30.0, watch=0.02, healthy=60.0, socket=30.0)
QUICK = BtcturkTimings(
    resync=ResyncTimings(first_data=30.0, rejoin=30.0, hopeless=30.0, calm=0.02, no_data=60.0, unproved=60.0),
    rest=RetryPolicy(deadline=60.0, connect=30.0, read=30.0, attempts=1),
    history=HistoryTimings(round=0.02, minutes=0.2, days=60.0, failed=0.05, long_bars=0.02),
    instruments=InstrumentTimings(refresh=0.2, again=0.1, calm=0.05, confirm=0.15),
    audit_recheck=0.05,
    audit_pause=0.01,
)

INSTRUMENT = Instrument(
    symbol="BTCTURK:BTCTRY",
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal(1),
    min_notional=Decimal(0),
)
"""BTCTRY with a tick of 1."""


@dataclass(frozen=True)
class Following:
    """The feed and the state that it writes."""

    venue: Venue
    loops: Supervisor
    store: Store
    candles: CandleStore

    @property
    def counters(self) -> Counters:
        return self.venue.counters

    def instrument(self, pair: str) -> Instrument | None:
        return self.venue.instruments().get(f"BTCTURK:{pair}")

    def book(self, pair: str) -> Book:
        """The whole book that is published."""
        book = self.book_or_none(pair)
        assert book is not None
        return book

    def book_or_none(self, pair: str) -> Book | None:
        """The same, or None while the venue has not told what it trades."""
        instrument = self.instrument(pair)
        return self.store.book(f"BTCTURK:{pair}", 100, instrument) if instrument else None

    def live(self) -> bool:
        """Returns true when every book is live."""
        return not self.store.not_live()


@contextmanager
def following(
    websocket_url: str,
    rest_url: str,
    pairs: str = "BTCTRY,ETHUSDT",
    *,
    book: BookChannel = "obdiff",
    timings: BtcturkTimings = QUICK,
    link: LinkTimings = LINK,
    stale_after: float = 5.0,
    queue_limit: int = 10_000,
    unix: Callable[[], float] = time.time,
    audit_seconds: float = 0.0,
    instruments_file: Path | None = None,
) -> Iterator[Following]:
    """Follows the pairs until the block ends."""
    addresses = BtcturkAddresses(websocket_url, rest_url, rest_url)
    settings = BtcturkSettings(tuple(pairs.split(",")), book, addresses, audit_seconds, instruments_file)
    clock, loops = Clock(time.monotonic, unix), Supervisor(Stop())
    store = Store(
        settings.listings(), market="simulated", stale_after=stale_after, clock=Clock(time.monotonic, time.time)
    )
    candles = CandleStore(store.symbols, unix=unix)

    def limits() -> DialLimits:
        return DialLimits(Backoff(0.05, 0.5, lambda _low, high: high), DialGuard(100, 60.0))

    context = VenueContext(store, candles, link, limits, queue_limit, clock, loops.stop_signal)
    venue = build(settings, context, timings)
    for loop in venue.loops:
        loops.add(loop)
    loops.start()
    try:
        yield Following(venue, loops, store, candles)
    finally:
        loops.stop()


def ticker(pair: str, last: str = "100") -> str:
    """A 402."""
    return frame(402, {"PS": pair, "LA": last, "DP": "1.5", "channel": "ticker", "event": pair})


def trade(pair: str, number: int, price: str = "100", *, start: int = 1_790_000_000_000) -> dict[str, Any]:
    """An item of a 421; trade `number` is that many seconds after `start`."""
    return {"D": start + 1000 * number, "I": f"{number:06d}", "A": "1", "P": price, "S": 0}


def trade_list(pair: str, numbers: range) -> str:
    """A 421, newest first."""
    items = [trade(pair, number) for number in reversed(numbers)]
    return frame(421, {"symbol": pair, "items": items, "channel": "trade", "event": pair})


def single_trade(pair: str, number: int, price: str = "100") -> str:
    """A 422."""
    return frame(422, {**trade(pair, number, price), "PS": pair, "channel": "trade", "event": pair})


def bar(pair: str, minute: int) -> str:
    """A 428 of a minute, numbered since 1970."""
    prices = {"O": "1", "H": "4", "L": "1", "C": "3", "V": "9"}
    return frame(428, {"D": minute * 60, "P": pair, "R": "1", **prices, "channel": "tradeview", "event": f"{pair}_1"})


def all_on_join(request: dict[str, Any]) -> list[str]:
    """An answer for `ScriptedVenue`: every join gets its first data, as the venue does."""
    pair = request["event"].partition("_")[0]
    if not request["join"]:
        return []
    match request["channel"]:
        case "ticker":
            return [ticker(pair)]
        case "trade":
            return [trade_list(pair, range(5))]
        case "tradeview":
            return [bar(pair, 29_833_333)]
    return books_on_join(request)
