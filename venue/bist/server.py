"""AlgoLab's WebSocket: one thread with an event loop that moves the exchange and serves every socket."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from venue.bist.accounts import Accounts
from venue.bist.connection import Connection, Pace
from venue.bist.crypto import checker
from venue.bist.faults import Faults
from venue.bist.session import Session
from venue.bist.tally import Tally
from venue.bist.views import View

log = logging.getLogger(__name__)

PATH, SIGNED_PATH = "/api/ws", "/ws"
MAX_FRAME_BYTES = 64 * 1024
START_SECONDS = 10.0


class Market(Protocol):
    """What the server needs of an exchange."""

    def advance(self, now: float) -> None: ...

    def view(self) -> Mapping[str, View]: ...


class AlgoLabServer:
    """Serves the exchange on a port. `views` is the latest state: immutable, replaced as a whole, read by any thread.
    `clock` gives unix seconds. When it stands still, or after `pause()`, and once `settled()`, `views` is row by row
    what a client that lost nothing must show."""

    def __init__(
        self,
        market: Market,
        accounts: Accounts,
        faults: Faults,
        *,
        host: str,
        port: int,
        clock: Callable[[], float],
        pace: Pace | None = None,
    ) -> None:
        self.accounts, self.faults, self.tally = accounts, faults, Tally()
        self.views: Mapping[str, View] = market.view()
        self._market, self._clock, self._pace = market, clock, pace or Pace()
        self._host, self._port = host, port
        self._stepped_at = time.monotonic()
        self._connections: set[Connection] = set()
        self._thread = threading.Thread(target=self._run, name="algolab-loop", daemon=True)
        self._listening = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping, self._moving = False, True
        self._refusal: OSError | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; the one asked for, or a free one if that was 0."""
        return self._port

    def start(self) -> None:
        """Returns when the port is open; raises `OSError` when it can't be opened."""
        self._thread.start()
        if not self._listening.wait(START_SECONDS):
            raise TimeoutError(f"the port was not open within {START_SECONDS:.0f} s")
        if self._refusal is not None:
            raise self._refusal

    def stop(self) -> None:
        """Closes every socket and ends the thread."""
        self._stopping = True
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_SECONDS)

    def market_silence(self) -> float:
        """Seconds since the exchange last moved."""
        return time.monotonic() - self._stepped_at

    def listening(self) -> bool:
        """Whether the port is open."""
        return self._listening.is_set() and self._refusal is None

    def pause(self) -> None:
        """Stops the exchange; when it returns, `views` stays as it is."""
        self._let_move(False)

    def resume(self) -> None:
        """Lets the exchange go on."""
        self._let_move(True)

    def settled(self) -> bool:
        """Whether every open socket that still hears was sent all it subscribed to, up to the present `views`."""
        moments = _moments(self.views)
        open_ones = [connection for connection in self._connections.copy() if not connection.dark]
        return all(_moments(connection.told) == moments for connection in open_ones)

    def _let_move(self, moving: bool) -> None:
        """Takes effect between two steps of the exchange."""
        done = threading.Event()

        def switch() -> None:
            self._moving = moving
            done.set()

        if self._loop is None:
            raise RuntimeError("the server was not started")
        self._loop.call_soon_threadsafe(switch)
        if not done.wait(START_SECONDS):
            raise TimeoutError("the server's loop does not answer")

    def _run(self) -> None:
        while not self._stopping:
            try:
                asyncio.run(self._serve())
            except OSError as error:
                if not self._listening.is_set():
                    self._refusal = error
                    self._listening.set()
                    return
                self._failed("loop")
            except Exception:
                self._failed("loop")

    def _failed(self, part: str) -> None:
        self.tally.failures[part] += 1
        log.exception("the AlgoLab side's loop failed", extra={"part": part})
        time.sleep(self._pace.step)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await serve(
            self._handle,
            self._host,
            self._port,
            process_request=self._admit,
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=1.0,
        )
        async with server:
            self._port = server.sockets[0].getsockname()[1]
            self._listening.set()
            moving = asyncio.create_task(self._move())
            await self._stop.wait()
            moving.cancel()
            for connection in self._connections:
                connection.drop_if_dark()

    async def _move(self) -> None:
        while True:
            try:
                if self._moving:
                    self._market.advance(self._clock())
                    self.views = self._market.view()
                self._stepped_at = time.monotonic()
            except Exception:
                self.tally.failures["market"] += 1
                log.exception("the exchange could not be moved")
            await asyncio.sleep(self._pace.step)

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answers an upgrade: None lets it in, anything else is the refusal."""
        fault = self.faults.take("refuse_upgrade")
        if fault is not None:
            return self._refused(socket, "fault", fault.status or 503)
        if request.path.partition("?")[0] != PATH:
            return self._refused(socket, "not_found", HTTPStatus.NOT_FOUND)
        api_key = self.accounts.credentials.api_key
        given = [request.headers.get(name, "") for name in ("APIKEY", "Checker")]
        wanted = [api_key, checker(api_key, SIGNED_PATH, "")]
        right = all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))
        if not right or not self.accounts.valid(request.headers.get("Authorization", ""), use=True):
            return self._refused(socket, "unauthorized", HTTPStatus.UNAUTHORIZED)
        self.tally.upgrades["accepted"] += 1
        return None

    def _refused(self, socket: ServerConnection, outcome: str, status: int) -> Response:
        self.tally.upgrades[outcome] += 1
        return socket.respond(HTTPStatus(status), "")

    async def _handle(self, socket: ServerConnection) -> None:
        authorization = socket.request.headers["Authorization"] if socket.request else ""
        connection = Connection(
            socket,
            Session(authorization),
            tally=self.tally,
            faults=self.faults,
            views=lambda: self.views,
            valid=lambda: self.accounts.valid(authorization, use=False),
        )
        self.tally.connections += 1
        self._connections.add(connection)
        try:
            await connection.serve(self._pace)
        except Exception:
            self.tally.failures["socket"] += 1
            log.exception("a socket's handler failed")
        finally:
            self._connections.discard(connection)
            self.tally.connections -= 1


def _moments(views: Mapping[str, View]) -> dict[str, float]:
    return {symbol: view.at for symbol, view in views.items()}
