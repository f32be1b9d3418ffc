"""The time from the market's frame that reaches resting orders to their durable fills, with 10,000 of them resting."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from bench.order_place import FAR, STEP, STEPS, SYMBOLS, Place, durable, fill
from bench.order_runs import running, writer_of
from bench.rows import Row, row
from bench.stream_clients import percentile
from tests.executor.market_standin import MarketData, quote_of, serving
from tests.executor.standin import USDTTRY

OPEN, RUNS = 10_000, 3
SECONDS = float(os.environ.get("BENCH_MATCH_SECONDS", "20"))
PAUSE_SECONDS = 0.05
QUIET = FAR + STEP * (STEPS + 100)
FILLS = "SELECT payload, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM events WHERE kind = 'filled'"


class FramesAtOnce(MarketData):
    """A stand-in that tells a book to the stream at once, and notes when."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self._told = threading.Condition()

    def show(self, symbol: str, ask: Decimal) -> None:
        """Shows a book whose best ask this is."""
        with self._told:
            self.put(symbol, [(str(FAR / 2), "1000000")], [(str(ask), "0.3")])
            self._told.notify_all()

    def stream(self, write: Callable[[bytes], object]) -> None:
        """Tells changes when they come, and proofs twice a second."""

        def tell(name: str, body: object) -> None:
            write(f"event: {name}\nid: {self.epoch}-{self.moved}\ndata: {json.dumps(body)}\n\n".encode())

        told = dict(self.books)
        tell("snapshot", self.snapshot())
        proved = 0.0
        while self.status == 200:
            with self._told:
                self._told.wait_for(lambda: any(told[name] is not book for name, book in self.books.items()), 0.1)
                changed = {name: book for name, book in self.books.items() if told[name] is not book}
            for symbol, book in changed.items():
                self.sent.setdefault(book["sequence"], time.time())
                told[symbol] = book
                tell("book", book)
                tell("quote", quote_of(book))
            if time.monotonic() - proved > 0.5:
                proved = time.monotonic()
                tell("proof", {"at": proved - self.zero, "ages": dict.fromkeys(told, 0.0)})


def measure() -> list[Row]:
    """Milliseconds, of each run the median and the p99 of all fills."""
    with durable(["track_commit_timestamp=on"]) as places:
        found = [_run(places.new()) for _ in range(RUNS)]
    middles, ends = zip(*found, strict=True)
    return [row("match_latency_ms_p50", middles, "ms"), row("match_latency_ms_p99", ends, "ms")]


def _run(place: Place) -> tuple[float, float]:
    fill(place, OPEN, resting=True)
    data, chance = FramesAtOnce(), random.Random(7)
    for symbol in (*SYMBOLS, USDTTRY):
        data.show(symbol, QUIET)
    with serving(data), running(place, data) as pair:
        writer_of(pair)
        time.sleep(1.0)
        highest = dict.fromkeys(SYMBOLS, FAR + STEP * (OPEN // len(SYMBOLS) - 1))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            symbol = chance.choice(SYMBOLS)
            data.show(symbol, highest[symbol])
            highest[symbol] -= STEP * 3
            time.sleep(PAUSE_SECONDS)
            data.show(symbol, QUIET)
            time.sleep(PAUSE_SECONDS)
        time.sleep(1.0)
    with psycopg.connect(place.dsn) as connection:
        rows = connection.execute(FILLS).fetchall()
    delays = sorted(at - data.sent[_sequence(payload)] for payload, at in rows)
    if len(delays) < SECONDS:
        raise RuntimeError(f"only {len(delays)} fills")
    return percentile(delays, 0.5), percentile(delays, 0.99)


def _sequence(payload: str) -> int:
    content: dict[str, Any] = msgspec.json.decode(payload)
    return int(content["level"]["sequence"])
