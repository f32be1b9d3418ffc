"""The WebSocket side of the venue: one thread with an event loop that moves the market and serves every socket."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from websockets.asyncio.server import ServerConnection, serve

from venue.charts import PairCharts
from venue.connection import Connection
from venue.door import Door
from venue.faults import Faults
from venue.market import STEP_SECONDS, PairView
from venue.ratelimits import Limits, Rules
from venue.session import Session
from venue.tally import Tally

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64 * 1024
START_SECONDS = 10.0
OPEN_SECONDS = 300.0
"""How long an upgrade may take; longer than any client waits for one that is never answered."""


class Market(Protocol):
    """What the server needs of a market."""

    @property
    def charts(self) -> Mapping[str, PairCharts]: ...

    def advance(self, now: float) -> None: ...

    def view(self) -> Mapping[str, PairView]: ...


@dataclass(frozen=True)
class Pace:
    """The venue's rhythm in seconds; tests scale it down."""

    conflation: float = 0.76
    ping: float = 15.0
    step: float = STEP_SECONDS


def anchored_clock() -> Callable[[], float]:
    """Unix seconds that never jump: the wall clock read once, moved on by the monotonic one."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class VenueServer:
    """Serves the market on a port. `views` is the latest state: immutable, replaced as a whole, read by any thread.

    To compare a client's book with the truth: `pause()` stops the market, `settled()` is true once every socket was
    sent everything up to that moment, and then `views[pair].bids` and `.asks` are, level by level, what a client that
    lost nothing must show; `resume()` lets the market go on. `faults.arm(…)` makes the venue misbehave, and `limits`
    tells what it measured of its clients. `monotonic` gives seconds for the limits.
    """

    def __init__(
        self,
        market: Market,
        *,
        host: str,
        port: int,
        pace: Pace,
        clock: Callable[[], float],
        rules: Rules | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults, self.limits, self.monotonic = Faults(), Limits(rules or Rules()), monotonic
        self._connections: set[Connection] = set()
        self._moving = True
        self._market, self._clock, self._pace = market, clock, pace
        self._host, self._port = host, port
        self._rng = random.Random()
        self.tally = Tally()
        self._door = Door(self.faults, self.limits, self.tally, monotonic)
        self.views: Mapping[str, PairView] = market.view()
        self._stepped_at = time.monotonic()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="venue-loop", daemon=True)
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
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
        """Seconds since the market last moved."""
        return time.monotonic() - self._stepped_at

    def listening(self) -> bool:
        """Whether the port is open."""
        return self._listening.is_set() and self._refusal is None

    @property
    def charts(self) -> Mapping[str, PairCharts]:
        """The bars of each pair."""
        return self._market.charts

    def pause(self) -> None:
        """Stops the market; when it returns, `views` stays as it is."""
        self._let_move(False)

    def resume(self) -> None:
        """Lets the market move again."""
        self._let_move(True)

    def paused(self) -> bool:
        """Whether the market was stopped on purpose."""
        return not self._moving

    def settled(self) -> bool:
        """Whether every open socket that still hears was sent everything it joined, up to the present `views`."""
        views = self.views
        return all(connection.dark or connection.told is views for connection in self._connections.copy())

    def _let_move(self, moving: bool) -> None:
        """Takes effect between two steps of the market."""
        done = threading.Event()

        def switch() -> None:
            self._moving = moving
            done.set()

        if self._loop is None:
            raise RuntimeError("the venue was not started")
        self._loop.call_soon_threadsafe(switch)
        if not done.wait(START_SECONDS):
            raise TimeoutError("the venue's loop does not answer")

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
        log.exception("the venue's loop failed", extra={"part": part})
        time.sleep(self._pace.step)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await serve(
            self._handle,
            self._host,
            self._port,
            compression=None,
            ping_interval=None,
            process_request=self._door.admit,
            open_timeout=OPEN_SECONDS,
            max_size=MAX_FRAME_BYTES,
            close_timeout=1.0,
        )
        async with server:
            self._port = server.sockets[0].getsockname()[1]
            self._listening.set()
            moving = asyncio.create_task(self._move())
            await self._stop.wait()
            moving.cancel()
            self._door.close()
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
                log.exception("the market could not be moved")
            await asyncio.sleep(self._pace.step)

    async def _handle(self, socket: ServerConnection) -> None:
        self.tally.accepted += 1
        self.tally.connections += 1
        session = Session(self._rng)
        connection = Connection(socket, session, self.tally, self.faults, lambda: self.views)
        self._connections.add(connection)
        try:
            await connection.serve(self._pace.conflation, self._pace.ping)
        except Exception:
            self.tally.failures["socket"] += 1
            log.exception("a socket's handler failed")
        finally:
            self._connections.discard(connection)
            self.tally.connections -= 1
