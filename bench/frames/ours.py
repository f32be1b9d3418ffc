"""Our whole path: socket, queue, parse, book, store, with the threads of production. Arguments: URL COUNT [tape]."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from bench.frames.tape import PAIRS
from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor
from common.tape import VERSION, TapeHead
from common.wire import Instrument
from marketdata.counters import Counters
from marketdata.link.connection import VenueConnection, VenueSocket
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import Backoff, DialGuard, DialLimits
from marketdata.link.inbox import Inbox
from marketdata.link.worker import LinkEnds
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.tape.taps import SocketTape
from marketdata.tape.writer import TapeLimits, TapeWriter
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.feed import BtcturkFeed, Mailbox
from marketdata.venues.btcturk.notes import Notes
from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.subscriptions import Followed

ROOM = 2_000_000
FLOOD_BYTES = 2**29
"""The frames come as fast as they are read, faster than any venue sends: so many may wait for the tape."""
LOOK_SECONDS = 0.01
GIVE_UP_SECONDS = 120.0
INSTRUMENTS = {
    pair: Instrument(
        symbol=f"{frames.SOURCE}:{pair}",
        base_asset=pair[:3],
        quote_currency=pair[3:],
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00000001"),
        min_notional=Decimal(0),
    )
    for pair in PAIRS
}


def main(url: str, count: int, tape: TapeWriter | None = None) -> None:
    """Prints frames per second; fails when one was lost, also to the tape, or a book is not live in the end."""
    loops = Supervisor(Stop())
    counters = Counters.of(kinds=frames.KINDS, reasons=frames.REASONS, channels=frames.CHANNELS)
    listings = [Listing(frames.SOURCE, pair, "diffs") for pair in PAIRS]
    store = Store(listings, market="simulated", stale_after=5.0, clock=SYSTEM_CLOCK)
    inbox = Inbox(ROOM, counters, frames.classify)
    connection = VenueConnection(
        VenueSocket("bench", url, tap=None if tape is None else SocketTape(tape, "bench")),
        inbox=inbox,
        counters=counters,
        timings=LinkTimings(),
        limits=DialLimits(Backoff(1.0, 60.0, random.uniform), DialGuard(10, 60.0)),
        clock=SYSTEM_CLOCK,
        stop=loops.stop_signal,
    )
    feed = BtcturkFeed(
        Followed(PAIRS, "obdiff", lambda: INSTRUMENTS),
        LinkEnds(inbox, connection, counters),
        store=store,
        candles=CandleStore(store.symbols, unix=time.time),
        timings=ResyncTimings(first_data=GIVE_UP_SECONDS),
        mailbox=Mailbox(Notes(), lambda _pair, _span: None),
        clock=SYSTEM_CLOCK,
    )
    for loop in (feed.loop, *connection.loops, *(() if tape is None else (tape.loop,))):
        loops.add(loop)
    loops.start()
    begun = wait(counters, 1)
    ended = wait(counters, len(PAIRS) + count)
    print(count / (ended - begun))
    lost = 0 if tape is None else sum(tape.counters.dropped.values()) + tape.counters.errors
    lost += sum(counters.drops.values()) + sum(counters.decode_errors.values()) + sum(counters.resyncs.values())
    if lost or store.not_live():
        raise SystemExit(f"not every frame was applied: {counters}")
    loops.stop()


def wait(counters: Counters, frames: int) -> float:
    """Returns the time when that many frames were applied. Raises `TimeoutError` after two minutes."""
    deadline = time.perf_counter() + GIVE_UP_SECONDS
    while sum(counters.frames.values()) < frames:
        if time.perf_counter() > deadline:
            raise TimeoutError(
                f"{sum(counters.frames.values())} of {frames} frames after {GIVE_UP_SECONDS:.0f} s: {counters}"
            )
        time.sleep(LOOK_SECONDS)
    return time.perf_counter()


def taped(url: str, count: int) -> None:
    """Does the same while a tape records it."""
    with tempfile.TemporaryDirectory() as folder:
        head = TapeHead(VERSION, "bench", "simulated", 0.0)
        main(
            url, count, TapeWriter(Path(folder), lambda _began: head, TapeLimits(queue_bytes=FLOOD_BYTES), SYSTEM_CLOCK)
        )


if __name__ == "__main__":
    (taped if sys.argv[3:] == ["tape"] else main)(sys.argv[1], int(sys.argv[2]))
