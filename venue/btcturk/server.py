"""BTCTurk's WebSocket server: it joins the market, the limits, the faults and every client's connection."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection

from common.clock import Clock
from common.loop import Supervisor
from venue.btcturk.charts import PairCharts
from venue.btcturk.connection import BtcturkConnection, BtcturkServerTimings
from venue.btcturk.faults import BtcturkFaults
from venue.btcturk.handshake import OUTCOMES, BtcturkHandshake
from venue.btcturk.ratelimits import LimitRules, VenueLimits
from venue.btcturk.rules import PairChange, PairRules
from venue.btcturk.subscriptions import PairSubscriptions
from venue.btcturk.views import PairView
from venue.connection import ServedConnection
from venue.counters import VenueCounters, zeros
from venue.marketserver import Address, MarketServer, MovingMarket

OPEN_SECONDS = 300.0
"""The time that an upgrade may take; longer than any client waits for one that is never answered."""


class ChartedMarket(MovingMarket[PairView], Protocol):
    """A market that also keeps bars."""

    @property
    def charts(self) -> Mapping[str, PairCharts]:
        """The bars of each pair."""

    def change(self, name: str, change: PairChange) -> PairRules:
        """Changes or adds a pair; returns its rules."""

    def rules(self) -> dict[str, PairRules]:
        """Returns the rules of every pair, listed or not."""


class BtcturkServer(MarketServer[PairView]):
    """Serves BTCTurk's socket.

    faults: the armed faults; `faults.arm(...)` makes the venue misbehave.
    limits: the limits on requests, and the most that any client did.
    charts: the bars of each pair.
    """

    def __init__(
        self,
        market: ChartedMarket,
        address: Address,
        loops: Supervisor,
        *,
        clock: Clock,
        timings: BtcturkServerTimings,
        rules: LimitRules,
    ) -> None:
        self.faults, self.limits, self.charts = BtcturkFaults(), VenueLimits(rules), market.charts
        counters = VenueCounters(upgrades=zeros(OUTCOMES), closures=zeros(("no_pong",)))
        super().__init__(
            market, address, name="btcturk", step=timings.step, clock=clock, counters=counters, loops=loops
        )
        self._timings, self._rng, self._pairs = timings, random.Random(), market
        self._handshake = BtcturkHandshake(self.faults, self.limits, counters.upgrades, clock.monotonic)

    def change_pair(self, pair: str, change: PairChange) -> PairRules:
        """Changes a pair, or adds one; the next frames and answers show it. Returns its rules. Raises as the market."""
        with self._stepping:
            rules = self._pairs.change(pair, change)
            self.views = self._pairs.view()
            return rules

    def rules(self) -> dict[str, PairRules]:
        """Returns the rules of every pair, listed or not."""
        with self._stepping:
            return self._pairs.rules()

    def _options(self) -> dict[str, Any]:
        return {"process_request": self._handshake.process, "open_timeout": OPEN_SECONDS}

    def _client(self, connection: ServerConnection) -> ServedConnection:
        return BtcturkConnection(
            connection,
            PairSubscriptions(self._rng),
            counters=self.counters,
            faults=self.faults,
            views=lambda: self.views,
            timings=self._timings,
        )
