"""The parts of the service, joined: two simulated venues, each with its market, its sockets and its loop.

loop btcturk: BtcturkMarket → BtcturkServer → sockets     REST: btcturk.api, btcturk.chart_api
loop algolab: BistMarket    → AlgoLabServer → sockets     REST: algolab.api
loop memory:  replaces the worker when it uses too much memory
"""

from __future__ import annotations

import atexit
from dataclasses import dataclass

from common import service
from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Supervisor
from venue.algolab.accounts import Accounts
from venue.algolab.connection import AlgoLabServerTimings
from venue.algolab.faults import AlgoLabFaults
from venue.algolab.listing import listed_shares
from venue.algolab.market import BistMarket
from venue.algolab.server import AlgoLabServer
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.listing import listed_pairs
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.ratelimits import LimitRules
from venue.btcturk.server import BtcturkServer
from venue.marketserver import Address
from venue.replay.script import ReplayScript, TapeTime
from venue.replay.servers import PlayedTape, ReplayedAlgoLab, ReplayedBtcturk
from venue.settings import AlgoLabSettings, ReplaySettings, Settings


@dataclass(frozen=True)
class Parts:
    """The service's parts.

    loops: every thread of the service.
    btcturk: the simulated BTCTurk.
    algolab: the simulated AlgoLab; None when the settings give no API key.
    replay: the tape that both play in place of a market; None when they have their markets.
    """

    loops: Supervisor
    btcturk: BtcturkServer
    algolab: AlgoLabServer | None
    replay: PlayedTape | None = None

    @classmethod
    def build(cls, settings: Settings, loops: Supervisor) -> Parts:
        """Returns the parts; starts nothing."""
        clock = anchored(SYSTEM_CLOCK)
        service.add_memory_loop(loops, settings.service)
        if settings.replay is not None:
            return _replayed(settings, settings.replay, loops, clock)
        btcturk = BtcturkServer(
            BtcturkMarket(settings.seed, clock.unix(), pairs=listed_pairs(settings.pairs)),
            Address(settings.websocket_host, settings.websocket_port),
            loops,
            clock=clock,
            timings=BtcturkServerTimings(conflation=settings.conflation_seconds),
            rules=LimitRules(refusal=settings.dial_refusal),
        )
        algolab = None if settings.algolab is None else _algolab(settings, settings.algolab, loops, clock)
        return cls(loops, btcturk, algolab)

    def start(self) -> None:
        """Opens the ports and starts the loops. Raises `OSError` when a port can't be opened.

        The process must not end before the sockets were closed, so its end waits for `stop`.
        """
        self.btcturk.open()
        if self.algolab is not None:
            self.algolab.open()
        self.loops.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Closes every socket and ends the loops."""
        self.loops.stop()
        atexit.unregister(self.stop)


def anchored(clock: Clock) -> Clock:
    """Returns clocks whose unix time never jumps: it is read once, and the monotonic clock moves it on."""
    offset = clock.unix() - clock.monotonic()
    return Clock(clock.monotonic, lambda: offset + clock.monotonic())


def _replayed(settings: Settings, tape: ReplaySettings, loops: Supervisor, clock: Clock) -> Parts:
    script, host, algolab = ReplayScript(tape.path), settings.websocket_host, settings.algolab
    replay = PlayedTape(script, TapeTime(script.begins, tape.speed, clock.monotonic))
    btcturk = ReplayedBtcturk(replay, Address(host, settings.websocket_port), loops, clock)
    if algolab is None:
        return Parts(loops, btcturk, None, replay)
    faults = AlgoLabFaults()
    accounts, address = Accounts(algolab.credentials, faults, clock.unix), Address(host, algolab.websocket_port)
    return Parts(loops, btcturk, ReplayedAlgoLab(replay, accounts, faults, address, loops, clock), replay)


def _algolab(settings: Settings, algolab: AlgoLabSettings, loops: Supervisor, clock: Clock) -> AlgoLabServer:
    faults = AlgoLabFaults()
    return AlgoLabServer(
        BistMarket(settings.seed, clock.unix(), shares=listed_shares(algolab.shares), sessions=algolab.sessions),
        Accounts(algolab.credentials, faults, clock.unix),
        faults,
        Address(settings.websocket_host, algolab.websocket_port),
        loops,
        clock=clock,
        timings=AlgoLabServerTimings(),
    )
