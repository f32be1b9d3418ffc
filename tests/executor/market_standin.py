"""A market data stand-in on a loopback socket, whose books a test sets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.common.local import in_background

BTCTRY, USDTTRY = "BTCTURK:BTCTRY", "BTCTURK:USDTTRY"
BEGIN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
Side = list[tuple[str, str]]


@dataclass
class MarketData:
    """The answers of the stand-in. `status` other than 200 makes every answer fail with it; `sizes` is every grid,
    `rules` are an instrument's own; another value of `cuts` ends the streams, and another epoch is another run."""

    books: dict[str, dict[str, Any]] = field(default_factory=dict)
    market: str = "simulated"
    status: int = 200
    requests: list[str] = field(default_factory=list)
    url: str = ""
    moved: int = 0
    cuts: int = 0
    epoch: str = "5eed"
    zero: float = 0.0
    rules: dict[str, dict[str, str]] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(
        default_factory=lambda: {"tick_size": "0.01", "lot_size": "0.0001", "min_notional": "10"}
    )

    def put(
        self,
        symbol: str,
        bids: Side,
        asks: Side,
        *,
        age: float = 0.1,
        stale: bool = False,
        moved: int | None = None,
        **more: object,
    ) -> None:
        """Shows a new book; `moved` is its sequence and its time, by default the next; `more` are further fields."""
        self.moved = self.moved + 1 if moved is None else moved
        base, quote = symbol.partition(":")[2].removesuffix("TRY").removesuffix("USDT"), symbol[-4:].lstrip("C")
        self.books[symbol] = {
            "symbol": symbol,
            "market": self.market,
            "source": "standin",
            "delayed": False,
            "base_asset": base or "USDT",
            "quote_currency": "TRY" if symbol.endswith("TRY") else quote,
            "bids": bids,
            "asks": asks,
            "sequence": self.moved,
            "received_at": (BEGIN + timedelta(seconds=self.moved)).isoformat(),
            "age_seconds": age,
            "stale": stale,
            **more,
        }

    def snapshot(self) -> dict[str, Any]:
        """Returns the snapshot that a stream begins with."""
        books = list(self.books.values())
        instruments = [self._instrument(book) for book in books]
        return {"market": self.market, "quotes": [quote_of(book) for book in books], "books": books} | {
            "instruments": instruments
        }

    def stream(self, write: Callable[[bytes], object]) -> None:
        """Tells changes and proofs until it fails, or until a status other than 200 is set."""

        cuts, epoch, zero = self.cuts, self.epoch, self.zero

        def tell(name: str, body: object) -> None:
            write(f"event: {name}\nid: {epoch}-{self.moved}\ndata: {json.dumps(body)}\n\n".encode())

        told = dict(self.books)
        tell("snapshot", self.snapshot())
        while self.status == 200 and self.cuts == cuts:
            for symbol, book in list(self.books.items()):
                if told.get(symbol) is not book:
                    told[symbol] = book
                    tell("book", book)
                    tell("quote", quote_of(book))
                    tell("instrument", self._instrument(book))
            ages = {symbol: book["age_seconds"] for symbol, book in told.items()}
            tell("proof", {"at": time.monotonic() - zero, "ages": ages})
            time.sleep(0.02)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body for a path."""
        self.requests.append(path)
        path = path.partition("?")[0]
        if self.status != 200:
            return self.status, {"error": "as told"}
        if path == "/v1/clock":
            return 200, {"epoch": self.epoch, "at": time.monotonic() - self.zero}
        if path == "/v1/instruments":
            return 200, {"market": self.market, "instruments": [self._instrument(book) for book in self.books.values()]}
        if path == "/v1/quotes":
            quotes = [quote_of(book) for book in self.books.values()]
            return 200, {"market": self.market, "sequence": self.moved, "quotes": quotes}
        book = self.books.get(path.removeprefix("/v1/books/"))
        return (200, book) if book else (404, {"error": "no such symbol"})

    def _instrument(self, book: Mapping[str, Any]) -> dict[str, str]:
        own = self.rules.get(book["symbol"], {})
        return {**{name: book[name] for name in ("symbol", "base_asset", "quote_currency")}, **self.sizes, **own}


def market_data() -> MarketData:
    """Bitcoin at 100.00 bid, 100.10 asked, two levels a side; and what a dollar is worth."""
    data = MarketData()
    data.put(USDTTRY, [("40", "1000")], [("40.1", "1000")])
    data.put(BTCTRY, [("100", "2"), ("99.9", "5")], [("100.1", "2"), ("100.2", "5")])
    return data


def quote_of(book: Mapping[str, Any]) -> dict[str, Any]:
    bid, ask = ((book[side] or [(None, None)])[0] for side in ("bids", "asks"))
    best = {"bid": bid[0], "bid_quantity": bid[1], "ask": ask[0], "ask_quantity": ask[1]}
    kept = {name: value for name, value in book.items() if name not in ("bids", "asks")}
    return {**kept, **best, "last": None, "daily_change_percent": None}


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Has requests handled on a free port of loopback until left; gives the address."""
    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address


@contextmanager
def serving(data: MarketData) -> Iterator[MarketData]:
    """Answers on a free loopback port until left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle(self) -> None:
            with suppress(ConnectionError):  # an executor that was killed
                super().handle()

        def finish(self) -> None:
            with suppress(ConnectionError):
                super().finish()

        def do_GET(self) -> None:
            if self.path.startswith("/v1/stream") and data.status == 200:
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                with suppress(OSError, ValueError):
                    data.stream(self._write)
                return
            status, body = data.answer(self.path)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def _write(self, part: bytes) -> None:
            self.wfile.write(part)
            self.wfile.flush()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with listening(Handler) as data.url:
        try:
            yield data
        finally:
            data.status = 503  # its streams end
