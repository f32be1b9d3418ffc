"""One thread with an event loop that moves a market and serves every socket of a port; what is said is the venue's."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from websockets.asyncio.server import ServerConnection, serve

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64 * 1024
START_SECONDS = 10.0

V = TypeVar("V", covariant=True)


class Moving(Protocol[V]):
    """A market: moved to a time in unix seconds, shown as one view for each symbol."""

    def advance(self, now: float) -> None: ...

    def view(self) -> Mapping[str, V]: ...


class MarketServer(ABC, Generic[V]):
    """Moves a market every `step` seconds and serves it on a port. `views` is the latest state: immutable, replaced as
    a whole, read by any thread. `clock` gives unix seconds; `failures` counts what a loop survived, by part."""

    def __init__(
        self,
        market: Moving[V],
        *,
        name: str,
        host: str,
        port: int,
        step: float,
        clock: Callable[[], float],
        failures: Counter[str],
    ) -> None:
        self.views: Mapping[str, V] = market.view()
        self._moved, self._name, self._step, self._clock, self._failures = market, name, step, clock, failures
        self._host, self._port = host, port
        self._moving, self._stopping = True, False
        self._stepped_at = time.monotonic()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
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

    def pause(self) -> None:
        """Stops the market; when it returns, `views` stays as it is."""
        self._let_move(False)

    def resume(self) -> None:
        """Lets the market move again."""
        self._let_move(True)

    def paused(self) -> bool:
        """Whether the market was stopped on purpose."""
        return not self._moving

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """What the library's server is told beside the rest, such as who is let in."""

    @abstractmethod
    async def _handle(self, socket: ServerConnection) -> None:
        """Serves one socket until it ends."""

    @abstractmethod
    def _leave(self) -> None:
        """The server is about to close: whatever would keep it from that has to go."""

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
                self._failed()
            except Exception:
                self._failed()

    def _failed(self) -> None:
        self._failures["loop"] += 1
        log.exception("the loop failed", extra={"loop": self._name})
        time.sleep(self._step)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await serve(
            self._handle,
            self._host,
            self._port,
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=1.0,
            **self._options(),
        )
        async with server:
            self._port = server.sockets[0].getsockname()[1]
            self._listening.set()
            moving = asyncio.create_task(self._move())
            await self._stop.wait()
            moving.cancel()
            self._leave()

    async def _move(self) -> None:
        while True:
            try:
                if self._moving:
                    self._moved.advance(self._clock())
                    self.views = self._moved.view()
                self._stepped_at = time.monotonic()
            except Exception:
                self._failures["market"] += 1
                log.exception("the market could not be moved", extra={"loop": self._name})
            await asyncio.sleep(self._step)
