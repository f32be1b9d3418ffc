"""Fetches the past: days, minutes and longer bars, whenever some are missing, and trades that were missed."""

from __future__ import annotations

import logging
import math
import queue
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from common.clock import Clock
from common.loop import Loop
from marketdata.counters import Counters
from marketdata.nets import SafetyNet
from marketdata.rest.replies import NoBudget, RestError, UnusableAnswer
from marketdata.state.bars import DAY, LENGTHS, Resolution
from marketdata.state.candles import MissedTrades
from marketdata.state.candlestore import CandleStore
from marketdata.state.told import Wanted
from marketdata.venues.btcturk import answers, bar_answers, endpoints
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.notes import FetchedTrades, Notes
from marketdata.venues.btcturk.subscriptions import Followed

log = logging.getLogger(__name__)

DAYS_ASKED, TRADES_ASKED = 400, 50
HOPELESS_FACTOR = 10
"""A call that the venue refuses, or answers in an unreadable way, is made again after so many times the usual pause."""
LONGEST_FACTOR = 30
"""Bars of a pair of which the venue tells nothing new are asked for after pauses that double up to so many times."""
QUIET_CALLS = 3
"""A pair of which so many calls in a row told nothing new is quiet."""
SILENT_SECONDS = 90.0
SHORT: tuple[Resolution, ...] = ("1d", "1m")
LONG: tuple[Resolution, ...] = ("15m", "1h", "4h")
SPELLINGS: dict[Resolution, str] = {"1m": "1", "15m": "15", "1h": "60", "4h": "240"}
"""The venue's names of the resolutions that are asked for. The bars of five minutes reach no further than minutes."""
KINDS: dict[Resolution, str] = {"1m": "minutes", "15m": "long_bars", "1h": "long_bars", "4h": "long_bars", "1d": "days"}
"""The names under which calls for bars are counted."""


class _Asked(NamedTuple):
    """The latest call for the bars of one resolution of a pair.

    at: when it was made, in seconds of the monotonic clock.
    again: when the next one is due.
    newest: the begin of the newest gap that it was to fill.
    fruitless: how many calls in a row told nothing new.
    whole: true when the older part of a cut answer could not be had: it must not hold up what is newer.
    """

    at: float = -math.inf
    again: float = -math.inf
    newest: float = math.nan
    fruitless: int = 0
    whole: bool = False


@dataclass(frozen=True)
class HistoryTimings:
    """The times of the history, in seconds.

    round: between two looks for missing bars.
    minutes: before bars of the same pair and resolution are fetched again; longer while nothing new is told.
    days: before the days of the same pair are fetched again.
    failed: before a call that failed is made again.
    long_bars: between two calls for bars longer than minutes, so that they use no more than half of the limit.
    """

    round: float = 5.0
    minutes: float = 60.0
    days: float = 1_800.0
    failed: float = 30.0
    long_bars: float = 2.0


@dataclass(frozen=True)
class Clients:
    """The clients of the venue's REST calls.

    api: trades, tickers, books, instruments.
    charts: bars.
    """

    api: Rest
    charts: Rest


class History:
    """Fetches bars until none is missing; the clients' budget makes it wait. Trades go to the worker by `notes`.

    A gap is asked for again until the venue told what was in it, ever more rarely while it tells nothing new. Long bars
    of a pair come after its minutes.

    loop: makes one call after the other.
    net: works while the venue answers.
    """

    def __init__(
        self,
        followed: Followed,
        clients: Clients,
        *,
        candles: CandleStore,
        notes: Notes,
        counters: Counters,
        timings: HistoryTimings,
        clock: Clock,
    ) -> None:
        self._followed, self._clients, self._candles, self._notes = followed, clients, candles, notes
        self._counters, self._timings, self._clock = counters, timings, clock
        self._asked: dict[tuple[str, Resolution], _Asked] = {}
        self._missed: queue.SimpleQueue[tuple[str, MissedTrades]] = queue.SimpleQueue()
        self._todo: deque[tuple[Resolution, str]] = deque()
        self._long_todo: deque[tuple[Resolution, str]] = deque()
        self._long_at = -math.inf
        self.net = SafetyNet("history")
        self.loop = Loop("btcturk-history", self.step, silent_after=SILENT_SECONDS)

    def missed(self, pair: str, missed: MissedTrades) -> None:
        """Has missed trades of a pair fetched, once. Any thread may call this."""
        self._missed.put((pair, missed))

    def step(self) -> float:
        """Makes the next call that is due. Returns the seconds to pause."""
        if not self._missed.empty():
            self._try_trades(*self._missed.get_nowait())
            return 0.0
        traded = self._followed.tradable()
        pairs = [pair for pair in self._followed.pairs if pair in traded]
        if not self._todo:
            self._todo.extend((resolution, pair) for pair in pairs for resolution in SHORT)
        if self._try_next(self._todo):
            return 0.0
        wait = self._long_at - self._clock.monotonic()
        if wait > 0.0:
            return min(wait, self._timings.round)
        if not self._long_todo:
            self._long_todo.extend((resolution, pair) for pair in pairs for resolution in LONG)
        if self._try_next(self._long_todo):
            self._long_at = self._clock.monotonic() + self._timings.long_bars
            return 0.0
        return self._timings.round

    def _try_next(self, todo: deque[tuple[Resolution, str]]) -> bool:
        """Makes the first call that is due, and returns true; false when none is."""
        while todo:
            resolution, pair = todo.popleft()
            wanted = self._due(resolution, pair)
            if wanted is not None:
                self._try_bars(resolution, pair, wanted)
                return True
        return False

    def _due(self, resolution: Resolution, pair: str) -> Wanted | None:
        """Returns what is to be asked for now, or None."""
        asked, now = self._asked.get((pair, resolution), _Asked()), self._clock.monotonic()
        if resolution == "1d":
            since = int(self._clock.unix()) - DAYS_ASKED * DAY
            return Wanted(since, math.inf, -math.inf) if now >= asked.again else None
        if resolution != "1m" and not self._has_minutes(pair):
            return None
        wanted = self._candles.wanted(self._followed.symbol(pair), resolution)
        if wanted is None or now < min(asked.again, asked.at + self._timings.minutes):
            return None
        if asked.whole:
            wanted = wanted._replace(until=math.inf)
        return wanted if now >= asked.again or wanted.newest != asked.newest else None

    def _has_minutes(self, pair: str) -> bool:
        """Returns true when no minute of the pair is missing, or the venue has told nothing new of them for a while."""
        if self._candles.wanted(self._followed.symbol(pair), "1m") is None:
            return True
        return self._asked.get((pair, "1m"), _Asked()).fruitless >= QUIET_CALLS

    def _try_bars(self, resolution: Resolution, pair: str, wanted: Wanted) -> None:
        key, kind = (pair, resolution), KINDS[resolution]
        asked = self._asked.get(key, _Asked())
        try:
            new = self._ask_bars(resolution, pair, wanted)
        except (RestError, UnusableAnswer) as error:
            self._failed(kind, pair, error)
            asked = asked._replace(newest=wanted.newest, whole=wanted.until < math.inf)
            self._note(key, asked, self._pause_after(error))
            return
        self._worked(kind)
        fruitless = 0 if new or resolution == "1d" else asked.fruitless + 1
        pause = self._timings.minutes * min(2.0 ** max(0, fruitless - 1), LONGEST_FACTOR)
        self._note(
            key, _Asked(newest=wanted.newest, fruitless=fruitless), self._timings.days if resolution == "1d" else pause
        )

    def _note(self, key: tuple[str, Resolution], asked: _Asked, pause: float) -> None:
        now = self._clock.monotonic()
        self._asked[key] = asked._replace(at=now, again=now + pause)

    def _try_trades(self, pair: str, missed: MissedTrades) -> None:
        try:
            params = {"pairSymbol": pair, "last": str(TRADES_ASKED)}
            answer = self._clients.api.get("trades", endpoints.TRADES_PATH, params).body
            fetched, left_out = answers.trades(pair, answer, self._followed.tick(pair))
        except (RestError, UnusableAnswer) as error:
            self._failed("trades", pair, error)
            return
        self._counters.leave_out(left_out)
        self._notes.put(FetchedTrades(fetched, missed))
        self._worked("trades")

    def _worked(self, kind: str) -> None:
        self._counters.backfills[kind] += 1
        self.net.worked()

    def _failed(self, kind: str, pair: str, error: RestError | UnusableAnswer) -> None:
        """Counts a failure. A call that only waits for its budget is none of the net's: it is made soon."""
        self._counters.backfill_failures[kind] += 1
        if not isinstance(error, NoBudget):
            self.net.failed(str(error))
        log.warning("the past could not be fetched", extra={"pair": pair, "kind": kind, "reason": str(error)})

    def _pause_after(self, error: RestError | UnusableAnswer) -> float:
        if isinstance(error, NoBudget):
            return max(self._timings.failed, error.seconds)
        retryable = isinstance(error, RestError) and error.retryable
        return self._timings.failed * (1 if retryable else HOPELESS_FACTOR)

    def _ask_bars(self, resolution: Resolution, pair: str, wanted: Wanted) -> bool:
        """Returns true when the answer told something new."""
        symbol, asked_at = self._followed.symbol(pair), self._clock.unix()
        until, tick = int(min(asked_at, wanted.until)), self._followed.tick(pair)
        span = {"from": str(wanted.since), "to": str(until)}
        if resolution == "1d":
            reply = self._clients.charts.get("ohlcs", endpoints.DAYS_PATH, {"pair": pair, **span})
            found = bar_answers.days(reply.body, tick)
        else:
            params = {"symbol": pair, "resolution": SPELLINGS[resolution], **span}
            reply = self._clients.charts.get("klines", endpoints.MINUTES_PATH, params)
            found = bar_answers.minutes(reply.body, tick, LENGTHS[resolution])
        self._counters.leave_out(found.left_out)
        return self._candles.merge(symbol, resolution, found.rows, wanted=wanted, asked_at=asked_at, lost=found.lost)
