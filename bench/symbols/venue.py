"""Both venues in a process of their own: `python -m bench.symbols.venue PAIRS SHARES`. Prints its addresses as JSON.

Each line of its input sets the rate, as a multiple of the peak; it runs until its input ends.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from flask import Flask

from bench.stream_venue import Bare
from bench.symbols.pairs import Pairs
from bench.symbols.server import PlainServer
from bench.symbols.shares import Shares
from tests.common.local import http_server

PAUSE_SECONDS = 0.002
MOST_BEHIND_SECONDS = 0.25
"""Frames that are due since longer than this are left out: the client reads no faster."""


class Source:
    """Sends the frames of one venue evenly over time, at its own rates."""

    def __init__(self, frames: Pairs | Shares) -> None:
        self.server = PlainServer(frames.heard)
        self._frames, self._due = frames, dict.fromkeys(frames.rates(), 0.0)

    def send(self, seconds: float, factor: float) -> None:
        """Sends what became due in the last `seconds`."""
        batch: list[bytes] = []
        with self.server.order:
            for kind, rate in self._frames.rates().items():
                due = min(self._due[kind] + rate * factor * seconds, max(rate * factor * MOST_BEHIND_SECONDS, 1.0))
                batch += [self._frames.make(kind) for _ in range(int(due))]
                self._due[kind] = due % 1.0
            self.server.say(batch)


def rest(pairs: Pairs) -> Flask:
    """Returns the REST side of both venues: what is traded, no past, and a session that goes on."""
    app = Flask(__name__)
    price = {"filterType": "PRICE_FILTER", "tickSize": "1", "minExchangeValue": "10"}

    def symbol(pair: str) -> dict[str, Any]:
        names = {"name": pair, "numerator": pair.removesuffix("TRY"), "denominator": "TRY"}
        return {**names, "status": "TRADING", "numeratorScale": 8, "filters": [price]}

    @app.get("/api/v2/server/exchangeinfo")
    def info() -> dict[str, Any]:
        return {"success": True, "data": {"symbols": [symbol(pair) for pair in pairs.names]}}

    @app.get("/api/v2/ticker")
    def tickers() -> dict[str, Any]:
        return {"success": True, "data": []}

    @app.get("/v1/ohlcs")
    def days() -> list[Any]:
        return []

    @app.get("/v1/klines/history")
    def minutes() -> dict[str, Any]:
        return {"s": "no_data", "t": [], "o": [], "h": [], "l": [], "c": [], "v": []}

    @app.post("/api/api/SessionRefresh")
    def refresh() -> tuple[str, int, dict[str, str]]:
        return "true", 200, {"Content-Type": "application/json"}

    @app.post("/api/api/GetEquityInfo")
    def equity() -> dict[str, Any]:
        return {"success": False, "message": "not told here", "content": None}

    return app


class Rate:
    """The present rate, which another thread sets."""

    factor = 1.0


def run(sources: list[Source], rate: Rate) -> None:
    """Sends for ever."""
    before = time.monotonic()
    while True:
        time.sleep(PAUSE_SECONDS)
        now = time.monotonic()
        for source in sources:
            source.send(now - before, rate.factor)
        before = now


def main(pair_count: int, share_count: int) -> None:
    """Serves until the input ends."""
    bare = Bare()
    pairs, shares = Pairs(pair_count, bare.say), Shares(share_count)
    sources, rate = [Source(pairs), Source(shares)][: 2 if share_count else 1], Rate()
    with http_server(rest(pairs)) as address:
        told = {"websocket": sources[0].server.address, "rest": address, "bare": bare.port, "broker": ""}
        if share_count:
            told["broker"] = sources[1].server.address + "/api/ws"
        threading.Thread(target=run, args=(sources, rate), daemon=True).start()
        print(json.dumps(told), flush=True)
        for line in sys.stdin:
            rate.factor = float(line)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
