"""A broker that says what a test tells it to, frame by frame and answer by answer, over real sockets."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from common.bist.rules import ISTANBUL
from tests.marketdata.rest.rest_server import Handler, running_server
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.venue.algolab.rig import Bist
from tests.venue.rig import eventually

PRICES = {"THYAO": (300.0, 0.25), "GARAN": (120.0, 0.1), "AKBNK": (60.0, 0.05)}
"""The price between the best ones, and the step."""
ROWS = 3
Say = Callable[[Handler], None]
LONG = 40.0
GONE = object()
"""The value of a field that is not there."""


def now() -> str:
    return datetime.now(ISTANBUL).isoformat(timespec="seconds")


def tick(symbol: str, **changed: Any) -> str:
    """A tick without a trade that agrees with `rows`."""
    price, step = PRICES[symbol]
    told = {"Symbol": symbol, "Market": "IMKBH", "Price": price, "Ask": price + step, "Bid": price - step}
    rest = {"Date": now(), "ChangePercentage": 0.5, "TradeQuantity": 0.0, "Direction": "B", "RefPrice": price}
    content = {**told, **rest, "BalancePrice": 0.0, "BalanceAmount": 0.0, **changed}
    return json.dumps({"Type": "T", "Content": content})


def trade(symbol: str, **changed: Any) -> str:
    return tick(symbol, **{"TradeQuantity": 7.0, **changed})


def row(symbol: str, place: int, direction: str = "B", **changed: Any) -> str:
    price, step = PRICES[symbol]
    away = (place + 1) * step
    told = {"Symbol": symbol, "Market": "IMKBH", "Direction": direction, "Row": place, "Quantity": 100 + place}
    content = {**told, "Price": price - away if direction == "B" else price + away, "OrderCount": 2, "Date": now()}
    return json.dumps({"Type": "D", "Content": {**content, **changed}})


def rows(symbol: str, **changed: Any) -> list[str]:
    return [row(symbol, place, direction, **changed) for direction in "BS" for place in range(ROWS)]


def equity(symbol: str, **changed: Any) -> bytes:
    price, step = PRICES[symbol]
    told = {"name": symbol, "flr": f"{price * 0.9:.3f}", "clg": f"{price * 1.1:.3f}", "lst": f"{price:.3f}"}
    content = {**told, "ask": f"{price + step:.3f}", "bid": f"{price - step:.3f}", "min": "", "max": "", **changed}
    return json.dumps({"success": True, "message": "", "content": content}).encode()


@dataclass
class Broker:
    """The addresses that a feed needs, and what the broker says.

    answers: answers a call, by its name; another one than usual.
    books: the frames that answer a subscription to depth, by share.
    """

    ws_url: str = ""
    rest_url: str = ""
    answers: dict[str, Say] = field(default_factory=dict)
    books: dict[str, list[str]] = field(default_factory=lambda: {symbol: rows(symbol) for symbol in PRICES})
    asked: list[tuple[float, str]] = field(default_factory=list)
    depth_asked: list[str] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    clock: Callable[[], float] = time.time

    @property
    def sms_url(self) -> str:
        return f"{self.rest_url}/sim/sms"

    def session(self) -> str:
        return "a-session"

    def say(self, *texts: str | bytes) -> None:
        for text in texts:
            self.sockets[-1].send(text, text=True)

    def calls(self, name: str) -> int:
        return sum(path.endswith(name) for _, path in self.asked)

    def closest(self) -> float:
        """Returns the shortest time between two calls that came, those for the text message apart."""
        came = [at for at, path in self.asked if "sms" not in path]
        return min((later - one for one, later in itertools.pairwise(came)), default=float("inf"))

    def answer(self, call: Handler) -> None:
        name = call.path.rpartition("/")[2]
        said = self.answers.get(name)
        if said is not None:
            said(call)
            return
        replies: dict[str, Callable[[], bytes]] = {
            "LoginUser": lambda: b'{"success":true,"message":"","content":{"token":"t"}}',
            "LoginUserControl": lambda: b'{"success":true,"message":"","content":{"hash":"a-session"}}',
            "SessionRefresh": lambda: b"true",
            "GetEquityInfo": lambda: equity(json.loads(call.body)["symbol"]),
            "sms": lambda: b'{"code":"123456"}',
        }
        call.answer(200, replies[name](), Content_Type="application/json")

    def serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            for text in socket:
                asked = json.loads(text)
                for symbol in asked["Symbols"] if asked["Type"] == "D" else ():
                    self.depth_asked.append(symbol)
                    for frame in self.books.get(symbol, ()):
                        socket.send(frame)
        except ConnectionClosed:
            return


def said(body: bytes, status: int = 200, **headers: str) -> Say:
    return lambda call: call.answer(status, body, **headers)


@contextmanager
def running_broker(**options: Any) -> Iterator[tuple[Broker, Running]]:
    """A broker, and the feed that follows it with a session that is ready."""
    with scripted_broker() as broker, running_feed(cast(Bist, broker), **options) as feed:
        yield broker, feed


@contextmanager
def scripted_broker() -> Iterator[Broker]:
    broker = Broker()
    with (
        running_server(broker.answer) as rest,
        serve(broker.serve, "127.0.0.1", 0, compression=None, ping_interval=None) as sockets,
    ):
        rest.asked = broker.asked
        broker.rest_url, broker.ws_url = rest.url, f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}/api/ws"
        thread = threading.Thread(target=sockets.serve_forever, daemon=True)
        thread.start()
        yield broker
        sockets.shutdown()
        thread.join(5)


def settled(broker: Broker, feed: Running) -> None:
    """Returns once the feed is live, knows the limits, and everything said so far was applied."""
    eventually(lambda: feed.live() and feed.store.status("BIST:THYAO").floor is not None, LONG)
    heard(broker, feed)


def heard(broker: Broker, feed: Running) -> None:
    before = feed.counters.frames["O"]
    broker.say('{"Type":"O"}')
    eventually(lambda: feed.counters.frames["O"] > before, LONG)


def begun(broker: Broker, feed: Running) -> None:
    settled(broker, feed)
    broker.say(trade("THYAO"), trade("GARAN"))
    heard(broker, feed)
    assert feed.store.quote("BIST:THYAO").last == Decimal(300)


def without(frame: str, field: str) -> str:
    told = json.loads(frame)
    del told["Content"][field]
    return json.dumps(told)


def changed(frame: Callable[..., str], field: str, value: Any) -> str:
    made = frame("THYAO", Price=299.75) if frame is trade else frame("THYAO", 0)
    if value is GONE:
        return without(made, field)
    told = json.loads(made)
    told["Content"][field] = value
    return json.dumps(told)


def gaps_end(feed: Running, symbol: str = "BIST:THYAO") -> datetime:
    """Returns the end of the newest gap; the first one ends where the trades begin."""
    return feed.candles.chart(symbol, "1m", 10).gaps[-1].end
