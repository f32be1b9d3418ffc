"""One client's socket: reads its requests, sends what it is owed, pings it, and drops it when it stops answering."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from venue import cable, frames, tamper
from venue.faults import SOCKET_FAULTS, Fault, Faults
from venue.market import PairView
from venue.session import Session
from venue.tally import Tally

PERIODS_WITHOUT_PONG = 3
NORMAL_CLOSURE, ABNORMAL_CLOSURE = 1000, 1006
CLOSE_SECONDS = 2.0


class Connection:
    """Everything sent goes through `_send`, under one lock, so that frames leave in the order they were made.

    `told` is the state of the market up to which this client was told everything it joined; `dark` is true once the
    socket neither sends nor hears anything any more.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session: Session,
        tally: Tally,
        faults: Faults,
        views: Callable[[], Mapping[str, PairView]],
    ) -> None:
        self._socket, self._session, self._tally, self._views = socket, session, tally, views
        self._faults, self._tamper = faults, tamper.Tamper(faults)
        self._order = asyncio.Lock()
        self._silence = _Silence(faults)
        self._ponged_at = 0.0
        self.dark = False
        self.told: Mapping[str, PairView] = {}

    async def serve(self, conflation: float, ping: float) -> None:
        """Runs until the socket closes, from whichever side."""
        tasks = [
            asyncio.create_task(_until_closed(work)) for work in (self._publish(conflation), self._keep_alive(ping))
        ]
        try:
            await _until_closed(self._listen())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tally.subscriptions -= len(self._session)

    def drop_if_dark(self) -> None:
        """Ends a socket that would not even hear that the server closes."""
        if self.dark:
            cable.hang_up(self._socket)

    async def _listen(self) -> None:
        async with self._order:
            await self._send([frames.welcome()])
        async for text in self._socket:
            self._tally.frames_received += 1
            await self._silence.over()
            async with self._order:
                before = len(self._session)
                views = self._views()
                answers = self._session.receive(text, views)
                self._tally.subscriptions += len(self._session) - before
                await self._send(self._tamper.spoil(answers, views))

    async def _publish(self, conflation: float) -> None:
        while True:
            await asyncio.sleep(conflation)
            await self._silence.over()
            async with self._order:
                views = self._views()
                fault = self._faults.take(*SOCKET_FAULTS, pairs=self._session.pairs()) if len(self._faults) else None
                if fault is not None and not await self._suffer(fault, views):
                    continue
                await self._send(self._tamper.spoil(self._session.due(views), views))
                self.told = views

    async def _suffer(self, fault: Fault, views: Mapping[str, PairView]) -> bool:
        """Does a socket's fault; true when the socket goes on as usual after it."""
        if fault.fault in ("garbage", "unknown_model", "huge_frame"):
            await self._send([tamper.foreign(fault.fault)])
            return True
        if fault.fault == "silence":
            self._silence.begin(fault.seconds or 0.0)
        elif fault.fault == "reset":
            cable.reset(self._socket)
        elif fault.fault == "close" and fault.code == ABNORMAL_CLOSURE:
            cable.hang_up(self._socket)
        elif fault.fault == "close":
            await self._socket.close(fault.code or NORMAL_CLOSURE)
        else:
            if fault.fault == "partial_frame":
                cable.send_half(self._socket, frames.ticker_all(views.values()))
            self.dark = True
            cable.go_dark(self._socket)
            await self._socket.wait_closed()
        return False

    async def _send(self, answers: list[bytes]) -> None:
        for answer in answers:
            await self._socket.send(answer, text=True)
            self._tally.frames_sent += 1

    async def _keep_alive(self, period: float) -> None:
        """A protocol ping each period; three periods without any pong and the socket is closed, without a reason."""
        loop = asyncio.get_running_loop()
        self._ponged_at = loop.time()
        while True:
            await asyncio.sleep(period)
            if self.dark or self._silence.lasts():
                self._ponged_at = loop.time()
                continue
            if loop.time() - self._ponged_at >= (PERIODS_WITHOUT_PONG - 0.5) * period:
                break
            with contextlib.suppress(TimeoutError):
                waiter = await asyncio.wait_for(self._socket.ping(), period)
                asyncio.ensure_future(waiter).add_done_callback(self._pong)
        self._tally.closed_without_pong += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._socket.close(NORMAL_CLOSURE, ""), CLOSE_SECONDS)
        self._socket.transport.abort()

    def _pong(self, waiter: asyncio.Future[float]) -> None:
        if not waiter.cancelled() and waiter.exception() is None:
            self._ponged_at = asyncio.get_running_loop().time()


class _Silence:
    """A time in which this socket says nothing; it ends by itself or when the faults are cleared."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._until = float("-inf")
        self._generation = faults.generation

    def begin(self, seconds: float) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        self._generation = self._faults.generation

    def lasts(self) -> bool:
        return asyncio.get_running_loop().time() < self._until and self._generation == self._faults.generation

    async def over(self) -> None:
        """Returns when it is over."""
        while self.lasts():
            await asyncio.sleep(0.02)


async def _until_closed(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work`; a socket that closed is an end and not a failure."""
    with contextlib.suppress(ConnectionClosed):
        await work
