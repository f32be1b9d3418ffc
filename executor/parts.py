"""The one picture of the executor: its parts, joined, and its loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry

from common import service, sse
from common.client import JsonClient
from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Loop, Supervisor
from executor.commands import Commands
from executor.context import TradingContext
from executor.desk import Desk
from executor.forwarded import Forwarded
from executor.health import LedgerHealth
from executor.leading import Leading
from executor.market.copy import MarketCopy
from executor.market.follow import MarketFollower
from executor.market.proof_time import ProofTime
from executor.matching import Matcher
from executor.metrics import Metrics
from executor.peers.client import PeerClient
from executor.peers.server import PeerServer
from executor.quotes import DEPTH, TIMEOUT_SECONDS, QuoteClient
from executor.rate_limit import WriteLimiter
from executor.settings import Settings
from executor.store import Ledger
from executor.stream.streams import STREAM_TIMINGS, OrderStreams, StreamCalls, StreamTimings
from executor.stream.tail import LedgerTail
from executor.writer.reign import Told

SILENT_SECONDS = 30.0
"""A step may wait for market data and for the database; all their deadlines together are shorter than this."""


@dataclass(frozen=True)
class Parts:
    """The parts of the executor.

    loops: the owner of the threads `matcher`, `tail` and, where memory is limited, `memory`.
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
    streams: opens order streams.
    slots: the order streams that may be open.
    writes: the limit on writes.
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
    streams: OrderStreams
    slots: sse.StreamSlots
    writes: WriteLimiter

    @classmethod
    def build(
        cls,
        settings: Settings,
        loops: Supervisor,
        clock: Clock = SYSTEM_CLOCK,
        timings: StreamTimings = STREAM_TIMINGS,
    ) -> Self:
        """Joins the parts. Nothing is connected, and no thread runs yet."""
        registry = CollectorRegistry()
        metrics = Metrics(registry, settings.ledger.starting_cash, settings.equity_currency)
        wakes = _Wakes()
        follower, quotes = _market(settings, clock, metrics, wakes.moved)
        ledger = Ledger(
            settings.ledger,
            clock,
            metrics.stages,
            Told(committed=lambda _: wakes.wake("tail"), lost=lambda: wakes.wake("writer")),
            settings.limits,
            f"{settings.service.name}-{settings.service.replica}",
            lambda: peers.address,
        )
        trading = _trading(settings, ledger, quotes)
        health, slots = LedgerHealth(clock.monotonic), _slots(settings.most_order_streams, metrics)
        wakes.matcher = matcher = Matcher(trading, metrics)
        commands = Commands(trading, metrics)
        desk = Desk(ledger, commands, PeerClient(settings.peers.key))
        # What waits for an answer of the last writer, which may hang, is done here from now on.
        leading = Leading(ledger, health, metrics.account, taken=desk.close)
        peers = PeerServer(settings.peers, Forwarded(ledger, commands, metrics.duration.observe).take)
        tail = LedgerTail(ledger, desk.account, metrics.streams, lambda: slots.open > 0)
        for loop in (
            Loop("peers", peers.step, silent_after=SILENT_SECONDS),
            Loop("market", follower.step),
            Loop("writer", leading.step, silent_after=SILENT_SECONDS, retry=(1.0, 2.0)),
            Loop("matcher", matcher.step, silent_after=SILENT_SECONDS, retry=(1.0, 2.0)),
            Loop("tail", tail.step, silent_after=SILENT_SECONDS, least=0.05, retry=(1.0, 1.0)),
        ):
            wakes.loops[loop.name] = loops.add(loop)
        service.add_memory_loop(loops, settings.service)
        for end in (tail.windows.end, follower.end):
            loops.stop_signal.on_set(end)
        calls = StreamCalls(desk.account, lambda: wakes.wake("tail"))
        return cls(
            loops=loops,
            registry=registry,
            metrics=metrics,
            trading=trading,
            desk=desk,
            peers=peers,
            health=health,
            leading=leading,
            follower=follower,
            matcher=matcher,
            tail=tail,
            slots=slots,
            streams=OrderStreams(trading, tail, timings, clock, loops.stop_signal, calls),
            writes=WriteLimiter(settings.operator_token, settings.most_writes_per_second, clock.monotonic),
        )

    def start(self) -> None:
        """Starts the loops."""
        self.peers.open()
        self.loops.start()

    def stop(self) -> None:
        """Ends streams and loops, gives up the lease, and closes all connections."""
        self.loops.stop()
        self.peers.close()
        self.desk.close()
        self.trading.ledger.close()


class _Wakes:
    """What wakes a loop before its time, once the loops are there."""

    def __init__(self) -> None:
        self.loops: dict[str, Loop] = {}
        self.matcher: Matcher | None = None

    def wake(self, name: str) -> None:
        """Wakes a loop."""
        if name in self.loops:
            self.loops[name].wake()

    def moved(self, symbol: str) -> None:
        """Has the matcher look at a symbol whose book is another one, when an order rests there."""
        if self.matcher is not None and self.matcher.moved(symbol):
            self.wake("matcher")


def _market(
    settings: Settings, clock: Clock, metrics: Metrics, moved: Callable[[str], None]
) -> tuple[MarketFollower, QuoteClient]:
    client, market, times = JsonClient(settings.marketdata_url, TIMEOUT_SECONDS), settings.service.market, ProofTime()
    copy = MarketCopy(market, times, moved)
    follower = MarketFollower(client, copy, times, clock.monotonic, depth=DEPTH)
    return follower, QuoteClient(client, market, clock.monotonic, metrics.stages, copy)


def _trading(settings: Settings, ledger: Ledger, quotes: QuoteClient) -> TradingContext:
    return TradingContext(
        market=settings.service.market,
        ledger=ledger,
        quotes=quotes,
        limits=settings.limits,
        fees=settings.fees,
        equity_currency=settings.equity_currency,
    )


def _slots(most: int, metrics: Metrics) -> sse.StreamSlots:
    slots = sse.StreamSlots(most, instead="close one, or ask /v1/orders", refused=metrics.streams.refused.inc)
    metrics.streams.open.set_function(lambda: slots.open)
    return slots
