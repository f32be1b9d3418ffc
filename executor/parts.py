"""The one picture of the executor: its parts, joined, and its loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from prometheus_client import CollectorRegistry

from common import service, sse
from common.client import JsonClient
from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Loop, Supervisor
from common.wire import Instrument
from executor.backups import BackupWatch
from executor.commands import Commands
from executor.context import TradingContext
from executor.desk import Desk
from executor.equity import EquityWatch
from executor.forwarded import ForwardedCommands
from executor.health import LedgerHealth
from executor.leading import Leading
from executor.ledger.engine import MOST_CONNECTIONS
from executor.market.copy import MarketCopy
from executor.market.follow import MarketFollower
from executor.market.proof_time import ProofTime
from executor.market.reach import Reach
from executor.matching import Matcher
from executor.metrics import Metrics
from executor.peers.client import PeerClient
from executor.peers.server import PeerServer
from executor.quotes import DEPTH, QuoteClient
from executor.rate_limit import RateLimit, WriteLimiter
from executor.settings import Settings
from executor.store import Ledger
from executor.stream.streams import STREAM_TIMINGS, OrderStreams, StreamCalls, StreamTimings
from executor.stream.tail import LedgerTail
from executor.verifying import LOOKS, LedgerVerification
from executor.writer.reign import Told

SILENT_SECONDS = 30.0
"""A step may wait for market data and for the database; all their deadlines together are shorter than this."""


@dataclass(frozen=True)
class Parts:
    """The parts of the executor.

    loops: the owner of the threads `peers`, `market`, `writer`, `matcher`, `tail`, `verification`, `backups` and, where
        memory is limited, `memory`.
    registry: the registry of the executor's own metrics.
    metrics: the counters, histograms and gauges in it.
    trading: the ledger, market data, and the rules that the account trades by.
    desk: takes every command, whichever executor writes the account.
    peers: the server that takes what other executors forward; its step is the loop `peers`.
    health: the ledger's health, for readiness.
    leading: keeps or takes the right to write the account; its step is the loop `writer`.
    follower: follows market data's stream; its step is the loop `market`.
    matcher: matches resting orders; its step is the loop `matcher`.
    tail: follows the ledger's log; its step is the loop `tail`.
    verification: verifies the ledger; its step is the loop `verification`.
    backups: looks for backups of the ledger; its step is the loop `backups`.
    streams: opens order streams.
    slots: the order streams that may be open.
    writes: the limit on writes.
    previews: the limit on previews.
    switches_all: true when its operator may set the kill switch of all accounts.
    """

    loops: Supervisor
    registry: CollectorRegistry
    metrics: Metrics
    trading: TradingContext
    desk: Desk
    peers: PeerServer
    health: LedgerHealth
    leading: Leading
    follower: MarketFollower
    matcher: Matcher
    tail: LedgerTail
    verification: LedgerVerification
    backups: BackupWatch
    streams: OrderStreams
    slots: sse.StreamSlots
    writes: WriteLimiter
    previews: RateLimit
    switches_all: bool

    @classmethod
    def build(
        cls, settings: Settings, loops: Supervisor, clock: Clock = SYSTEM_CLOCK, timings: StreamTimings = STREAM_TIMINGS
    ) -> Self:
        """Joins the parts. Nothing is connected, and no thread runs yet."""
        wakes, registry = _Wakes(), CollectorRegistry()
        metrics = Metrics(registry, settings.ledger.starting_cash, settings.equity_currency)
        follower, quotes = _market(settings, clock, metrics, wakes)
        ledger = _ledger(settings, clock, metrics, wakes, lambda: peers.address)
        trading = _trading(settings, ledger, quotes)
        health, slots = LedgerHealth(clock.monotonic), _slots(settings.most_order_streams, metrics)
        wakes.matcher, wakes.slots = Matcher(trading, metrics), slots
        commands = Commands(trading, metrics)
        desk = Desk(ledger, commands, PeerClient(settings.peers.key), settings.ledger.timings)
        leading = Leading(ledger, health, metrics.account, taken=desk.close)
        peers = PeerServer(settings.peers, ForwardedCommands(ledger, commands, metrics.duration.observe).take)
        tail = LedgerTail(ledger, desk.account, metrics.streams, lambda: slots.open > 0)
        calls = StreamCalls(desk.account, lambda: wakes.wake("tail"))
        parts = cls(
            loops=loops,
            registry=registry,
            metrics=metrics,
            trading=trading,
            desk=desk,
            peers=peers,
            health=health,
            leading=leading,
            follower=follower,
            matcher=wakes.matcher,
            tail=tail,
            verification=_verification(ledger, clock, metrics),
            backups=_backups(ledger, clock, metrics),
            slots=slots,
            streams=OrderStreams(trading, tail, timings, clock, loops.stop_signal, calls),
            writes=WriteLimiter(settings.operator_verifier, settings.most_writes_per_second, clock.monotonic),
            previews=RateLimit(settings.most_writes_per_second, clock.monotonic, "previews"),
            switches_all=settings.switches_all,
        )
        wakes.loops = parts._add_loops(settings)
        return parts

    def _add_loops(self, settings: Settings) -> dict[str, Loop]:
        """Adds the loops to their owner; returns them by name."""
        service.add_memory_loop(self.loops, settings.service)
        for end in (self.tail.windows.end, self.follower.end):
            self.loops.stop_signal.on_set(end)
        return {
            loop.name: self.loops.add(loop)
            for loop in (
                Loop("peers", self.peers.step, silent_after=SILENT_SECONDS),
                Loop("market", self.follower.step),
                Loop("writer", self.leading.step, silent_after=SILENT_SECONDS, retry=(1.0, 2.0)),
                Loop("matcher", self.matcher.step, silent_after=SILENT_SECONDS, retry=(1.0, 2.0)),
                Loop("tail", self.tail.step, silent_after=SILENT_SECONDS, least=0.05, retry=(1.0, 1.0)),
                Loop("verification", self.verification.step, silent_after=SILENT_SECONDS),
                Loop("backups", self.backups.step, silent_after=SILENT_SECONDS),
            )
        }

    def start(self) -> None:
        """Listens to the other executors, and starts the loops."""
        self.peers.open()
        self.loops.start()

    def stop(self) -> None:
        """Ends streams and loops, gives up the lease, and closes all connections."""
        self.loops.stop()
        self.peers.close()
        self.desk.close()
        self.trading.ledger.close()


class _Wakes:
    """Wakes a loop before its time, once the loops are there."""

    def __init__(self) -> None:
        self.loops: dict[str, Loop] = {}
        self.matcher: Matcher | None = None
        self.slots: sse.StreamSlots | None = None

    def wake(self, name: str) -> None:
        """Wakes a loop."""
        if name in self.loops:
            self.loops[name].wake()

    def committed(self) -> None:
        """Has the log followed at once while anybody listens."""
        if self.slots is not None and self.slots.open:
            self.wake("tail")

    def moved(self, symbol: str) -> None:
        """Has the matcher look at a symbol whose book is another one, when an order rests there."""
        if self.matcher is not None and self.matcher.moved(symbol):
            self.wake("matcher")

    def marked(self, instrument: Instrument) -> None:
        """Has the matcher judge losses when the account's value depends on a symbol whose mark moved."""
        if self.matcher is not None and self.matcher.marked(instrument):
            self.wake("matcher")


def _market(settings: Settings, clock: Clock, metrics: Metrics, wakes: _Wakes) -> tuple[MarketFollower, QuoteClient]:
    client, market = JsonClient(settings.marketdata_url, settings.quote_seconds), settings.service.market
    times, reach = ProofTime(), Reach(clock.monotonic)
    copy = MarketCopy(market, times, wakes.moved, wakes.marked)
    follower = MarketFollower(client, copy, times, reach, clock.monotonic, depth=DEPTH)
    return follower, QuoteClient(client, market, clock.monotonic, metrics.stages, copy, reach)


def _ledger(settings: Settings, clock: Clock, metrics: Metrics, wakes: _Wakes, address: Callable[[], str]) -> Ledger:
    ledger = Ledger(
        settings.ledger,
        clock,
        metrics.stages,
        Told(committed=lambda _: wakes.committed(), lost=lambda: wakes.wake("writer")),
        settings.limits,
        f"{settings.service.name}-{settings.service.replica}",
        address,
    )
    metrics.clock.follow(ledger.clock.times)
    metrics.database.follow(lambda: ledger.server_version)
    metrics.connections.follow(ledger.connections_used, MOST_CONNECTIONS)
    return ledger


def _trading(settings: Settings, ledger: Ledger, quotes: QuoteClient) -> TradingContext:
    return TradingContext(
        market=settings.service.market,
        ledger=ledger,
        quotes=quotes,
        limits=settings.limits,
        fees=settings.fees,
        equity_currency=settings.equity_currency,
        equity=EquityWatch(quotes.monotonic),
    )


def _verification(ledger: Ledger, clock: Clock, metrics: Metrics) -> LedgerVerification:
    verification = LedgerVerification(ledger, clock.monotonic)
    ages: dict[str, Callable[[], float]] = {look: partial(verification.age, look) for look in LOOKS}
    metrics.verification.follow(lambda: verification.sequence, lambda: verification.failed, ages)
    return verification


def _backups(ledger: Ledger, clock: Clock, metrics: Metrics) -> BackupWatch:
    watch = BackupWatch(ledger, clock.monotonic)
    metrics.ages.follow(watch.ages)
    return watch


def _slots(most: int, metrics: Metrics) -> sse.StreamSlots:
    slots = sse.StreamSlots(most, instead="close one, or ask /v1/orders", refused=metrics.streams.refused.inc)
    metrics.streams.open.set_function(lambda: slots.open)
    return slots
