"""AlgoLab's WebSocket server: it joins the exchange, the accounts, the faults and every client's connection."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection

from common.clock import Clock
from common.loop import Supervisor
from venue.algolab.accounts import Accounts
from venue.algolab.connection import CLOSURES, AlgoLabConnection, AlgoLabServerTimings
from venue.algolab.faults import AlgoLabFaults
from venue.algolab.handshake import OUTCOMES, AlgoLabHandshake
from venue.algolab.subscriptions import SymbolSubscriptions
from venue.algolab.views import BistView
from venue.connection import ServedConnection
from venue.counters import VenueCounters, zeros
from venue.marketserver import Address, MarketServer, MovingMarket

ANSWERS = ("ok", "refused", "unauthorized", "too_many", "fault")


class AlgoLabServer(MarketServer[BistView]):
    """Serves AlgoLab's socket.

    accounts: the customer and the session.
    faults: the armed faults; `faults.arm(...)` makes the venue misbehave.
    """

    def __init__(
        self,
        market: MovingMarket[BistView],
        accounts: Accounts,
        faults: AlgoLabFaults,
        address: Address,
        loops: Supervisor,
        *,
        clock: Clock,
        timings: AlgoLabServerTimings,
    ) -> None:
        self.accounts, self.faults, self._timings = accounts, faults, timings
        counters = VenueCounters(upgrades=zeros(OUTCOMES), closures=zeros(CLOSURES), answers=zeros(ANSWERS))
        super().__init__(
            market, address, name="algolab", step=timings.step, clock=clock, counters=counters, loops=loops
        )
        self._handshake = AlgoLabHandshake(accounts, faults, counters.upgrades)

    def _options(self) -> dict[str, Any]:
        return {"process_request": self._handshake.process}

    def _client(self, connection: ServerConnection) -> ServedConnection:
        authorization = connection.request.headers["Authorization"] if connection.request else ""
        return AlgoLabConnection(
            connection,
            SymbolSubscriptions(authorization),
            counters=self.counters,
            faults=self.faults,
            views=lambda: self.views,
            valid=lambda: self.accounts.valid(authorization, use=False),
            timings=self._timings,
        )
