"""Admits new sockets or refuses them: because of the limit on new ones, or because of an armed fault."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from venue.btcturk.faults import UPGRADE_FAULTS, BtcturkFaults
from venue.btcturk.ratelimits import VenueLimits
from venue.socket_faults import go_dark, hang_up, refusal

OUTCOMES = ("accepted", "limit", "fault")
"""accepted: the socket was opened. limit: it was one too many. fault: an armed fault refused it."""


class BtcturkHandshake:
    """Answers every upgrade. One that a fault leaves unanswered waits until the client or the venue ends it."""

    def __init__(
        self, faults: BtcturkFaults, limits: VenueLimits, outcomes: Counter[str], monotonic: Callable[[], float]
    ) -> None:
        """`outcomes` counts the upgrades by outcome; `monotonic` returns the seconds that the limits count in."""
        self._faults, self._limits, self._outcomes, self._monotonic = faults, limits, outcomes, monotonic

    async def process(self, connection: ServerConnection, _request: Request) -> Response | None:
        """Returns the refusal. Returns None for a socket that is admitted, and for one that was cut off."""
        wait = self._limits.dial(str(connection.remote_address[0]), self._monotonic())
        if wait is not None:
            return await self._over_limit(connection, wait)
        fault = self._faults.next_fault(*UPGRADE_FAULTS)
        if fault is None:
            self._outcomes["accepted"] += 1
            return None
        self._outcomes["fault"] += 1
        if fault.fault == "refuse_upgrade":
            status = fault.status or HTTPStatus.SERVICE_UNAVAILABLE
            return _refusal(connection, status, fault.retry_after, fault.page)
        go_dark(connection)
        await connection.wait_closed()
        return None

    async def _over_limit(self, connection: ServerConnection, wait: float) -> Response | None:
        self._outcomes["limit"] += 1
        if self._limits.rules.refusal == "drop":
            hang_up(connection)
            await connection.wait_closed()
            return None
        status = int(self._limits.rules.refusal)
        return _refusal(connection, status, math.ceil(wait) if status == HTTPStatus.TOO_MANY_REQUESTS else None)


def _refusal(connection: ServerConnection, status: int, retry_after: int | None, page: str | None = None) -> Response:
    response = refusal(connection, status, f"{HTTPStatus(status).phrase}\n", page)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
