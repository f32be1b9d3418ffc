"""One client's socket: reads its requests, sends what it is owed, pings it, and drops it when it stops answering."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from venue import frames
from venue.market import PairView
from venue.session import Session
from venue.tally import Tally

PERIODS_WITHOUT_PONG = 3
NORMAL_CLOSURE = 1000
CLOSE_SECONDS = 2.0


class Connection:
    """Everything sent goes through `_send`, under one lock, so that frames leave in the order they were made."""

    def __init__(
        self, socket: ServerConnection, session: Session, tally: Tally, views: Callable[[], Mapping[str, PairView]]
    ) -> None:
        self._socket, self._session, self._tally, self._views = socket, session, tally, views
        self._order = asyncio.Lock()
        self._ponged_at = 0.0

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

    async def _listen(self) -> None:
        async with self._order:
            await self._send([frames.welcome()])
        async for text in self._socket:
            self._tally.frames_received += 1
            async with self._order:
                before = len(self._session)
                answers = self._session.receive(text, self._views())
                self._tally.subscriptions += len(self._session) - before
                await self._send(answers)

    async def _publish(self, conflation: float) -> None:
        while True:
            await asyncio.sleep(conflation)
            async with self._order:
                await self._send(self._session.due(self._views()))

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


async def _until_closed(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work`; a socket that closed is an end and not a failure."""
    with contextlib.suppress(ConnectionClosed):
        await work
