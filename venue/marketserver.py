"""Serves a market's WebSocket port: one loop moves the market and holds every socket."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.protocol import State

from common.clock import Clock
from common.loop import Loop, Supervisor
from venue.connection import Dated, ServedConnection
from venue.counters import VenueCounters
from venue.socket_faults import hang_up, is_dark

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64 * 1024
CLOSE_SECONDS = 0.7
"""The time that the sockets have to close when the service stops; after it they are cut off."""


V = TypeVar("V", bound=Dated, covariant=True)


class MovingMarket(Protocol[V]):
    """A market whose time the caller moves on."""

    def advance(self, now: float) -> None:
        """Moves the market to a time in unix seconds."""

    def view(self) -> Mapping[str, V]:
        """Returns one immutable view for each symbol."""


@dataclass(frozen=True)
class Address:
    """An address to listen on.

    host: an IP address, or a name that stands for one.
    port: 0 asks for a free port.
    """

    host: str
    port: int


class MarketServer(ABC, Generic[V]):
    """Moves a market at a steady pace and serves it on a WebSocket port.

    To compare a client's picture with the truth: `pause()` stops the market; once `settled()` is true, `views` is what
    a client that lost nothing must show; `resume()` lets the market go on.

    views: the newest view of each symbol, replaced as a whole with each step of the market; any thread may read it.
    counters: the venue's own counts.
    clock: the clocks of market and server.
    stop_signal: the service's stop, for everything that waits.
    port: the port that is listened on; the one asked for until `open()` was called.
    """

    def __init__(
        self,
        market: MovingMarket[V],
        address: Address,
        *,
        name: str,
        step: float,
        clock: Clock,
        counters: VenueCounters,
        loops: Supervisor,
    ) -> None:
        """`name` is the loop's name; `step` is the pause between two steps of the market, in seconds."""
        self.views: Mapping[str, V] = market.view()
        self.counters, self.clock, self.stop_signal, self.port = counters, clock, loops.stop_signal, address.port
        self._market, self._host, self._name, self._step = market, address.host, name, step
        self._moving, self._stepping, self._stepped_at = True, threading.Lock(), clock.monotonic()
        self._clients: set[ServedConnection] = set()
        self._listener: socket.socket | None = None
        self._ended: asyncio.Event | None = None
        self._events: asyncio.AbstractEventLoop | None = None
        self._listening = False
        loops.add(Loop(name, self._run))
        self.stop_signal.on_set(self._end)

    def open(self) -> None:
        """Opens the port; the loop serves it. Raises `OSError` when the port can't be opened."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listener = socket.create_server((self._host, self.port), family=family)
        self.port = self._listener.getsockname()[1]

    def listening(self) -> bool:
        """Returns true while new sockets are served."""
        return self._listening

    def market_silence(self) -> float:
        """Returns the seconds since the market's last step. A paused market makes steps too."""
        return self.clock.monotonic() - self._stepped_at

    def pause(self) -> None:
        """Stops the market; `views` does not change any more when this returns."""
        with self._stepping:
            self._moving = False

    def resume(self) -> None:
        """Lets the market move again."""
        with self._stepping:
            self._moving = True

    def paused(self) -> bool:
        """Returns true while the market is stopped on purpose."""
        return not self._moving

    def settled(self) -> bool:
        """Returns true when every socket that is not dark was sent all that it subscribed to, up to `views`."""
        moments = _moments(self.views)
        return all(client.dark or _moments(client.sent) == moments for client in self._clients.copy())

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """Returns more options for the library's server, such as the one that admits new sockets."""

    @abstractmethod
    def _client(self, connection: ServerConnection) -> ServedConnection:
        """Returns the server's side of a socket that was just opened."""

    def _run(self) -> None:
        asyncio.run(self._serve())

    def _end(self) -> None:
        """Closes the port, and has the loop close every socket."""
        if self._listener is not None:
            self._listener.close()
        if self._events is not None and self._ended is not None:
            with suppress(RuntimeError):  # the event loop has ended by itself
                self._events.call_soon_threadsafe(self._ended.set)

    async def _serve(self) -> None:
        """Serves until the stop."""
        self._events, self._ended = asyncio.get_running_loop(), asyncio.Event()
        if self.stop_signal.is_set():
            return
        if self._listener is None:
            raise RuntimeError("the port was not opened")
        server = await serve(
            self._handle,
            sock=self._listener.dup(),
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=CLOSE_SECONDS,
            **self._options(),
        )
        moving = asyncio.create_task(self._move())
        self._listening = True
        try:
            await self._ended.wait()
        finally:
            self._listening = False
            moving.cancel()
            await _close(server)

    async def _handle(self, connection: ServerConnection) -> None:
        client = self._client(connection)
        self.counters.connections += 1
        self._clients.add(client)
        try:
            await client.serve()
        except Exception:
            self.counters.failures["socket"] += 1
            log.exception("a socket could not be served", extra={"loop": self._name})
        finally:
            self._clients.discard(client)
            self.counters.connections -= 1

    async def _move(self) -> None:
        while True:
            try:
                with self._stepping:
                    if self._moving:
                        self._market.advance(self.clock.unix())
                        self.views = self._market.view()
                self._stepped_at = self.clock.monotonic()
            except Exception:
                self.counters.failures["market"] += 1
                log.exception("the market could not be moved", extra={"loop": self._name})
            await asyncio.sleep(self._step)


def _moments(views: Mapping[str, Dated]) -> dict[str, float]:
    return {symbol: view.at for symbol, view in views.items()}


async def _close(server: Server) -> None:
    """Closes every socket with code 1001, going away. A socket that can't hear this, or takes too long, is cut off."""
    for connection in server.all_connections.copy():
        if is_dark(connection) or connection.state is not State.OPEN:
            hang_up(connection)
    server.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), CLOSE_SECONDS)
    for connection in server.all_connections.copy():
        hang_up(connection)
