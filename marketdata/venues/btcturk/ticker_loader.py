"""Fetches the facts that the socket sends late or never: each pair's daily figures, and the venue's clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from common.clock import Clock
from common.loop import Loop
from marketdata.counters import Counters
from marketdata.rest.replies import RestError, UnusableAnswer
from marketdata.venues.btcturk import answers, endpoints
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.notes import FetchedTickers, Notes

log = logging.getLogger(__name__)

EVERY_SECONDS, FAILED_SECONDS = 1_800.0, 60.0
SILENT_SECONDS = 120.0
GREAT_OFFSET_SECONDS = 2.0
MOST_TOLD = 20


class TickerLoader:
    """Sends the daily figures to the worker by `notes`, and counts how far the venue's clock is ahead of ours.

    loop: asks again and again.
    """

    def __init__(
        self,
        api: Rest,
        notes: Notes,
        *,
        counters: Counters,
        clock: Clock,
        pairs: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`pairs` returns the pairs whose figures must be told. An answer without one of them is asked for again soon:
        the venue left it out, and nothing follows from that."""
        self._api, self._notes, self._counters, self._clock = api, notes, counters, clock
        self._pairs = pairs
        self.loop = Loop("btcturk-tickers", self.step, silent_after=SILENT_SECONDS)

    def step(self) -> float:
        """Asks once. Returns the seconds to pause."""
        asked = (self._try("tickers", self._ask_tickers), self._try("clock", self._ask_clock))
        return EVERY_SECONDS if all(asked) else FAILED_SECONDS

    def _try(self, kind: str, ask: Callable[[], None]) -> bool:
        try:
            ask()
        except (RestError, UnusableAnswer) as error:
            self._counters.backfill_failures[kind] += 1
            log.warning("the venue gave no usable answer", extra={"kind": kind, "reason": str(error)})
            return False
        self._counters.backfills[kind] += 1
        return True

    def _ask_tickers(self) -> None:
        found = answers.tickers(self._api.get("ticker", endpoints.TICKER_PATH).body)
        self._notes.put(FetchedTickers(found))
        missing = sorted(set(self._pairs()) - {ticker.pair for ticker in found})
        if missing:
            raise UnusableAnswer(f"ticker leaves {', '.join(missing[:MOST_TOLD])} out")

    def _ask_clock(self) -> None:
        """The venue reads its clock somewhere between our call and its answer: the middle is the best guess."""
        before = self._clock.unix()
        venue_time = answers.server_time(self._api.get("time", endpoints.TIME_PATH).body)
        offset = venue_time - (before + self._clock.unix()) / 2
        self._counters.clock_offset_seconds = offset
        if abs(offset) > GREAT_OFFSET_SECONDS:
            log.warning("the venue's clock and ours differ", extra={"offset_seconds": round(offset, 3)})
