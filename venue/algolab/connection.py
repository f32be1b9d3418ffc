"""One client's socket: reads its requests, sends the frames that are due, and hangs up when it breaks a rule."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection

from venue import socket_faults
from venue.algolab import frame_faults
from venue.algolab.faults import SOCKET_FAULTS, AlgoLabFaults
from venue.algolab.subscriptions import SymbolSubscriptions
from venue.algolab.views import BistView
from venue.connection import ServedConnection
from venue.counters import VenueCounters
from venue.lies import Lies
from venue.socket_faults import hang_up

SEND_SECONDS = 30.0
CLOSURES = ("nothing_subscribed", "no_heartbeat", "wrong_token", "session_over", "not_reading")
SAMPLE_FRAME = b'{"Type":"T","Content":{"Symbol":"THYAO","Market":"IMKBH","Price":312.5,"Change":0.0}}'
"""The frame of which `partial_frame` sends half."""


@dataclass(frozen=True)
class AlgoLabServerTimings:
    """The intervals of the protocol, in seconds; tests shorten them.

    step: the pause between two steps of the exchange, and between two rounds of sending.
    first_subscription: the time that a new socket has to subscribe to something.
    heartbeat: the pause between two heartbeats of a client.
    missed_heartbeats: how many heartbeats may be missing before the socket ends.
    """

    step: float = 0.2
    first_subscription: float = 1.0
    heartbeat: float = 900.0
    missed_heartbeats: int = 3


class AlgoLabConnection(ServedConnection):
    """Serves one socket."""

    def __init__(
        self,
        connection: ServerConnection,
        subscriptions: SymbolSubscriptions,
        *,
        counters: VenueCounters,
        faults: AlgoLabFaults,
        views: Callable[[], Mapping[str, BistView]],
        valid: Callable[[], bool],
        timings: AlgoLabServerTimings,
    ) -> None:
        """`views` returns the newest view of each symbol; `valid` returns false once the client's session is over."""
        super().__init__(connection, subscriptions, counters, faults)
        self._subscriptions, self._faults, self._timings = subscriptions, faults, timings
        self._views, self._valid, self._lies = views, valid, Lies(faults)
        self._opened_at = self._heartbeat_at = asyncio.get_running_loop().time()
        self._requests = 0

    def _senders(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (self._publish,)

    async def _listen(self) -> None:
        async for text in self._connection:
            self._counters.frames_received += 1
            before = len(self._subscriptions)
            kind = self._subscriptions.receive(text, self._views())
            self._counters.subscriptions += len(self._subscriptions) - before
            if kind == "subscription":
                self._requests += 1
                self.sent = {}
            elif kind == "heartbeat":
                self._heartbeat_at = asyncio.get_running_loop().time()
            elif kind == "wrong_token":
                self._hang_up("wrong_token")

    async def _publish(self) -> None:
        try:
            while not self._broke_a_rule():
                await self._send_due()
                await asyncio.sleep(self._timings.step)
        except TimeoutError:
            self._hang_up("not_reading")

    async def _send_due(self) -> None:
        symbols = self._subscriptions.symbols
        fault = self._faults.next_fault(*SOCKET_FAULTS, symbols=symbols()) if len(self._faults) else None
        if fault is not None and fault.fault == "maintenance":
            self._lies.begin(fault, "")
        elif fault is not None:
            await socket_faults.do(fault, self._connection, self._silence, SAMPLE_FRAME)
        if self._silence.lasts():
            return
        views, requests = self._views(), self._requests
        async with asyncio.timeout(SEND_SECONDS):
            await self._send(frame_faults.texts(self._subscriptions.due(views), self._faults, self._lies))
        if requests == self._requests:
            self.sent = views

    def _broke_a_rule(self) -> bool:
        """Hangs up when the client breaks a rule; returns true then."""
        now, timings = asyncio.get_running_loop().time(), self._timings
        if not len(self._subscriptions) and now - self._opened_at > timings.first_subscription:
            return self._hang_up("nothing_subscribed")
        if now - self._heartbeat_at > timings.heartbeat * timings.missed_heartbeats:
            return self._hang_up("no_heartbeat")
        return False if self._valid() else self._hang_up("session_over")

    def _hang_up(self, reason: str) -> bool:
        self._counters.closures[reason] += 1
        hang_up(self._connection)
        return True
