"""A real venue server on a free loopback port, at a pace that tests can wait for, with a clock that tests move."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import ClientConnection, connect

from venue.market import Market
from venue.ratelimits import QUOTAS, Quota, Rules
from venue.server import Pace, VenueServer

START = 1_790_000_000.0
QUICK = Pace(conflation=0.01, ping=15.0, step=0.01)

UNLIMITED = Rules({name: Quota(10**9, 60.0, 60.0) for name in QUOTAS}, Quota(10**9, 60.0, 60.0))


@dataclass
class Clock:
    """Unix seconds that stand still unless a test moves them."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Venue:
    """A running server, its clock and its address. `server.faults.arm(…)` makes it misbehave."""

    server: VenueServer
    clock: Clock

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}"

    def move(self, seconds: float) -> None:
        """Lets market time pass; returns when the server shows the new market."""
        before = self.server.views
        self.clock.now += seconds
        eventually(lambda: self.server.views["BTCTRY"].at > before["BTCTRY"].at)


@contextmanager
def running_venue(
    *, seed: int = 1, pace: Pace = QUICK, port: int = 0, warm_up: float = 60.0, rules: Rules = UNLIMITED
) -> Iterator[Venue]:
    """Without limits on requests and new sockets, unless `rules` gives some."""
    clock = Clock()
    market = Market(seed, START, warm_up_seconds=warm_up)
    server = VenueServer(market, host="127.0.0.1", port=port, pace=pace, clock=clock, rules=rules)
    server.start()
    try:
        yield Venue(server, clock)
    finally:
        server.stop()


def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for a condition; fails the test when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


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
