"""One AlgoLab client's socket: reads what it asks for, sends what it is owed, and hangs up on who breaks the rules."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from venue import cable
from venue.bist import distort
from venue.bist.faults import SOCKET_FAULTS, Fault, Faults
from venue.bist.session import Session
from venue.bist.tally import Tally
from venue.bist.views import View

log = logging.getLogger(__name__)

ABNORMAL_CLOSURE = 1006
SEND_SECONDS = 30.0
HALF = b'{"Type":"T","Content":{"Symbol":"THYAO","Market":"IMKBH","Price":312.5,"Change":0.0}}'


@dataclass(frozen=True)
class Pace:
    """The protocol's rhythm in seconds; tests scale it. A client heartbeats every `heartbeat`, and is dropped after
    `missed_heartbeats` of them; the first subscription must come within `first_subscription`."""

    step: float = 0.2
    first_subscription: float = 1.0
    heartbeat: float = 900.0
    missed_heartbeats: int = 3


class Connection:
    """`valid` says whether the session that the socket was opened with still is one; `told` is the state up to which
    the client was told all that it subscribed to."""

    def __init__(
        self,
        socket: ServerConnection,
        session: Session,
        *,
        tally: Tally,
        faults: Faults,
        views: Callable[[], Mapping[str, View]],
        valid: Callable[[], bool],
    ) -> None:
        self._socket, self._session = socket, session
        self._tally, self._faults, self._views, self._valid = tally, faults, views, valid
        self._opened_at = self._heartbeat_at = asyncio.get_running_loop().time()
        self._silent_until, self._silent_generation = 0.0, 0
        self._asked = 0
        self.dark = False
        self.told: Mapping[str, View] = {}

    async def serve(self, pace: Pace) -> None:
        """Runs until the socket closes, from whichever side."""
        publishing = asyncio.create_task(self._publish(pace))
        try:
            with contextlib.suppress(ConnectionClosed):
                await self._listen()
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
            self._tally.subscriptions -= len(self._session)

    def drop_if_dark(self) -> None:
        """Ends a socket that would not even hear that the server closes."""
        if self.dark:
            cable.hang_up(self._socket)

    async def _listen(self) -> None:
        async for text in self._socket:
            self._tally.frames_received += 1
            before = len(self._session)
            heard = self._session.receive(text, self._views())
            self._tally.subscriptions += len(self._session) - before
            if heard == "subscription":
                self._asked += 1
                self.told = {}
            elif heard == "heartbeat":
                self._heartbeat_at = asyncio.get_running_loop().time()
            elif heard == "wrong_token":
                self._hang_up("wrong_token")

    async def _publish(self, pace: Pace) -> None:
        try:
            while not self._hung_up(pace):
                await self._turn()
                await asyncio.sleep(pace.step)
        except ConnectionClosed:
            return
        except TimeoutError:
            self._hang_up("not_reading")
        except Exception:
            self._tally.failures["socket"] += 1
            log.exception("a socket could not be told what changed")
            cable.hang_up(self._socket)

    async def _turn(self) -> None:
        fault = self._faults.take(*SOCKET_FAULTS, symbols=self._session.symbols()) if len(self._faults) else None
        if fault is not None:
            await self._suffer(fault)
        if self._silent():
            return
        views, asked = self._views(), self._asked
        async with asyncio.timeout(SEND_SECONDS):
            for text in distort.texts(self._session.due(views), self._faults):
                await self._socket.send(text, text=True)
                self._tally.frames_sent += 1
        if asked == self._asked:
            self.told = views

    def _hung_up(self, pace: Pace) -> bool:
        """Hangs up on a client that breaks a rule; whether it did."""
        now = asyncio.get_running_loop().time()
        if not len(self._session) and now - self._opened_at > pace.first_subscription:
            return self._hang_up("nothing_subscribed")
        if now - self._heartbeat_at > pace.heartbeat * pace.missed_heartbeats:
            return self._hang_up("no_heartbeat")
        return False if self._valid() else self._hang_up("session_over")

    def _hang_up(self, reason: str) -> bool:
        self._tally.closures[reason] += 1
        cable.hang_up(self._socket)
        return True

    async def _suffer(self, fault: Fault) -> None:
        if fault.fault == "silence":
            self._silent_until = asyncio.get_running_loop().time() + (fault.seconds or 0.0)
            self._silent_generation = self._faults.generation
        elif fault.fault == "reset":
            cable.reset(self._socket)
        elif fault.fault == "close" and fault.code == ABNORMAL_CLOSURE:
            cable.hang_up(self._socket)
        elif fault.fault == "close":
            await self._socket.close(fault.code or 1000)
        else:
            if fault.fault == "partial_frame":
                cable.send_half(self._socket, HALF)
            self.dark = True
            cable.go_dark(self._socket)
            await self._socket.wait_closed()

    def _silent(self) -> bool:
        lasts = asyncio.get_running_loop().time() < self._silent_until
        return lasts and self._silent_generation == self._faults.generation
