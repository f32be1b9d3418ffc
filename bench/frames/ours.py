"""Our whole path: socket, queue, parse, book, store, with the threads of production. Arguments: URL COUNT."""

from __future__ import annotations

import random
import sys
import time

from bench.frames.tape import PAIRS
from marketdata.venues.btcturk.feed import Feed
from marketdata.venues.btcturk.intake import Notes
from marketdata.venues.btcturk.resync import Patience
from marketdata.link.connection import Connection, Timings
from marketdata.link.inbox import Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.btcturk import frames

ROOM = 2_000_000
LOOK_SECONDS = 0.01
GIVE_UP_SECONDS = 120.0


def main(url: str, count: int) -> None:
    """Prints frames per second; fails when one was lost or a book is not live in the end."""
    tally = Tally.of(kinds=frames.KINDS, reasons=frames.REASONS, channels=frames.CHANNELS)
    store = Store(
        [Listing(frames.SOURCE, pair, "diffs") for pair in PAIRS],
        market="simulated",
        stale_after=5.0,
        clock=time.monotonic,
        started=time.time(),
    )
    inbox = Inbox(ROOM, tally, frames.classify)
    connection = Connection(
        url,
        inbox=inbox,
        tally=tally,
        timings=Timings(),
        backoff=Backoff(1.0, 60.0, random.uniform),
        guard=DialGuard(10, 60.0),
        clock=time.monotonic,
        wall_clock=time.time,
    )
    feed = Feed(
        PAIRS,
        book="obdiff",
        store=store,
        candles=CandleStore(store.symbols, clock=time.time),
        inbox=inbox,
        link=connection,
        tally=tally,
        tradable=lambda: PAIRS,
        patience=Patience(first_data=GIVE_UP_SECONDS),
        notes=Notes(),
        missed=lambda _pair, _span: None,
        clock=time.monotonic,
        wall_clock=time.time,
    )
    feed.start()
    connection.start()
    begun = wait(tally, 1)
    ended = wait(tally, len(PAIRS) + count)
    print(count / (ended - begun))
    lost = sum(tally.drops.values()) + sum(tally.decode_errors.values()) + sum(tally.resyncs.values())
    if lost or store.not_live():
        raise SystemExit(f"not every frame was taken in: {tally}")
    connection.stop()
    feed.stop()


def wait(tally: Tally, frames: int) -> float:
    """When that many frames were taken in; raises `TimeoutError` after two minutes."""
    deadline = time.perf_counter() + GIVE_UP_SECONDS
    while sum(tally.frames.values()) < frames:
        if time.perf_counter() > deadline:
            raise TimeoutError(
                f"{sum(tally.frames.values())} of {frames} frames after {GIVE_UP_SECONDS:.0f} s: {tally}"
            )
        time.sleep(LOOK_SECONDS)
    return time.perf_counter()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
