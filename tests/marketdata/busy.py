"""Market data without a venue: a store that a test writes to, or one that moves by itself under the real server."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from flask import Flask

from common import ops, wire
from common.clock import Clock
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from marketdata.api import Candles, routes
from marketdata.events import BookSnapshot, PriceLevel
from marketdata.state.bars import Chart
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from tests.repo.tree import ROOT

PAIRS = tuple(f"P{number}TRY" for number in range(10))
DEPTH = 100
SEND_SECONDS = 0.5


def instrument(symbol: str) -> wire.Instrument:
    return wire.Instrument(
        symbol=symbol,
        base_asset="P",
        quote_currency="TRY",
        tick_size=Decimal(1),
        lot_size=Decimal(1),
        min_notional=Decimal(0),
    )


def new_store(pairs: Sequence[str] = PAIRS, clock: Callable[[], float] = time.monotonic) -> Store:
    listings = [Listing("BTCTURK", pair, "diffs") for pair in pairs]
    return Store(listings, market="simulated", stale_after=5.0, clock=Clock(clock, lambda: 1.0))


def new_streams(store: Store, most: int = 4, stop: Stop | None = None) -> Streams:
    instruments = {symbol: instrument(symbol) for symbol in store.symbols}
    return Streams(
        store,
        instruments=lambda: instruments,
        most=most,
        heartbeat=0.5,
        stop=stop or Stop(),
        monotonic=time.monotonic,
    )


def no_candles(_symbol: str, _resolution: str, _limit: int) -> Chart:
    return Chart([], [])


def new_app(
    store: Store,
    streams: Streams,
    candles: Candles = no_candles,
    known: Mapping[str, wire.Instrument] | None = None,
    loops: Supervisor | None = None,
) -> Flask:
    app = Flask(__name__)
    instruments = {symbol: instrument(symbol) for symbol in store.symbols} if known is None else known
    ops.install(app, ServiceSettings("marketdata", "1", "simulated"), {}, loops or Supervisor(Stop()))

    @app.get("/open")
    def how_many_are_open() -> dict[str, int]:
        return {"open": streams.slots.open}

    feeds = [{"source": "BTCTURK", "reason": None}]
    app.register_blueprint(
        routes(
            store,
            streams,
            instruments=lambda: instruments,
            candles=candles,
            feeds=lambda: feeds,
            tape=lambda: None,
            send_seconds=SEND_SECONDS,
        )
    )
    return app


def book(bid: int, quantity: int, depth: int = DEPTH) -> BookSnapshot:
    """A book of the best bid, the ask above it, and levels behind both."""
    asks = tuple(PriceLevel(Decimal(bid + 1 + step), Decimal(quantity)) for step in range(depth))
    bids = tuple(PriceLevel(Decimal(bid - step), Decimal(quantity)) for step in range(depth))
    return BookSnapshot("", "obdiff", 1, asks, bids)


def moving() -> Flask:
    """Returns an app whose books all change whole, many times a second. The HTTP server runs it."""
    stop = Stop()
    stop.follow_signals()
    loops, store = Supervisor(stop), new_store()
    streams = new_streams(store, stop=stop)
    loops.add(streams.publisher.loop)
    loops.start()

    def move() -> None:
        for quantity in itertools.count(1):
            for symbol in store.symbols:
                store.apply_book(symbol, book(10_000, quantity), time.time())
            store.prove_all("BTCTURK", time.monotonic())
            time.sleep(0.02)

    threading.Thread(target=move, daemon=True).start()
    return new_app(store, streams, loops=loops)


@contextmanager
def gunicorn(
    app: str = "tests.marketdata.busy:moving()",
    threads: int = 12,
    grace: int = 1,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[str, int]]:
    """An app under the server and the configuration of production, the moving market by default; its address. At the
    end what still goes on has `grace` seconds. `more` is of the environment."""
    environment = {"PORT": "0", "SPARK_SERVICE": "marketdata", "SPARK_LOG_LEVEL": "WARNING"}
    environment |= {"SPARK_THREADS": str(threads), **more}
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        # As the server does with listeners of its own: or each answer waits for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = ["gunicorn", "--config", "common/gunicorn.conf.py", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--graceful-timeout", str(grace), app],
            cwd=ROOT,
            env=os.environ | environment,
            pass_fds=[listener.fileno()],
        )
        try:
            yield listener.getsockname()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def ask(address: tuple[str, int], path: str, read_buffer: int | None = None) -> socket.socket:
    """A socket that has sent a request, and whose receive buffer is small if that is wanted."""
    connection = socket.socket()
    if read_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
    connection.settimeout(30)
    connection.connect(address)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return connection


def json_of(address: tuple[str, int], path: str) -> Any:
    with ask(address, path) as connection, connection.makefile("rb") as answer:
        return json.loads(answer.read().partition(b"\r\n\r\n")[2])
