"""The WebSocket side of the venue: one thread with an event loop that moves the market and serves every socket."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection

from venue.charts import PairCharts
from venue.connection import Connection
from venue.door import Door
from venue.faults import Faults
from venue.market import STEP_SECONDS, PairView
from venue.marketserver import MarketServer, Moving
from venue.ratelimits import Limits, Rules
from venue.session import Session
from venue.tally import Tally

log = logging.getLogger(__name__)

OPEN_SECONDS = 300.0
"""How long an upgrade may take; longer than any client waits for one that is never answered."""


class Market(Moving[PairView], Protocol):
    """What the server needs of a market."""

    @property
    def charts(self) -> Mapping[str, PairCharts]: ...


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


class VenueServer(MarketServer[PairView]):
    """Serves BTCTurk's socket.

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
        self.tally = Tally()
        super().__init__(
            market, name="venue-loop", host=host, port=port, step=pace.step, clock=clock, failures=self.tally.failures
        )
        self._market, self._pace, self._rng = market, pace, random.Random()
        self._connections: set[Connection] = set()
        self._door = Door(self.faults, self.limits, self.tally, monotonic)

    @property
    def charts(self) -> Mapping[str, PairCharts]:
        """The bars of each pair."""
        return self._market.charts

    def settled(self) -> bool:
        """Whether every open socket that still hears was sent everything it joined, up to the present `views`."""
        views = self.views
        return all(connection.dark or connection.told is views for connection in self._connections.copy())

    def _options(self) -> dict[str, Any]:
        return {"process_request": self._door.admit, "open_timeout": OPEN_SECONDS}

    def _leave(self) -> None:
        self._door.close()
        for connection in self._connections:
            connection.drop_if_dark()

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
