"""One client's socket: reads its requests, sends the frames that are due, pings it, closes it when it never pongs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection

from venue import socket_faults
from venue.btcturk import frames
from venue.btcturk.faults import SOCKET_FAULTS, BtcturkFault, BtcturkFaults
from venue.btcturk.frame_faults import FOREIGN_FRAMES, FrameFaults, foreign_frame
from venue.btcturk.subscriptions import PairSubscriptions
from venue.btcturk.views import PairView
from venue.connection import ServedConnection
from venue.counters import VenueCounters
from venue.lies import Lies
from venue.socket_faults import NORMAL_CLOSURE

PINGS_WITHOUT_PONG = 2
CLOSE_SECONDS = 2.0
SILENCE_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class BtcturkServerTimings:
    """The intervals of the protocol, in seconds; tests shorten them.

    conflation: the pause between two frames about the same subject.
    ping: the pause between two protocol pings.
    step: the pause between two steps of the market.
    """

    conflation: float = 0.76
    ping: float = 15.0
    step: float = 0.2


class BtcturkConnection(ServedConnection):
    """Serves one socket. All frames leave under one lock, in the order in which they were made."""

    def __init__(
        self,
        connection: ServerConnection,
        subscriptions: PairSubscriptions,
        *,
        counters: VenueCounters,
        faults: BtcturkFaults,
        views: Callable[[], Mapping[str, PairView]],
        timings: BtcturkServerTimings,
    ) -> None:
        """`views` returns the newest view of each symbol."""
        super().__init__(connection, subscriptions, counters, faults)
        self._subscriptions, self._views, self._timings = subscriptions, views, timings
        self._faults, self._lies = faults, Lies(faults)
        self._frame_faults = FrameFaults(faults, self._lies)
        self._sending = asyncio.Lock()
        self._unanswered_pings = 0

    def _senders(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return self._publish, self._keep_alive

    async def _listen(self) -> None:
        async with self._sending:
            await self._send([frames.welcome()])
        async for text in self._connection:
            self._counters.frames_received += 1
            await self._wait_out_silence()
            async with self._sending:
                before = len(self._subscriptions)
                views = self._views()
                answers = self._subscriptions.receive(text, views)
                self._counters.subscriptions += len(self._subscriptions) - before
                await self._send(self._frame_faults.apply(answers, views))

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(self._timings.conflation)
            await self._wait_out_silence()
            async with self._sending:
                views = self._views()
                pairs = self._subscriptions.pairs
                fault = self._faults.next_fault(*SOCKET_FAULTS, pairs=pairs()) if len(self._faults) else None
                if fault is not None and not await self._break(fault, views):
                    continue
                await self._send(self._frame_faults.apply(self._subscriptions.due(views), views))
                self.sent = views

    async def _break(self, fault: BtcturkFault, views: Mapping[str, PairView]) -> bool:
        """Does a socket's fault; returns true when the socket goes on as usual after it."""
        if fault.fault == "maintenance":
            self._lies.begin(fault, "")
            return True
        if fault.fault in FOREIGN_FRAMES:
            await self._send([foreign_frame(fault.fault)])
            return True
        await socket_faults.do(fault, self._connection, self._silence, frames.ticker_all(views.values()))
        return False

    async def _wait_out_silence(self) -> None:
        while self._silence.lasts():
            await asyncio.sleep(SILENCE_LOOK_SECONDS)

    async def _keep_alive(self) -> None:
        """Pings once a period. After three periods without a pong it closes the socket, without a reason."""
        period = self._timings.ping
        while True:
            await asyncio.sleep(period)
            if self.dark or self._silence.lasts():
                self._unanswered_pings = 0
                continue
            if self._unanswered_pings >= PINGS_WITHOUT_PONG:
                break
            self._unanswered_pings += 1
            with contextlib.suppress(TimeoutError):
                waiter = await asyncio.wait_for(self._connection.ping(), period)
                asyncio.ensure_future(waiter).add_done_callback(self._ponged)
        self._counters.closures["no_pong"] += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connection.close(NORMAL_CLOSURE, ""), CLOSE_SECONDS)
        socket_faults.hang_up(self._connection)

    def _ponged(self, waiter: asyncio.Future[float]) -> None:
        if not waiter.cancelled() and waiter.exception() is None:
            self._unanswered_pings = 0
