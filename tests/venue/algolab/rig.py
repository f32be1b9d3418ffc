"""A real AlgoLab stand-in on free loopback ports: REST and WebSocket, quick, with time that tests move."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Flask
from websockets.sync.client import ClientConnection, connect
from werkzeug.serving import make_server

from common.clock import Clock
from common.loop import Stop, Supervisor
from tests.venue.rig import MarketTime, eventually
from venue.algolab.accounts import Accounts, CustomerCredentials
from venue.algolab.api import routes
from venue.algolab.connection import AlgoLabServerTimings
from venue.algolab.faults import AlgoLabFaults
from venue.algolab.listing import SHARES, ListedShare
from venue.algolab.market import BistMarket, Sessions
from venue.algolab.server import AlgoLabServer
from venue.algolab.views import BistView
from venue.marketserver import Address

# 2026-09-22 11:00 in Istanbul, a Tuesday: continuous trading under either kind of sessions.
START = 1_790_064_000.0
QUICK = AlgoLabServerTimings(step=0.01, first_subscription=5.0)
API_KEY = "API-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CREDENTIALS = CustomerCredentials(api_key=API_KEY, username="12345678901", password="secret-1")
HOST = "https://www.algolab.com.tr"


@dataclass
class Bist:
    """A running stand-in. `truth(symbol)` is the view that a client must show.

    server: the WebSocket server.
    market: the exchange behind it.
    accounts: the customer and the session.
    faults: the armed faults; `faults.arm(...)` makes the stand-in misbehave.
    clock: the market's time.
    rest_url: the address of the REST calls.
    credentials: the customer's.
    """

    server: AlgoLabServer
    market: BistMarket
    accounts: Accounts
    faults: AlgoLabFaults
    clock: MarketTime
    rest_url: str
    credentials: CustomerCredentials = CREDENTIALS

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/api/ws"

    @property
    def sms_url(self) -> str:
        """The address of the newest login's code; it needs the header APIKEY."""
        return f"{self.rest_url}/sim/sms"

    def truth(self, symbol: str) -> BistView:
        """Returns the present view of a symbol: rows, limits, phase, last price."""
        return self.server.views[symbol]

    def move(self, seconds: float) -> None:
        """Lets market time pass; returns when the server shows the new market."""
        before = self.truth("USDTRY").at
        self.clock.now += seconds
        eventually(lambda: self.truth("USDTRY").at > before)

    def quiet(self) -> None:
        """Returns when every open socket was sent all of the present market: its client has it or will read it."""
        eventually(self.server.settled)

    def session(self) -> str:
        """Returns a new session's Authorization, made without the calls of a login."""
        token = self.accounts.log_in(encrypted(self.credentials.username), encrypted(self.credentials.password))
        code = self.accounts.phone()
        assert token is not None
        assert code is not None
        authorization = self.accounts.confirm(encrypted(token), encrypted(code))
        assert authorization is not None
        return authorization


@contextmanager
def running_bist(
    *,
    seed: int = 1,
    timings: AlgoLabServerTimings = QUICK,
    sessions: Sessions = "always",
    request_seconds: float = 0.0,
    start: float = START,
    ws_port: int = 0,
    shares: Sequence[ListedShare] = SHARES,
) -> Iterator[Bist]:
    """Runs the stand-in, with `request_seconds` between two REST requests. Its time stands still until `move`."""
    clock, faults, loops = MarketTime(start), AlgoLabFaults(), Supervisor(Stop())
    accounts = Accounts(CREDENTIALS, faults, clock)
    market = BistMarket(seed, start, shares=shares, sessions=sessions, warm_up_seconds=60.0)
    server = AlgoLabServer(
        market,
        accounts,
        faults,
        Address("127.0.0.1", ws_port),
        loops,
        clock=Clock(time.monotonic, clock),
        timings=timings,
    )
    app = Flask("algolab")
    app.register_blueprint(routes(server, request_seconds=request_seconds))
    server.open()
    loops.start()
    web = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Bist(server, market, accounts, faults, clock, f"http://127.0.0.1:{web.server_port}")
    finally:
        web.shutdown()
        web.server_close()
        thread.join(5.0)
        loops.stop()


def encrypted(text: str, api_key: str = API_KEY) -> str:
    """Encrypts a text as a client does."""
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    cipher = Cipher(algorithms.AES(base64.b64decode(api_key[4:])), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def checker(endpoint: str, body: str, api_key: str = API_KEY) -> str:
    """Signs a request as a client does."""
    return hashlib.sha256(f"{api_key}{HOST}{endpoint}{body}".encode()).hexdigest()


def post(bist: Bist, call: str, body: Mapping[str, Any], authorization: str = "", **headers: str) -> tuple[int, Any]:
    """Makes one REST call as a client does; returns status and answer. `headers` replace its own."""
    compact = json.dumps(body, separators=(",", ":")) if body else ""
    sent = {"Content-Type": "application/json", "APIKEY": API_KEY}
    if authorization:
        sent |= {"Authorization": authorization, "Checker": checker(f"/api/{call}", compact)}
    request = urllib.request.Request(
        f"{bist.rest_url}/api/api/{call}", data=json.dumps(body).encode(), headers={**sent, **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


def socket_headers(authorization: str, **changed: str) -> dict[str, str]:
    """Returns the three headers of an upgrade; `changed` replaces some."""
    return {"APIKEY": API_KEY, "Authorization": authorization, "Checker": checker("/ws", ""), **changed}


class Client:
    """A plain client of the socket, independent of the product's own."""

    def __init__(self, socket: ClientConnection, token: str) -> None:
        self.socket, self._token = socket, token

    def ask(self, kind: str, *symbols: str, key: str = "token") -> None:
        self.socket.send(json.dumps({"Type": kind, key: self._token, "Symbols": symbols}))

    def beat(self) -> None:
        self.socket.send(json.dumps({"Type": "H", "Token": self._token}))

    def next(self, timeout: float = 10.0) -> dict[str, Any]:
        frame = json.loads(self.socket.recv(timeout))
        assert isinstance(frame, dict)
        return frame

    def everything(self) -> list[dict[str, Any]]:
        """Returns every frame that the server has sent; {} stands for one that is no JSON."""
        assert self.socket.ping().wait(10), "a pong comes after all that was sent before it"
        frames: list[dict[str, Any]] = []
        with contextlib.suppress(TimeoutError):
            while True:
                text = self.socket.recv(0)
                with contextlib.suppress(ValueError):
                    frames.append(json.loads(text))
                    continue
                frames.append({})
        return frames

    def next_of(self, kind: str) -> dict[str, Any]:
        """Returns the content of the next frame of a type."""
        while True:
            frame = self.next()
            if frame.get("Type") == kind:
                content = frame["Content"]
                assert isinstance(content, dict)
                return content

    def contents(self, kind: str, count: int) -> list[dict[str, Any]]:
        return [self.next_of(kind) for _ in range(count)]


@contextmanager
def client(bist: Bist, authorization: str | None = None, **headers: str) -> Iterator[Client]:
    """Opens a socket with a session; yields its client."""
    token = authorization or bist.session()
    sent = socket_headers(token, **headers)
    with connect(bist.ws_url, additional_headers=sent, compression=None, max_queue=None, close_timeout=0.2) as socket:
        yield Client(socket, token)
