"""Fetches the past: daily and minute bars, at start and whenever some are missing, and trades that were missed."""

from __future__ import annotations

import logging
import queue
from collections import deque
from dataclasses import dataclass

from common.clock import Clock
from common.loop import Loop
from marketdata.counters import Counters
from marketdata.rest.replies import NoBudget, RestError, UnusableAnswer
from marketdata.state.candles import DAY, MINUTE, MissedTrades
from marketdata.state.candlestore import CandleStore
from marketdata.venues.btcturk import answers, bar_answers, endpoints
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.intake import FULL_REPLAY
from marketdata.venues.btcturk.notes import FetchedTrades, Notes
from marketdata.venues.btcturk.subscriptions import Followed

log = logging.getLogger(__name__)

DAYS_ASKED = 400
HOPELESS_FACTOR = 10
"""A call that the venue refuses, or answers in an unreadable way, is made again after so many times the usual pause."""
SILENT_SECONDS = 90.0


@dataclass(frozen=True)
class HistoryTimings:
    """The times of the history, in seconds.

    round: between two looks for missing bars.
    minutes: before the minutes of the same pair are fetched again.
    days: before the days of the same pair are fetched again.
    failed: before a call that failed is made again.
    """

    round: float = 5.0
    minutes: float = 60.0
    days: float = 1_800.0
    failed: float = 30.0


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

    loop: makes one call after the other.
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
        self._again_at: dict[tuple[str, str], float] = {}
        self._missed: queue.SimpleQueue[tuple[str, MissedTrades]] = queue.SimpleQueue()
        self._todo: deque[tuple[str, str]] = deque()
        self.loop = Loop("btcturk-history", self.step, silent_after=SILENT_SECONDS)

    def missed(self, pair: str, missed: MissedTrades) -> None:
        """Has missed trades of a pair fetched, once. Any thread may call this."""
        self._missed.put((pair, missed))

    def step(self) -> float:
        """Makes the next call that is due. Returns the seconds to pause."""
        if not self._missed.empty():
            self._try("trades", *self._missed.get_nowait())
            return 0.0
        if not self._todo:
            traded = self._followed.tradable()
            pairs = [pair for pair in self._followed.pairs if pair in traded]
            self._todo.extend((kind, pair) for pair in pairs for kind in ("days", "minutes"))
        while self._todo:
            kind, pair = self._todo.popleft()
            if self._due(kind, pair):
                self._try(kind, pair, None)
                return 0.0
        return self._timings.round

    def _due(self, kind: str, pair: str) -> bool:
        if self._clock.monotonic() < self._again_at.get((pair, kind), float("-inf")):
            return False
        return kind == "days" or self._candles.wanted_since(self._followed.symbol(pair)) is not None

    def _try(self, kind: str, pair: str, missed: MissedTrades | None) -> None:
        again = self._timings.days if kind == "days" else self._timings.minutes
        try:
            if missed is not None:
                self._ask_trades(pair, missed)
            elif kind == "days":
                self._ask_days(pair)
            else:
                self._ask_minutes(pair)
            self._counters.backfills[kind] += 1
        except (RestError, UnusableAnswer) as error:
            self._counters.backfill_failures[kind] += 1
            again = self._pause_after(error)
            log.warning("the past could not be fetched", extra={"pair": pair, "kind": kind, "reason": str(error)})
        self._again_at[pair, kind] = self._clock.monotonic() + again

    def _pause_after(self, error: RestError | UnusableAnswer) -> float:
        if isinstance(error, NoBudget):
            return max(self._timings.failed, error.seconds)
        retryable = isinstance(error, RestError) and error.retryable
        return self._timings.failed * (1 if retryable else HOPELESS_FACTOR)

    def _ask_days(self, pair: str) -> None:
        asked_at = self._clock.unix()
        params = {"pair": pair, "from": str(int(asked_at) - DAYS_ASKED * DAY), "to": str(int(asked_at))}
        answer = self._clients.charts.get("ohlcs", endpoints.DAYS_PATH, params).body
        bars = bar_answers.days(answer, self._followed.tick(pair))
        self._counters.leave_out(bars.left_out)
        self._candles.merge_days(self._followed.symbol(pair), bars.rows, asked_at=asked_at)

    def _ask_minutes(self, pair: str) -> None:
        symbol, asked_at = self._followed.symbol(pair), self._clock.unix()
        since = self._candles.wanted_since(symbol)
        if since is None:
            return
        start = int(since) // MINUTE * MINUTE
        params = {"symbol": pair, "resolution": "1", "from": str(start), "to": str(int(asked_at))}
        answer = self._clients.charts.get("klines", endpoints.MINUTES_PATH, params).body
        bars = bar_answers.minutes(answer, self._followed.tick(pair))
        self._counters.leave_out(bars.left_out)
        self._candles.merge_minutes(symbol, bars.rows, since=start, asked_at=asked_at)

    def _ask_trades(self, pair: str, missed: MissedTrades) -> None:
        params = {"pairSymbol": pair, "last": str(FULL_REPLAY)}
        answer = self._clients.api.get("trades", endpoints.TRADES_PATH, params).body
        fetched, left_out = answers.trades(pair, answer, self._followed.tick(pair))
        self._counters.leave_out(left_out)
        self._notes.put(FetchedTrades(fetched, missed))
