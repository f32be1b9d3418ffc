"""A real BTCTurk stand-in on a free loopback port, at a pace that tests can wait for, with time that tests move."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from websockets.sync.client import ClientConnection, connect

from common.clock import Clock
from common.loop import Stop, Supervisor
from tests.venue.rig import MarketTime, eventually
from venue.app import create_app
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.ratelimits import QUOTAS, LimitRules, Quota
from venue.btcturk.server import BtcturkServer, ChartedMarket
from venue.marketserver import Address
from venue.parts import Parts
from venue.settings import Settings

START = 1_790_000_000.0
QUICK = BtcturkServerTimings(conflation=0.01, ping=15.0, step=0.01)

UNLIMITED = LimitRules({name: Quota(10**9, 60.0, 60.0) for name in QUOTAS}, Quota(10**9, 60.0, 60.0))


@dataclass(frozen=True)
class Venue:
    """A running stand-in.

    parts: the service's parts; AlgoLab is not among them.
    clock: the market's time.
    """

    parts: Parts
    clock: MarketTime

    @property
    def server(self) -> BtcturkServer:
        """The server; `server.faults.arm(...)` makes it misbehave."""
        return self.parts.btcturk

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}"

    def app(self, **environment: str) -> Flask:
        """Returns the REST and operators' side, with these settings."""
        return create_app(Settings.from_environment(environment), self.parts)

    def move(self, seconds: float) -> None:
        """Lets market time pass; returns when the server shows the new market."""
        before = self.server.views
        self.clock.now += seconds
        eventually(lambda: self.server.views["BTCTRY"].at > before["BTCTRY"].at)

    def stop(self) -> None:
        """Ends the stand-in before its block does."""
        self.parts.stop()


@contextmanager
def running_venue(
    *,
    seed: int = 1,
    timings: BtcturkServerTimings = QUICK,
    port: int = 0,
    warm_up: float = 60.0,
    rules: LimitRules = UNLIMITED,
    clock: MarketTime | None = None,
    market: ChartedMarket | None = None,
) -> Iterator[Venue]:
    """Runs the stand-in. It limits nothing unless `rules` does; its time stands still unless `clock` moves it."""
    time_of_market = clock or MarketTime(START)
    loops = Supervisor(Stop())
    server = BtcturkServer(
        market or BtcturkMarket(seed, START, warm_up_seconds=warm_up),
        Address("127.0.0.1", port),
        loops,
        clock=Clock(time.monotonic, time_of_market),
        timings=timings,
        rules=rules,
    )
    parts = Parts(loops, server, None)
    parts.start()
    try:
        yield Venue(parts, time_of_market)
    finally:
        parts.stop()


class Client:
    """A plain client of the protocol, independent of the product's own."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def ask(self, channel: str, event: Any, join: Any = True) -> None:
        self.say(json.dumps([151, {"type": 151, "channel": channel, "event": event, "join": join}]))

    def say(self, text: str | bytes) -> None:
        self.socket.send(text, text=True)

    def next(self, timeout: float = 5.0) -> tuple[int, dict[str, Any]]:
        kind, body = json.loads(self.socket.recv(timeout))
        assert body["type"] == kind
        return kind, body

    def next_of(self, wanted: int) -> dict[str, Any]:
        while True:
            kind, body = self.next()
            if kind == wanted:
                return body


@contextmanager
def client(url: str) -> Iterator[Client]:
    """A client that has read the welcome."""
    with connect(url, compression=None, close_timeout=1) as socket:
        joined = Client(socket)
        assert joined.next() == (991, {"type": 991, "current": "6.0.0", "min": "2.3.0"})
        yield joined
