"""The worker of Borsa Istanbul's feed: subscribes, takes arrivals in, in order, and ends a socket that is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from common.bist import rules
from common.wire import Instrument
from marketdata.venues.algolab.counters import Counts
from marketdata.venues.algolab.intake import Intake
from marketdata.link.inbox import Arrival, Inbox
from marketdata.link.worker import TIMERS_SECONDS, Link, Worker
from marketdata.state.rowbook import SETTLE_SECONDS
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.algolab import frames

log = logging.getLogger(__name__)

QUIET_SECONDS = 30.0
REPAIR_AFTER_SECONDS, REPAIR_PAUSE_SECONDS = 2.0, 60.0


class Feed(Worker):
    """`token()` gives the session's hash, `proved()` hears that the venue took it. `clock` is monotonic, `wall_clock`
    gives unix seconds. Without a sequence there is no asking again for one book: a new socket begins them all anew, at
    most once in `repair_pause` seconds."""

    def __init__(
        self,
        intake: Intake,
        *,
        canary: str,
        store: Store,
        inbox: Inbox,
        link: Link,
        tally: Tally,
        counts: Counts,
        token: Callable[[], str | None],
        proved: Callable[[], None],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        quiet: float = QUIET_SECONDS,
        repair_pause: float = REPAIR_PAUSE_SECONDS,
    ) -> None:
        super().__init__("bist-worker", inbox, link, tally)
        self._intake, self._canary, self._store = intake, canary, store
        self._counts, self._token, self._proved = counts, token, proved
        self._clock, self._wall_clock = clock, wall_clock
        self._quiet, self._repair_pause = quiet, repair_pause
        self._open = self._ending = False
        self._said = ""
        self._timers_at = 0.0
        self._repaired_at = float("-inf")
        self._waiting = False

    def instruments(self) -> Mapping[str, Instrument]:
        """The shares followed, by the venue's name; one is missing until a price of it is known."""
        return self._intake.instruments

    def trading(self) -> bool:
        """Whether the exchange is in continuous trading, so that books ought to be live."""
        return self._intake.phase == "continuous"

    def heartbeat(self) -> str:
        """The frame that the venue wants to hear, for the socket that is open."""
        return frames.heartbeat(self._said)

    def trouble(self) -> str | None:
        """Why the feed can't be relied on now, or None. Outside of trading hours silence is no trouble."""
        moment = datetime.fromtimestamp(self._wall_clock(), rules.ISTANBUL)
        if not rules.CALENDAR_BEGINS <= moment.date() <= rules.CALENDAR_ENDS:
            return rules.calendar_problem(moment.date())
        if not self._open or self._ending or self._intake.phase != "continuous":
            return None
        silence = self._clock() - self._intake.share_heard_at
        if silence > self._quiet:
            alive = self._clock() - self._intake.heard_at <= self._quiet
            return f"no share was heard of for {silence:.0f} s" + (", but the feed is alive" if alive else "")
        faults = self._intake.faults()
        return f"no live book of {', '.join(faults)}" if faults else None

    def step(self, timeout: float) -> None:
        """Takes at most one arrival in, waiting up to `timeout` seconds for it, then sees to the timers.

        Rows are judged as of the next arrival, or of the end of a wait in which none came: up to then all was read. A
        crowded inbox keeps no order of times: then they wait.
        """
        began, wait = self._clock(), min(timeout, SETTLE_SECONDS) if self._waiting else timeout
        arrival = next(self._arrivals(wait), None)
        at = began + wait if arrival is None else arrival.at
        if self._waiting and not self._behind():
            self._waiting = self._intake.settle(at, self._wall_clock())
        if arrival is not None:
            self._take(arrival)
        now = self._clock()
        if now >= self._timers_at:
            self._timers_at = now + TIMERS_SECONDS
            self._intake.pass_time(now, self._wall_clock())
            self._waiting = True
            self._repair(now)

    def lose_all(self) -> None:
        """No book of the venue is live."""
        self._intake.lose_all(self._wall_clock())

    def _take(self, arrival: Arrival) -> None:
        """Only frames prove prices: a peer that answers pings may have stopped telling them. While the exchange is
        closed there is nothing to tell."""
        match arrival.kind:
            case "frame":
                if not self._ending and self._intake.read(arrival.payload, arrival.at, arrival.received):
                    self._store.proved(frames.SOURCE, arrival.at)
                    self._waiting = True
            case "heartbeat":
                if self._intake.phase == "closed":
                    self._store.proved(frames.SOURCE, arrival.at)
            case "opened":
                self._open, self._ending = True, False
                self._intake.opened(arrival.at)
                self._subscribe()
                self._proved()
            case "closed":
                self._open = False
                self._intake.lose_all(arrival.received)
            case "lost":
                self._tally.resyncs["dropped"] += 1
                self._intake.miss_trades()

    def _subscribe(self) -> None:
        """All at once: the venue hangs up on a socket that asks for nothing."""
        self._said = self._token() or ""
        shares = self._intake.shares
        ticks = [*shares, *([self._canary] if self._canary else [])]
        self._link.send(frames.subscription("T", self._said, ticks))
        books = [pair for pair, share in shares.items() if share.rows is not None]
        if books:
            self._link.send(frames.subscription("D", self._said, books))

    def _repair(self, now: float) -> None:
        if (
            not self._open
            or self._ending
            or self._intake.phase != "continuous"
            or now - self._repaired_at < self._repair_pause
        ):
            return
        lost, symbol, fault = self._intake.lost_for(now)
        if lost > REPAIR_AFTER_SECONDS:
            self._restart(fault, f"the rows of {symbol} make no sense")
        elif now - self._intake.heard_at > 2 * self._quiet:
            self._restart("silence", f"nothing was told for {2 * self._quiet:.0f} s")

    def _restart(self, reason: str, why: str) -> None:
        self._repaired_at, self._ending = self._clock(), True
        self._counts.repairs += 1
        self._tally.resyncs[reason] += 1
        self._intake.lose_all(self._wall_clock())
        self._link.drop(f"{why} ({reason})")
