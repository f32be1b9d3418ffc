"""A venue whose every update carries the moment it was sent, as the amount of the best ask. Prints its addresses and
runs until its input ends."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any

from flask import Flask

from tests.common.local import http_server
from tests.marketdata.rig import ScriptedVenue, book_change, frame, whole_book

PAIRS = tuple(f"P{number}TRY" for number in range(20))
UPDATES_PER_SECOND = 10
FIRST_SEQUENCE = 10


def exchange_info() -> Flask:
    """What the venue trades."""
    app = Flask(__name__)

    @app.get("/api/v2/server/exchangeinfo")
    def info() -> dict[str, Any]:
        price = {"filterType": "PRICE_FILTER", "tickSize": "1", "minExchangeValue": "10"}
        symbols = [
            {
                "name": pair,
                "status": "TRADING",
                "numerator": pair.removesuffix("TRY"),
                "denominator": "TRY",
                "numeratorScale": 8,
                "filters": [price],
            }
            for pair in PAIRS
        ]
        return {"success": True, "data": {"symbols": symbols}}

    return app


def answer(request: dict[str, Any]) -> list[str]:
    """A first book and an empty list of trades for a client that joins."""
    pair = request["event"]
    if not request["join"]:
        return []
    if request["channel"] == "obdiff":
        return [whole_book(pair, FIRST_SEQUENCE, {"101": "1"}, {"99": "2"})]
    if request["channel"] == "trade":
        return [frame(421, {"symbol": pair, "items": [], "channel": "trade", "event": pair})]
    return []


class Bare:
    """The baseline: sends each update straight to every socket that it accepted, with nothing between."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)

    def say(self, amount: str) -> None:
        """Sends one event, as short as it can be; who is gone is forgotten."""
        event = f'event: quote\ndata: {{"ask_quantity":"{amount}"}}\n\n'.encode()
        for connection in list(self._sockets):
            try:
                connection.sendall(event)
            except OSError:
                self._sockets.remove(connection)


def run(venue: ScriptedVenue, bare: Bare) -> None:
    """Updates the pairs in turn, evenly spread over time, once all of them are followed."""
    joined = set[str]()
    while len(joined) < len(PAIRS):
        request = venue.next_heard()
        joined.add(request["event"])
    time.sleep(0.5)
    begun, turn = time.monotonic(), 0
    while True:
        pair, sequence = PAIRS[turn % len(PAIRS)], FIRST_SEQUENCE + 1 + turn // len(PAIRS)
        turn += 1
        time.sleep(max(0.0, begun + turn / (len(PAIRS) * UPDATES_PER_SECOND) - time.monotonic()))
        moment = time.monotonic_ns()
        amount = f"{moment // 10**9}.{moment % 10**9:09d}"
        venue.say(book_change(pair, sequence, [(0, "101", amount)], []))
        bare.say(amount)


def main() -> None:
    venue, bare = ScriptedVenue(answer), Bare()
    with http_server(exchange_info()) as rest:
        print(json.dumps({"websocket": venue.url, "rest": rest, "bare": bare.port}), flush=True)
        threading.Thread(target=run, args=(venue, bare), daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main()
