"""Market data as a stand-in whose truth is known at every moment, and a way to it that nobody would wish for.

Every book has prices of its own, so that a level tells which book it is of. The stream is told as by market data;
on its way it is held back, split at any byte, and cut. Answers are slow. Market data starts anew with another clock,
and its sequences begin again.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import Any

from tests.executor.market_standin import listening
from tests.executor.standin import BEGIN, BTCTRY

BOOKS = 200
STEP = Decimal("0.02")
PROOF_SECONDS = 0.1


def prices(number: int) -> tuple[Decimal, Decimal]:
    """Returns the bid and the ask of a book."""
    return Decimal(100) + STEP * number, Decimal(100) + STEP * number + STEP / 2


def book_of(price: Decimal) -> int:
    """Returns the number of the book that has a level at this price."""
    return int((price - 100) // STEP)


@dataclass
class Run:
    """One run of market data: another one has another clock, and counts from one."""

    epoch: str
    zero: float
    sequence: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


class Feed:
    """The market, one symbol of it, and what was true when; times are of this process's monotonic clock."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.stop = threading.Event()
        self.proved: dict[int, list[list[float]]] = defaultdict(list)
        self.told: set[str] = set()
        self.url = ""
        self._lock = threading.RLock()
        self._numbers = random.sample(range(BOOKS), BOOKS)
        self._number, self._linked, self._proved_at = 0, True, 0.0
        self._run = self._new_run()
        self._show()

    def last_proved(self, number: int, moment: float) -> float:
        """Returns when a book was last true, at `moment` or before; minus infinity for never."""
        with self._lock:
            self._extend()
            return max((min(end, moment) for begin, end in self.proved[number] if begin <= moment), default=-1e9)

    def run(self) -> None:
        """Moves the market, loses and finds the venue, and starts anew, until it is stopped."""
        while not self.stop.wait(self.random.uniform(0.01, 0.25)):
            with self._lock:
                match self.random.choices(("move", "freeze", "thaw", "restart"), (60, 10, 12, 3))[0]:
                    case "move" if self._linked:
                        self._show()
                    case "freeze" if self._linked:
                        self._extend()
                        self._linked = False
                    case "thaw" if not self._linked:
                        self._show()
                        self._linked = True
                    case "restart":
                        self._run.ended.set()
                        self._run = self._new_run()
                        self._show()

    def book(self) -> dict[str, Any]:
        """Returns the book as of now, with its age."""
        with self._lock:
            self._extend()
            bid, ask = prices(self._number)
            return {
                "symbol": BTCTRY,
                "market": "simulated",
                "source": "feed",
                "delayed": False,
                "base_asset": "BTC",
                "quote_currency": "TRY",
                "bids": [(str(bid), "1000")],
                "asks": [(str(ask), "1000")],
                "sequence": self._run.sequence,
                "received_at": (BEGIN + timedelta(seconds=time.monotonic())).isoformat(),
                "age_seconds": time.monotonic() - self._proved_at,
                "stale": False,
            }

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Returns status and body of a call."""
        if path == "/v1/clock":
            with self._lock:
                return 200, {"epoch": self._run.epoch, "at": time.monotonic() - self._run.zero}
        if path == "/v1/instruments":
            return 200, {"market": "simulated", "instruments": [INSTRUMENT]}
        if path == "/v1/quotes":
            return 200, {"market": "simulated", "sequence": 1, "quotes": [_quote(self.book())]}
        return (200, self.book()) if path == f"/v1/books/{BTCTRY}" else (404, {"error": "no such symbol"})

    def stream(self, put: Callable[[bytes], None], gone: threading.Event) -> None:
        """Tells changes in their order, and proofs after them, as market data does."""
        with self._lock:
            run, book = self._run, self.book()
            known = run.sequence
        whole = {"market": "simulated", "quotes": [_quote(book)], "books": [book], "instruments": [INSTRUMENT]}
        put(_event("snapshot", whole, run, known))
        due = time.monotonic()
        old: list[bytes] = []
        while not (gone.is_set() or run.ended.is_set() or self.stop.is_set()):
            told, known, due = self._changes(run, known, due)
            for event in told:
                put(event)
            if old and self.random.random() < 0.05:
                put(self.random.choice(old))
                self.told.add("old")
            old += [event for event in told if event.startswith(b"event: book")]
            time.sleep(0.005)

    def _changes(self, run: Run, known: int, due: float) -> tuple[list[bytes], int, float]:
        """Returns what is told now, the sequence that it reaches to, and when the next proof is due."""
        told = []
        with self._lock:
            now = time.monotonic()
            if run is self._run and run.sequence > known:
                told.append(_event("book", self.book(), run, run.sequence))
                told.append(_event("quote", _quote(self.book()), run, run.sequence))
            if run is self._run and now >= due:
                due = now + self.random.uniform(PROOF_SECONDS, 5 * PROOF_SECONDS)
                self._extend()
                body = {"at": now - run.zero, "ages": {BTCTRY: now - self._proved_at}}
                told.append(_event("proof", body, run, run.sequence))
            return told, run.sequence, due

    def _new_run(self) -> Run:
        return Run(secrets.token_hex(2), time.monotonic() - self.random.uniform(0.0, 1e6))

    def _show(self) -> None:
        """Shows the next book."""
        self._extend()
        self._number = self._numbers[(self._numbers.index(self._number) + 1) % BOOKS] if self.proved else 0
        now = time.monotonic()
        self.proved[self._number].append([now, now])
        self._proved_at = now
        self._run.sequence += 1

    def _extend(self) -> None:
        """Notes that the present book is true until now, while the venue is there."""
        if self._linked and self.proved:
            self._proved_at = time.monotonic()
            self.proved[self._number][-1][1] = self._proved_at


INSTRUMENT = {
    "symbol": BTCTRY,
    "base_asset": "BTC",
    "quote_currency": "TRY",
    "tick_size": "0.01",
    "lot_size": "0.0001",
    "min_notional": "10",
}


def _quote(book: dict[str, Any]) -> dict[str, Any]:
    [(bid, _)], [(ask, _)] = book["bids"], book["asks"]
    kept = {name: value for name, value in book.items() if name not in ("bids", "asks")}
    best = {"bid": bid, "bid_quantity": "1000", "ask": ask, "ask_quantity": "1000"}
    return {**kept, **best, "last": None, "daily_change_percent": None}


def _event(name: str, body: object, run: Run, sequence: int) -> bytes:
    return f"event: {name}\nid: {run.epoch}-{sequence}\ndata: {json.dumps(body)}\n\n".encode()


class Way:
    """The way of one stream: it holds bytes back, splits them anywhere, and breaks."""

    def __init__(self, feed: Feed, write: Callable[[bytes], None]) -> None:
        self.gone = threading.Event()
        self._feed, self._write = feed, write
        self._waiting: deque[bytes] = deque()

    def put(self, part: bytes) -> None:
        self._waiting.append(part)

    def run(self) -> None:
        """Forwards until the stream breaks, or is told to have ended."""
        random, breaks = self._feed.random, time.monotonic() + self._feed.random.choice([0.3, 1.5, 4.0, 4.0])
        if random.random() < 0.4:
            self._hold()
        with suppress(OSError, ValueError):
            while not (self.gone.is_set() or self._feed.stop.is_set()) and time.monotonic() < breaks:
                if random.random() < 0.005:
                    self._hold()
                data = b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
                self._forward(data)
                time.sleep(0.002)
            if random.random() < 0.5:
                self._write(b"event: book\ndata: {")  # cut in the middle of an event
        self._feed.told.add("cut")
        self.gone.set()

    def _hold(self) -> None:
        time.sleep(self._feed.random.uniform(0.1, 1.5))
        self._feed.told.add("held")

    def _forward(self, data: bytes) -> None:
        random = self._feed.random
        while data:
            size = random.choice([1, 7, 100, len(data), len(data)])
            self._write(data[:size])
            data = data[size:]


@contextmanager
def feeding(random: Random) -> Iterator[Feed]:
    """A feed on a free loopback port until left."""
    feed = Feed(random)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with suppress(OSError):
                if self.path.startswith("/v1/stream"):
                    self._stream()
                else:
                    self._answer()

        def _answer(self) -> None:
            _late(feed)
            status, body = feed.answer(self.path.partition("?")[0])
            _late(feed)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def _stream(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            way = Way(feed, self._write)
            thread = threading.Thread(target=feed.stream, args=(way.put, way.gone), daemon=True)
            thread.start()
            way.run()
            thread.join(5)

        def _write(self, part: bytes) -> None:
            self.wfile.write(part)
            self.wfile.flush()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with listening(Handler) as feed.url:
        thread = threading.Thread(target=feed.run, daemon=True)
        thread.start()
        try:
            yield feed
        finally:
            feed.stop.set()
            thread.join()


def _late(feed: Feed) -> None:
    if feed.random.random() < 0.15:
        time.sleep(feed.random.uniform(0.0, 0.7))
        feed.told.add("slow")
