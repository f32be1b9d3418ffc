"""Fetches the past: daily and minute bars, at start and whenever some are missing, and trades that were missed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.intake import FULL_REPLAY, Found, Notes
from marketdata.venues.btcturk.ticker_loader import Present
from marketdata.rest.replies import NoBudget, RestError
from marketdata.state.candles import DAY, MINUTE, Missed
from marketdata.state.candlestore import CandleStore
from marketdata.counters import Tally
from marketdata.venues import btcturk, btcturk_rest
from marketdata.venues.btcturk.answers import UnusableAnswer

log = logging.getLogger(__name__)

DAYS_ASKED = 400
HOPELESS_FACTOR = 10
"""What the venue refuses, or answers in a way that can't be read, is asked for that much less often."""


@dataclass(frozen=True)
class Pace:
    """Seconds: between rounds, before the same minutes or days are asked for again, and after a failure."""

    round: float = 5.0
    minutes: float = 60.0
    days: float = 1_800.0
    failed: float = 30.0


class History:
    """One thread that asks for bars until none is missing; the budget of `charts` and `api` makes it wait. `clock`
    is monotonic, `wall_clock` gives unix seconds. Trades that it finds go to the feed's worker by `notes`."""

    def __init__(
        self,
        pairs: Sequence[str],
        *,
        candles: CandleStore,
        charts: Rest,
        api: Rest,
        notes: Notes,
        tally: Tally,
        tradable: Callable[[], Collection[str]],
        present: Present,
        pace: Pace,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._symbols = {pair: f"{btcturk.SOURCE}:{pair}" for pair in pairs}
        self._candles, self._charts, self._api, self._notes = candles, charts, api, notes
        self._tally, self._tradable, self._present, self._pace = tally, tradable, present, pace
        self._clock, self._wall_clock = clock, wall_clock
        self._again_at: dict[tuple[str, str], float] = {}
        self._missed: queue.SimpleQueue[tuple[str, Missed]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, at the latest when the call under way ends."""
        self._stop.set()

    def missed(self, pair: str, missed: Missed) -> None:
        """Trades of a pair were missed: they are asked for once. Any thread may call this."""
        self._missed.put((pair, missed))

    def step(self) -> None:
        """Asks for all that is missing and due."""
        self._present.step()
        while not self._missed.empty():
            self._try("trades", *self._missed.get_nowait())
        for pair in [pair for pair in self._symbols if pair in self._tradable()]:
            if self._stop.is_set():
                return
            if self._due(pair, "days"):
                self._try("days", pair, None)
            if self._candles.wanted_since(self._symbols[pair]) is not None and self._due(pair, "minutes"):
                self._try("minutes", pair, None)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except Exception:
                self._tally.failures["history"] += 1
                log.exception("fetching the past failed unexpectedly")
            self._stop.wait(self._pace.round)

    def _due(self, pair: str, what: str) -> bool:
        return self._clock() >= self._again_at.get((pair, what), float("-inf"))

    def _try(self, what: str, pair: str, missed: Missed | None) -> None:
        again = self._pace.days if what == "days" else self._pace.minutes
        try:
            if missed is not None:
                self._ask_trades(pair, missed)
            elif what == "days":
                self._ask_days(pair)
            else:
                self._ask_minutes(pair)
            self._tally.backfills[what] += 1
        except (RestError, UnusableAnswer) as error:
            self._tally.backfill_failures[what] += 1
            again = self._pause_after(error)
            log.warning("the past could not be fetched", extra={"pair": pair, "what": what, "reason": str(error)})
        self._again_at[pair, what] = self._clock() + again

    def _pause_after(self, error: RestError | UnusableAnswer) -> float:
        if isinstance(error, NoBudget):
            return max(self._pace.failed, error.seconds)
        retryable = isinstance(error, RestError) and error.retryable
        return self._pace.failed * (1 if retryable else HOPELESS_FACTOR)

    def _ask_days(self, pair: str) -> None:
        asked_at = self._wall_clock()
        params = {"pair": pair, "from": str(int(asked_at) - DAYS_ASKED * DAY), "to": str(int(asked_at))}
        bars = answers.days(self._charts.get("ohlcs", answers.DAYS_PATH, params).body)
        self._candles.merge_days(self._symbols[pair], bars, asked_at=asked_at)

    def _ask_minutes(self, pair: str) -> None:
        symbol, asked_at = self._symbols[pair], self._wall_clock()
        since = self._candles.wanted_since(symbol)
        if since is None:
            return
        start = int(since) // MINUTE * MINUTE
        params = {"symbol": pair, "resolution": "1", "from": str(start), "to": str(int(asked_at))}
        bars = answers.minutes(self._charts.get("klines", answers.MINUTES_PATH, params).body)
        self._candles.merge_minutes(symbol, bars, since=start, asked_at=asked_at)

    def _ask_trades(self, pair: str, missed: Missed) -> None:
        params = {"pairSymbol": pair, "last": str(FULL_REPLAY)}
        found = answers.trades(pair, self._api.get("trades", answers.TRADES_PATH, params).body)
        self._notes.put(Found(found, missed))
