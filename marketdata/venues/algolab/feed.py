"""The worker: subscribes, applies arrivals in order, and ends a socket that is wrong."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.clock import Clock
from common.wire import Instrument
from marketdata.link.inbox import Arrival
from marketdata.link.worker import TIMERS_SECONDS, LinkEnds, Worker
from marketdata.state.listing import Listing
from marketdata.state.rowbook import SETTLE_SECONDS
from marketdata.state.store import Store
from marketdata.venues.algolab import frames
from marketdata.venues.algolab.intake import AlgolabIntake
from marketdata.venues.algolab.session_keeper import SessionKeeper
from marketdata.venues.algolab.subscriptions import AlgolabSubscriptions

log = logging.getLogger(__name__)

QUIET_SECONDS = 30.0
REPAIR_AFTER_SECONDS, REPAIR_PAUSE_SECONDS = 2.0, 60.0


@dataclass(frozen=True)
class FeedTimings:
    """The times of the worker, in seconds.

    quiet: without any frame for so long the feed is in trouble; after twice that its socket is replaced.
    repair_pause: two replacements of a socket are at least so far apart.
    """

    quiet: float = QUIET_SECONDS
    repair_pause: float = REPAIR_PAUSE_SECONDS


class AlgolabFeed(Worker):
    """The worker of Borsa Istanbul's feed. Without a sequence no single book can be asked for anew: a new socket begins
    them all anew."""

    def __init__(
        self,
        intake: AlgolabIntake,
        ends: LinkEnds,
        *,
        subscriptions: AlgolabSubscriptions,
        store: Store,
        login: SessionKeeper,
        clock: Clock,
        timings: FeedTimings,
    ) -> None:
        super().__init__("algolab-worker", ends)
        self._intake, self._subscriptions, self._store, self._login = intake, subscriptions, store, login
        self._monotonic, self._unix, self._timings = clock.monotonic, clock.unix, timings
        self._open = self._ending = False
        self._timers_at = 0.0
        self._repaired_at = float("-inf")
        self._changes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._waiting = False

    def instruments(self) -> Mapping[str, Instrument]:
        """Returns the shares followed, by symbol; one is missing until a price of it is known."""
        return {instrument.symbol: instrument for instrument in self._intake.standing.instruments.values()}

    def follow(self, listing: Listing) -> None:
        """Has the worker follow one more instrument. Any thread may call it."""
        self._changes.put(lambda: self._follow(listing))

    def unfollow(self, pair: str, left: Callable[[], None]) -> None:
        """Has the worker end to follow an instrument, and calls back once it has. Any thread may call it."""
        self._changes.put(lambda: self._unfollow(pair, left))

    def is_open(self) -> bool:
        """Returns true while the exchange is in continuous trading, so that books should be live."""
        return self._intake.standing.phase == "continuous"

    def trouble(self) -> str | None:
        """Returns why the feed can't be relied on now, or None. Outside of trading hours silence is no trouble."""
        calendar = self._intake.standing.hours.trouble()
        if calendar is not None:
            return calendar
        if not self._open or self._ending or not self.is_open():
            return None
        now, quiet = self._monotonic(), self._timings.quiet
        silence = now - self._intake.share_heard_at
        if silence > quiet:
            alive = now - self._intake.heard_at <= quiet
            return f"no share was heard of for {silence:.0f} s" + (", but the feed is alive" if alive else "")
        faults = self._intake.books.faults()
        return f"no live book of {', '.join(faults)}" if faults else self._intake.delay.trouble()

    def step(self, timeout: float) -> None:
        """Applies at most one arrival, waiting up to `timeout` seconds for it, then does what is due.

        Rows are judged as of the next arrival, or of the end of a wait in which none came: up to then all was read. A
        crowded inbox keeps no order of times, so the rows wait until it is empty.
        """
        began, wait = self._monotonic(), min(timeout, SETTLE_SECONDS) if self._waiting else timeout
        arrival = next(self._arrivals(wait), None)
        at = began + wait if arrival is None else arrival.at
        if self._waiting and not self._behind():
            self._waiting = self._intake.books.settle(at, self._unix())
        if arrival is not None:
            self._apply(arrival)
        now = self._monotonic()
        if now >= self._timers_at:
            self._timers_at = now + TIMERS_SECONDS
            while not self._changes.empty():
                self._changes.get_nowait()()
            self._intake.pass_time(now, self._unix())
            self._waiting = True
            self._repair(now)

    def lose_all(self) -> None:
        """Marks every book of the venue as lost."""
        self._intake.lose_all("worker_failure", self._unix())

    def _follow(self, listing: Listing) -> None:
        self._intake.follow(listing)
        for frame in self._subscriptions.follow(listing):
            if self._open and not self._ending:
                self._link.send(frame)

    def _unfollow(self, pair: str, left: Callable[[], None]) -> None:
        self._subscriptions.unfollow(pair)
        self._intake.unfollow(pair)
        left()

    def _apply(self, arrival: Arrival) -> None:
        """Only a share's own frames prove it. While the exchange is closed there is nothing to send, and a peer that
        answers pings proves them all."""
        match arrival.kind:
            case "frame":
                if not self._ending and self._intake.read(arrival.payload, arrival.at, arrival.received):
                    self._waiting = True
            case "heartbeat":
                if self._intake.standing.phase == "closed":
                    self._store.prove_all(frames.SOURCE, arrival.at)
            case "opened":
                self._open, self._ending = True, False
                self._intake.opened(arrival.at)
                for frame in self._subscriptions.begin(self._login.token() or ""):
                    self._link.send(frame)
                self._login.proved()
            case "closed":
                self._open = False
                self._intake.lose_all("socket_ended", arrival.received)
            case "lost":
                self._counters.resyncs["dropped"] += 1
                self._intake.miss_trades()

    def _repair(self, now: float) -> None:
        """Asks again for the rows of a share that make no sense. Only when most make none is the socket replaced."""
        if not self._open or self._ending or not self.is_open():
            return
        if now - self._repaired_at >= self._timings.repair_pause:
            fault, silence = self._intake.books.most_lost(now, REPAIR_AFTER_SECONDS), 2 * self._timings.quiet
            if fault is not None:
                self._restart(fault, "the rows of most shares make no sense")
                return
            if now - self._intake.heard_at > silence:
                self._restart("silence", f"nothing was heard for {silence:.0f} s")
                return
        asked = self._intake.books.ask_again(now)
        for pair, reason in asked:
            self._counters.resyncs[reason] += 1
            log.warning("the rows of a share are asked for again", extra={"pair": pair, "reason": reason})
        if asked:
            self._link.send(self._subscriptions.again(*(pair for pair, _ in asked)))

    def _restart(self, reason: str, why: str) -> None:
        self._repaired_at, self._ending = self._monotonic(), True
        self._intake.begin_repair(reason, self._unix())
        self._link.drop(f"{why} ({reason})")
