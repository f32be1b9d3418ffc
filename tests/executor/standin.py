"""A market data stand-in on a loopback socket, whose books a test sets; and what tests build the executor from."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from common.clock import Clock
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from executor.app import create_app
from executor.context import TradingContext
from executor.guardrails import Limits
from executor.health import LedgerHealth
from executor.matching import Matcher
from executor.paper import Fees
from executor.parts import Parts
from executor.settings import LedgerSettings, PeerSettings, Settings
from executor.store import Ledger
from executor.stream.streams import STREAM_TIMINGS, StreamTimings
from executor.timing import StageMetrics
from executor.writer.reign import Told

TOKEN = "the-operators-token"
BTCTRY, BTCUSDT, USDTTRY = "BTCTURK:BTCTRY", "BTCTURK:BTCUSDT", "BTCTURK:USDTTRY"
CASH = {"TRY": Decimal(5_000_000), "USDT": Decimal(100_000)}
BEGIN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NOWHERE = "postgresql+psycopg://spark@127.0.0.1:1/nothing"
"""The address of a database that is not there."""
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
        """What a stream begins with."""
        books = list(self.books.values())
        instruments = [self._instrument(book) for book in books]
        return {"market": self.market, "quotes": [_quote(book) for book in books], "books": books} | {
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
                    tell("quote", _quote(book))
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
            quotes = [_quote(book) for book in self.books.values()]
            return 200, {"market": self.market, "sequence": self.moved, "quotes": quotes}
        book = self.books.get(path.removeprefix("/v1/books/"))
        return (200, book) if book else (404, {"error": "no such symbol"})

    def _instrument(self, book: Mapping[str, Any]) -> dict[str, str]:
        own = self.rules.get(book["symbol"], {})
        return {**{name: book[name] for name in ("symbol", "base_asset", "quote_currency")}, **self.sizes, **own}


def market_data() -> MarketData:
    """One book: 100.00 bid, 100.10 asked, two levels a side."""
    data = MarketData()
    data.put(BTCTRY, [("100", "2"), ("99.9", "5")], [("100.1", "2"), ("100.2", "5")])
    return data


def _quote(book: Mapping[str, Any]) -> dict[str, Any]:
    bid, ask = ((book[side] or [(None, None)])[0] for side in ("bids", "asks"))
    best = {"bid": bid[0], "bid_quantity": bid[1], "ask": ask[0], "ask_quantity": ask[1]}
    kept = {name: value for name, value in book.items() if name not in ("bids", "asks")}
    return {**kept, **best, "last": None, "daily_change_percent": None}


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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    data.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield data
    finally:
        data.status = 503  # its streams end
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Place:
    """Where a test's ledger is."""

    url: str
    password: str = ""

    def ledger(
        self, cash: Mapping[str, Decimal] = CASH, now: Callable[[], datetime] | None = None, account: str = "paper"
    ) -> Ledger:
        settings = LedgerSettings(self.url, self.password, account, cash)
        wall = now or (lambda: datetime.now(UTC))
        clock = Clock(time.monotonic, lambda: wall().timestamp())
        told = Told(lambda _: None, lambda: None)
        return Ledger(settings, clock, StageMetrics(CollectorRegistry()), told, wide_limits())


class Monotonic:
    """A monotonic clock that a test moves; one that runs goes on by itself too."""

    def __init__(self, *, runs: bool = False) -> None:
        self.now = 1000.0
        self._runs = runs

    def __call__(self) -> float:
        return self.now + (time.monotonic() if self._runs else 0.0)


@dataclass
class Executor:
    """One executor: its settings, its parts, its monotonic clock, and a client of its app."""

    settings: Settings
    parts: Parts
    app: Flask
    clock: Monotonic
    closed: threading.Event = field(default_factory=threading.Event)

    def start_writing(self) -> None:
        """Makes this executor write the account, or know the one that does; it takes what others forward."""
        if not self.parts.peers.address:
            self.parts.peers.open()
            threading.Thread(target=self._take_forwarded, daemon=True).start()
            threading.Thread(target=self._lead, daemon=True).start()
        self.parts.leading.step()

    def _lead(self) -> None:
        while not self.closed.wait(0.05):
            self.parts.leading.step()

    def close(self) -> None:
        """Ends it without a thread or a connection left."""
        self.closed.set()
        self.parts.peers.close()
        self.parts.desk.close()
        self.trading.ledger.close()

    def _take_forwarded(self) -> None:
        while not self.closed.is_set():
            self.parts.peers.step()

    @property
    def trading(self) -> TradingContext:
        return self.parts.trading

    @property
    def matcher(self) -> Matcher:
        return self.parts.matcher

    @property
    def health(self) -> LedgerHealth:
        return self.parts.health

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def order(self, token: str = TOKEN, **changes: Any) -> tuple[int, dict[str, Any]]:
        """Posts an order, a market buy of 0.5 BTC unless changed; a field set to None is left out."""
        body = {"client_order_id": "one", "symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "0.5"}
        body |= changes
        return self.post("/v1/orders", {name: value for name, value in body.items() if value is not None}, token)

    def limit(self, client_order_id: str, side: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
        """Posts a limit order that must be new; its answer."""
        wanted = {"side": side, "type": "limit", "quantity": quantity, "limit_price": price, **changes}
        status, order = self.order(client_order_id=client_order_id, **wanted)
        assert status == 201, order
        return order

    def post(self, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.get_json()

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found


def make_executor(
    place: Place,
    data: MarketData,
    *,
    cash: Mapping[str, Decimal] = CASH,
    fee: str = "0.1",
    limits: Limits | None = None,
    writes: int = 100_000,
    streams: int = 8,
    timings: StreamTimings = STREAM_TIMINGS,
    now: Callable[[], datetime] | None = None,
    monotonic: Callable[[], float] | None = None,
    account: str = "paper",
) -> Executor:
    """An executor on `place`; its ledger is not prepared, and no thread runs. Its clock runs if it has timings."""
    moved, wall = Monotonic(runs=timings is not STREAM_TIMINGS), now or (lambda: datetime.now(UTC))
    settings = Settings(
        service=ServiceSettings("executor", "1", "simulated"),
        ledger=LedgerSettings(place.url, place.password, account, cash),
        peers=PeerSettings("127.0.0.1", 0, b"the key of these executors"),
        operator_token=TOKEN,
        most_writes_per_second=writes,
        most_order_streams=streams,
        marketdata_url=data.url,
        limits=limits or wide_limits(),
        fees=Fees(taker_percent=Decimal(fee), maker_percent=Decimal(fee) / 2),
        equity_currency="TRY",
    )
    clock = Clock(monotonic or moved, lambda: wall().timestamp())
    parts = Parts.build(settings, Supervisor(Stop()), clock, timings)
    return Executor(settings, parts, create_app(settings, parts), moved)


def wide_limits() -> Limits:
    """Limits that these tests seldom meet."""
    return Limits(
        quote_stale_seconds=5.0,
        price_collar_percent=Decimal(2),
        max_order_notional={"TRY": Decimal(500_000), "USDT": Decimal(15_000)},
        max_position_notional={"TRY": Decimal(10**7), "USDT": Decimal(10**6)},
        max_exposure={"TRY": Decimal(10**7), "USDT": Decimal(10**6)},
        max_orders_per_second=10_000,
    )


@contextmanager
def having_traded(place: Place) -> Iterator[Executor]:
    """An executor of its own, ready on `place`, with an order that was filled and one that rests."""
    with serving(market_data()) as data:
        executor = make_executor(place, data)
        executor.start_writing()
        executor.order(client_order_id="filled")
        executor.limit("resting", "buy", "1", "99")
        yield executor
        executor.close()
