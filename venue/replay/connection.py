"""One client's socket during a replay: it is sent what was recorded, at the recorded pace or faster."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection

from common.tape import Taped
from venue.armed_faults import ArmedFaults
from venue.connection import ServedConnection
from venue.counters import VenueCounters
from venue.replay.script import ReplayScript, TapeTime
from venue.socket_faults import hang_up

log = logging.getLogger(__name__)

LEAD_FRAMES_PER_SECOND = 10_000
"""The pace of what leads in to a span: below what marketdata takes, so that it drops nothing."""
PATIENCE_SECONDS = 5.0
"""A client that has asked for nothing for so long does not make a request that was recorded."""


class ReplayConnection(ServedConnection):
    """Plays one opening of a socket. What answers a request is not sent before the client makes that request.

    At its end the socket is hung up when the tape has another opening; else it stays open and silent.
    """

    def __init__(
        self,
        connection: ServerConnection,
        link: str,
        *,
        script: ReplayScript,
        time: TapeTime,
        counters: VenueCounters,
        faults: ArmedFaults[Any],
    ) -> None:
        super().__init__(connection, (), counters, faults)
        self._link, self._script, self._time = link, script, time
        self._requests: set[str] = set()
        self._heard_at: float | None = None
        self._news = asyncio.Event()

    def _senders(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (self._play,)

    async def _listen(self) -> None:
        async for text in self._connection:
            self._counters.frames_received += 1
            self._heard_at = asyncio.get_running_loop().time()
            self._requests.add(request_of(text))
            self._news.set()

    async def _play(self) -> None:
        self._time.start()
        number, pace = self._script.opening(self._link), _Pace(self._script.lead_until, self._time.speed)
        waited: set[str] = set()
        for taped in self._script.of_opening(self._link, number):
            if taped.record.kind in ("in", "closed"):
                await pace.wait(taped)
                await self._send(taped.payloads)
            elif taped.record.kind == "out" and await self._until_asked(request_of(taped.payloads[0]), waited):
                pace.late(taped)
        self._script.played(self._link, number)
        if next(self._script.of_opening(self._link, number + 1), None) is not None:
            hang_up(self._connection)
        else:
            log.info("the tape is over", extra={"link": self._link})

    async def _until_asked(self, request: str, waited: set[str]) -> bool:
        """Waits for a request when it is the first of its kind; returns true then."""
        if not request or request in waited:
            return False
        waited.add(request)
        while request not in self._requests and not self._gives_up():
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), PATIENCE_SECONDS)
        return True

    def _gives_up(self) -> bool:
        """Returns true when the client has made its requests. The first one is waited for without end."""
        silence = 0.0 if self._heard_at is None else asyncio.get_running_loop().time() - self._heard_at
        return silence >= PATIENCE_SECONDS


class _Pace:
    """Waits between frames as long as the tape says. What leads in comes as quickly as a client takes it."""

    def __init__(self, lead_until: float, speed: float) -> None:
        self._lead_until, self._speed = lead_until, speed
        self._lead = 0
        self._began: float | None = None
        self._first = 0.0

    async def wait(self, taped: Taped) -> None:
        """Returns when a record is due."""
        if taped.record.unix >= self._lead_until:
            await asyncio.sleep(max(0.0, self._due(taped) - asyncio.get_running_loop().time()))
            return
        self._lead += len(taped.payloads)
        if self._lead >= LEAD_FRAMES_PER_SECOND // 10:
            await asyncio.sleep(self._lead / LEAD_FRAMES_PER_SECOND)
            self._lead = 0

    def late(self, taped: Taped) -> None:
        """Moves all that follows, when a record took place later than it was due."""
        if taped.record.unix >= self._lead_until:
            behind = asyncio.get_running_loop().time() - self._due(taped)
            self._first -= max(0.0, behind) * self._speed

    def _due(self, taped: Taped) -> float:
        if self._began is None:
            self._began, self._first = asyncio.get_running_loop().time(), taped.record.at
        return self._began + (taped.record.at - self._first) / self._speed


def request_of(text: str | bytes) -> str:
    """Returns a subscription in one spelling, without the token of a session; empty for anything else.

    Nothing answers a heartbeat, and a leave is made only when the client lost track, which a replay may not do.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if isinstance(found, dict) and found.get("Type") in ("T", "D"):
        return json.dumps({key: value for key, value in found.items() if key.lower() != "token"}, sort_keys=True)
    if isinstance(found, list) and found[1:] and isinstance(found[1], dict) and found[1].get("join") is True:
        return json.dumps(found, sort_keys=True)
    return ""
