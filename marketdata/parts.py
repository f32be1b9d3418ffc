"""The parts of market data, joined: the store, the event streams, and one entry for each venue."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common import service
from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Supervisor
from common.wire import Instrument
from marketdata.keeping.keeper import BarKeeper
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import Backoff, DialGuard, DialLimits
from marketdata.settings import Settings
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from marketdata.venues.algolab import assembly as algolab
from marketdata.venues.btcturk import assembly as btcturk
from marketdata.venues.venue import Venue, VenueContext


@dataclass(frozen=True)
class Timings:
    """The times of market data's parts. Tests take shorter ones.

    link: the times of a socket.
    btcturk, algolab: the times of one venue's parts.
    backoff: the least and the greatest ceiling of the back-off before a dial, in seconds.
    dials: at most so many dials of one host in a window, and the window in seconds.
    first_dial: in the live market the first dial waits for up to so many seconds, so that restarts spread.
    """

    link: LinkTimings = field(default_factory=LinkTimings)
    btcturk: btcturk.BtcturkTimings = field(default_factory=btcturk.BtcturkTimings)
    algolab: algolab.AlgolabTimings = field(default_factory=algolab.AlgolabTimings)
    backoff: tuple[float, float] = (1.0, 60.0)
    dials: tuple[int, float] = (10, 60.0)
    first_dial: float = 5.0


@dataclass(frozen=True)
class Parts:
    """Everything that runs beside the HTTP server.

    loops: the owner of all threads.
    store: the latest state of every symbol.
    candles: the bars of every symbol.
    keeper: keeps them over a restart.
    streams: the event streams.
    venues: the venues that are followed.
    """

    loops: Supervisor
    store: Store
    candles: CandleStore
    keeper: BarKeeper
    streams: Streams
    venues: tuple[Venue, ...]

    @classmethod
    def build(
        cls, settings: Settings, loops: Supervisor, timings: Timings | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> Parts:
        """Joins the parts, and takes over what an earlier start kept; starts nothing."""
        timings = timings or Timings()
        market = settings.service.market
        store = Store(settings.listings(), market=market, stale_after=settings.stale_seconds, clock=clock)
        days = {listing.symbol: listing.day_begins for listing in settings.listings()}
        candles = CandleStore(store.symbols, unix=clock.unix, day_begins=days)
        keeper = BarKeeper(candles, settings.data_dir, unix=clock.unix)
        keeper.restore(store)
        context = VenueContext(
            store=store,
            candles=candles,
            link=timings.link,
            limits=lambda: _dial_limits(settings, timings),
            queue_limit=settings.queue_limit,
            clock=clock,
            stop=loops.stop_signal,
            nets=(keeper.net,) if keeper.on else (),
        )
        venues = [btcturk.build(settings.btcturk, context, timings.btcturk)]
        if settings.algolab is not None:
            venues.append(algolab.build(settings.algolab, context, timings.algolab))
        streams = Streams(
            store,
            instruments=lambda: _instruments(venues),
            most=settings.most_streams,
            stop=loops.stop_signal,
            monotonic=clock.monotonic,
        )
        kept = (keeper.loop,) if keeper.on else ()
        for loop in (streams.publisher.loop, *kept, *(loop for venue in venues for loop in venue.loops)):
            loops.add(loop)
        service.add_memory_loop(loops, settings.service)
        return cls(loops, store, candles, keeper, streams, tuple(venues))

    def instruments(self) -> Mapping[str, Instrument]:
        """Returns everything that the venues trade, by symbol; nothing until one of them told."""
        return _instruments(self.venues)

    def start(self) -> None:
        """Starts the loops."""
        self.loops.start()

    def stop(self) -> None:
        """Ends the loops, the sockets and the streams."""
        self.loops.stop()


def _instruments(venues: Sequence[Venue]) -> Mapping[str, Instrument]:
    return {symbol: instrument for venue in venues for symbol, instrument in venue.instruments().items()}


def _dial_limits(settings: Settings, timings: Timings) -> DialLimits:
    """Returns the limits for one host; each host has its own, as venues count dials by address."""
    delay = random.uniform(0.0, timings.first_dial) if settings.service.market == "live" else 0.0
    return DialLimits(Backoff(*timings.backoff, random.uniform), DialGuard(*timings.dials), delay)
