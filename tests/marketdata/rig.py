"""Market data as it runs, at a pace that tests can wait for, and venues that misbehave on command."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from common.loop import Stop, Supervisor
from marketdata.link.dial import LinkTimings
from marketdata.parts import Parts, Timings
from marketdata.settings import Settings
from marketdata.venues.btcturk.assembly import BtcturkTimings
from marketdata.venues.btcturk.instruments import InstrumentTimings
from marketdata.venues.btcturk.resync import ResyncTimings
from tests.venue.btcturk.rig import Venue

QUICK = LinkTimings(ping_interval=0.5, ping_timeout=30.0, silence=30.0, watch=0.02, healthy=60.0, socket=30.0)
PATIENT = ResyncTimings(first_data=30.0, rejoin=30.0, hopeless=30.0)


def rest_app(venue: Venue) -> Flask:
    return venue.app()


def settings_for(websocket_url: str, rest_url: str, pairs: str = "BTCTRY,ETHUSDT", **more: str) -> Settings:
    environment = {
        "SPARK_BTCTURK_WS_URL": websocket_url,
        "SPARK_BTCTURK_REST_URL": rest_url,
        "SPARK_BTCTURK_CHART_URL": rest_url,
        "SPARK_BTCTURK_PAIRS": pairs,
        "SPARK_BIST_SYMBOLS": "none",
    }
    return Settings.from_environment(environment | more)


@contextmanager
def running_marketdata(
    settings: Settings, loading: InstrumentTimings | None = None, *, retreat: tuple[float, float] = (0.1, 0.5)
) -> Iterator[Parts]:
    """The parts, started; ended with the block. `loading` are the times of loading instruments."""
    btcturk = BtcturkTimings(resync=PATIENT, instruments=loading or InstrumentTimings())
    timings = Timings(link=QUICK, btcturk=btcturk, backoff=(0.05, 0.5), first_dial=0.0)
    parts = Parts.build(settings, Supervisor(Stop()), replace(timings, retreat=retreat))
    parts.start()
    try:
        yield parts
    finally:
        parts.stop()


class ScriptedVenue:
    """Accepts sockets and says what a test tells it to; what clients said is in `heard`.

    `answer` is called with each subscription and gives the frames to send back.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], list[str]]) -> None:
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.accepted = 0
        self._answer = answer
        self._sockets: list[ServerConnection] = []
        self._server: Server = serve(self._handle, "127.0.0.1", 0, compression=None, ping_interval=None)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def say(self, frame: str | bytes) -> None:
        """Sends a text frame on the latest socket."""
        self._sockets[-1].send(frame, text=True)

    def next_heard(self, channel: str = "obdiff") -> dict[str, Any]:
        """The next subscription of a channel, as soon as it comes."""
        while True:
            request = self.heard.get(timeout=30)
            if request["channel"] == channel:
                return request

    def close(self) -> None:
        for socket in self._sockets:
            socket.socket.close()
        self._server.shutdown()
        self._thread.join(5)

    def _handle(self, socket: ServerConnection) -> None:
        self._sockets.append(socket)
        self.accepted += 1
        try:
            socket.send('[991,{"type":991,"current":"6.0.0","min":"2.3.0"}]')
            for text in socket:
                request = json.loads(text)[1]
                self.heard.put(request)
                for frame in self._answer(request):
                    socket.send(frame)
        except ConnectionClosed:
            return


@contextmanager
def scripted_venue(answer: Callable[[dict[str, Any]], list[str]]) -> Iterator[ScriptedVenue]:
    venue = ScriptedVenue(answer)
    try:
        yield venue
    finally:
        venue.close()


def frame(model: int, body: dict[str, Any]) -> str:
    """A frame as the venue writes it, without blanks."""
    return json.dumps([model, {**body, "type": model}], separators=(",", ":"))


def whole_book(pair: str, sequence: int, asks: dict[str, str], bids: dict[str, str]) -> str:
    """A 431 of the obdiff channel; sides are price to amount."""
    sides = {
        name: [{"A": amount, "P": price} for price, amount in side.items()]
        for name, side in (("AO", asks), ("BO", bids))
    }
    return frame(431, {"CS": sequence, "PS": pair, **sides, "channel": "obdiff", "event": pair})


def book_change(pair: str, sequence: int, asks: list[tuple[int, str, str]], bids: list[tuple[int, str, str]]) -> str:
    """A 432; changes are (code, price, amount)."""
    sides = {
        name: [{"CP": code, "P": price, "A": amount} for code, price, amount in side]
        for name, side in (("AO", asks), ("BO", bids))
    }
    return frame(432, {"CS": sequence, "PS": pair, **sides, "channel": "obdiff", "event": pair})


def books_on_join(request: dict[str, Any]) -> list[str]:
    """An answer for `ScriptedVenue`: every join of a book gets one, with sequence 10."""
    if request["channel"] == "obdiff" and request["join"]:
        return [whole_book(request["event"], 10, {"101": "1"}, {"99": "2"})]
    return []
