"""Lets new sockets in or refuses them: for the limit on new ones, or because a fault says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from venue import cable
from venue.faults import UPGRADE_FAULTS, Faults
from venue.ratelimits import Limits
from venue.tally import Tally


class Door:
    """What every upgrade passes. Those that are never answered are held until the client or the venue gives up."""

    def __init__(self, faults: Faults, limits: Limits, tally: Tally, monotonic: Callable[[], float]) -> None:
        self._faults, self._limits, self._tally, self._monotonic = faults, limits, tally, monotonic
        self._held: set[ServerConnection] = set()

    async def admit(self, socket: ServerConnection, _request: Request) -> Response | None:
        """None lets the socket in, or leaves it to its end if it has hung up; else the refusal."""
        wait = self._limits.dial(str(socket.remote_address[0]), self._monotonic())
        if wait is not None:
            return await self._beyond_the_limit(socket, wait)
        fault = self._faults.take(*UPGRADE_FAULTS)
        if fault is None:
            return None
        self._tally.refused["fault"] += 1
        if fault.fault == "refuse_upgrade":
            return _refusal(socket, fault.status or HTTPStatus.SERVICE_UNAVAILABLE, fault.retry_after)
        self._held.add(socket)
        cable.go_dark(socket)
        await socket.wait_closed()
        self._held.discard(socket)
        return None

    def close(self) -> None:
        """Lets go of the upgrades that are held."""
        for socket in self._held:
            cable.hang_up(socket)

    async def _beyond_the_limit(self, socket: ServerConnection, wait: float) -> Response | None:
        self._tally.refused["limit"] += 1
        if self._limits.rules.refusal == "drop":
            cable.hang_up(socket)
            await socket.wait_closed()
            return None
        status = int(self._limits.rules.refusal)
        return _refusal(socket, status, math.ceil(wait) if status == HTTPStatus.TOO_MANY_REQUESTS else None)


def _refusal(socket: ServerConnection, status: int, retry_after: int | None) -> Response:
    response = socket.respond(status, f"{HTTPStatus(status).phrase}\n")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
