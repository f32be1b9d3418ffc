"""The two venues during a replay: their own sockets and logins, over a market that shows nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from websockets.asyncio.server import ServerConnection

from common.clock import Clock
from common.errors import NotFound
from common.loop import Supervisor
from venue.algolab.accounts import Accounts
from venue.algolab.connection import AlgoLabServerTimings
from venue.algolab.faults import AlgoLabFaults
from venue.algolab.server import AlgoLabServer
from venue.armed_faults import ArmedFaults
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.ratelimits import LimitRules
from venue.btcturk.rules import PairChange, PairRules
from venue.btcturk.server import BtcturkServer
from venue.counters import VenueCounters
from venue.marketserver import Address
from venue.replay.connection import ReplayConnection
from venue.replay.script import ReplayScript, TapeTime

BTCTURK_LINK, ALGOLAB_LINK = "btcturk-socket", "algolab-socket"
OWN_CALLS = tuple(f"/api/api/{call}" for call in ("LoginUser", "LoginUserControl", "SessionRefresh"))
"""The calls that the simulated broker answers itself: their secrets are on no tape."""


class PlayedTape(NamedTuple):
    """A replay.

    script: the tape.
    time: the time on it.
    """

    script: ReplayScript
    time: TapeTime

    def client(
        self, connection: ServerConnection, link: str, counters: VenueCounters, faults: ArmedFaults[Any]
    ) -> ReplayConnection:
        """Returns the venue's side of a socket that was just opened."""
        script, time = self.script, self.time
        return ReplayConnection(connection, link, script=script, time=time, counters=counters, faults=faults)


LONGEST_SHOWN = 32


class NoMarket:
    """A market without symbols.

    charts: no bars.
    """

    def __init__(self) -> None:
        self.charts: Mapping[str, Any] = {}

    def advance(self, now: float) -> None:
        """Does nothing."""

    def view(self) -> Mapping[str, Any]:
        """Returns no view."""
        return {}

    def change(self, name: str, change: PairChange) -> PairRules:  # noqa: ARG002 - as every market has it
        """Raises `NotFound`: what a tape holds can't be changed."""
        raise NotFound(f"there is no pair {name[:LONGEST_SHOWN]}: a tape is played", pair=name[:LONGEST_SHOWN])

    def rules(self) -> dict[str, PairRules]:
        """Returns no rules."""
        return {}


class ReplayedBtcturk(BtcturkServer):
    """BTCTurk, whose socket is sent what a tape holds."""

    def __init__(self, replay: PlayedTape, address: Address, loops: Supervisor, clock: Clock) -> None:
        super().__init__(NoMarket(), address, loops, clock=clock, timings=BtcturkServerTimings(), rules=LimitRules())
        self._replay = replay

    def _client(self, connection: ServerConnection) -> ReplayConnection:
        return self._replay.client(connection, BTCTURK_LINK, self.counters, self.faults)


class ReplayedAlgoLab(AlgoLabServer):
    """AlgoLab, whose socket is sent what a tape holds. Logging in works as always."""

    def __init__(
        self,
        replay: PlayedTape,
        accounts: Accounts,
        faults: AlgoLabFaults,
        address: Address,
        loops: Supervisor,
        clock: Clock,
    ) -> None:
        super().__init__(NoMarket(), accounts, faults, address, loops, clock=clock, timings=AlgoLabServerTimings())
        self._replay = replay

    def _client(self, connection: ServerConnection) -> ReplayConnection:
        return self._replay.client(connection, ALGOLAB_LINK, self.counters, self.faults)
