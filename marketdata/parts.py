"""The parts of market data, joined: the store, the event streams, and one entry for each venue."""

from __future__ import annotations

import atexit
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common import VERSION, service
from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Supervisor
from common.tape import VERSION as TAPE_VERSION
from common.tape import TapeHead
from common.wire import Instrument
from marketdata.followed.file import FollowedFile
from marketdata.followed.following import Following
from marketdata.keeping.keeper import BarKeeper
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import RETREAT_SECONDS, Backoff, DialGuard, DialLimits, retreat
from marketdata.settings import ReplayClock, Settings, TapeSettings
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.stream.streams import Streams
from marketdata.tape.writer import TapeLimits, TapeWriter
from marketdata.venues.algolab import assembly as algolab
from marketdata.venues.btcturk import assembly as btcturk
from marketdata.venues.venue import Venue, VenueContext


@dataclass(frozen=True)
class Timings:
    """The times of market data's parts. Tests take shorter ones.

    link: the times of a socket.
    btcturk, algolab: the times of one venue's parts.
    backoff: the least and the greatest ceiling of the back-off before a dial, in seconds.
    retreat: the same for a dial that was refused.
    dials: at most so many dials of one host in a window, and the window in seconds.
    first_dial: in the live market the first dial waits for up to so many seconds, so that restarts spread.
    """

    link: LinkTimings = field(default_factory=LinkTimings)
    btcturk: btcturk.BtcturkTimings = field(default_factory=btcturk.BtcturkTimings)
    algolab: algolab.AlgolabTimings = field(default_factory=algolab.AlgolabTimings)
    backoff: tuple[float, float] = (1.0, 60.0)
    retreat: tuple[float, float] = RETREAT_SECONDS
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
    following: begins and ends to follow symbols.
    tape: records what comes and goes; None when it is off.
    """

    loops: Supervisor
    store: Store
    candles: CandleStore
    keeper: BarKeeper
    streams: Streams
    venues: tuple[Venue, ...]
    following: Following
    tape: TapeWriter | None = None

    @classmethod
    def build(
        cls, settings: Settings, loops: Supervisor, timings: Timings | None = None, clock: Clock | None = None
    ) -> Parts:
        """Joins the parts, and takes over what an earlier start kept; starts nothing."""
        timings, clock = timings or Timings(), clock or _clock(settings.replay)
        market, file = settings.service.market, _followed_file(settings)
        settings = settings.following(file.symbols())
        store = Store(settings.listings(), market=market, stale_after=settings.stale_seconds, clock=clock)
        candles, keeper = _bars(settings, store, clock)
        tape = None if settings.tape is None else _tape(settings, settings.tape, store, clock)
        context = VenueContext(
            store=store,
            candles=candles,
            link=timings.link,
            limits=lambda: _dial_limits(settings, timings),
            queue_limit=settings.queue_limit,
            clock=clock,
            stop=loops.stop_signal,
            proxies=settings.proxies,
            tape=tape,
            nets=(keeper.net,) if keeper.on else (),
        )
        venues = _venues(settings, context, timings)
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
        if tape is not None:
            loops.add(tape.loop)
            loops.stop_signal.on_set(tape.close)
        following = Following(store, candles, keeper, venues, file)
        return cls(loops, store, candles, keeper, streams, tuple(venues), following, tape)

    def instruments(self) -> Mapping[str, Instrument]:
        """Returns everything that the venues trade, by symbol; nothing until one of them told."""
        return _instruments(self.venues)

    def start(self) -> None:
        """Starts the loops. The process must not end before the tape is written, so its end waits for that."""
        self.loops.start()
        if self.tape is not None:
            atexit.register(self.tape.close)

    def stop(self) -> None:
        """Ends the loops, the sockets and the streams."""
        self.loops.stop()
        if self.tape is not None:
            atexit.unregister(self.tape.close)


def _venues(settings: Settings, context: VenueContext, timings: Timings) -> list[Venue]:
    venues = [btcturk.build(settings.btcturk, context, timings.btcturk)]
    if settings.algolab is not None:
        venues.append(algolab.build(settings.algolab, context, timings.algolab))
    return venues


def _instruments(venues: Sequence[Venue]) -> Mapping[str, Instrument]:
    return {symbol: instrument for venue in venues for symbol, instrument in venue.instruments().items()}


def _bars(settings: Settings, store: Store, clock: Clock) -> tuple[CandleStore, BarKeeper]:
    """Returns the bars with what an earlier start kept of them, and the part that keeps them.

    A replay keeps none: its bars are of another time.
    """
    days = {listing.symbol: listing.day_begins for listing in settings.listings()}
    candles = CandleStore(store.symbols, unix=clock.unix, day_begins=days)
    folder = settings.data_dir if settings.replay is None else None
    keeper = BarKeeper(candles, folder, unix=clock.unix)
    keeper.restore(store)
    return candles, keeper


def _dial_limits(settings: Settings, timings: Timings) -> DialLimits:
    """Returns the limits for one host; each host has its own, as venues count dials by address."""
    delay = random.uniform(0.0, timings.first_dial) if settings.service.market == "live" else 0.0
    backoff, guard = Backoff(*timings.backoff, random.uniform), DialGuard(*timings.dials)
    return DialLimits(backoff, guard, delay, retreat(*timings.retreat))


def _followed_file(settings: Settings) -> FollowedFile:
    """Returns the file of added and removed symbols. A replay follows what was followed when its tape was made."""
    base = tuple(listing.symbol for listing in settings.listings())
    return FollowedFile(settings.data_dir if settings.replay is None else None, base)


def _tape(settings: Settings, tape: TapeSettings, store: Store, clock: Clock) -> TapeWriter:
    market = settings.service.market
    limits = TapeLimits(tape.total_bytes, min(TapeLimits.file_bytes, tape.total_bytes // 4))

    def head(began: float) -> TapeHead:
        return TapeHead(TAPE_VERSION, VERSION, market, began, settings=settings.following(store.symbols).followed())

    return TapeWriter(tape.folder, head, limits, clock)


def _clock(replay: ReplayClock | None) -> Clock:
    """Returns the machine's clocks. In a replay the unix time begins with the tape and runs at its speed."""
    if replay is None:
        return SYSTEM_CLOCK
    started, monotonic = SYSTEM_CLOCK.monotonic(), SYSTEM_CLOCK.monotonic
    return Clock(monotonic, lambda: replay.begins + (monotonic() - started) * replay.speed)
