"""Asks now and then for what the socket tells late or not at all: each pair's daily figures, and the venue's clock."""

from __future__ import annotations

import logging
from collections.abc import Callable

from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.intake import Figures, Notes
from marketdata.rest.replies import RestError
from marketdata.counters import Tally
from marketdata.venues.btcturk import answers
from marketdata.venues.btcturk.answers import UnusableAnswer

log = logging.getLogger(__name__)

EVERY_SECONDS, FAILED_SECONDS = 1_800.0, 60.0
GREAT_OFFSET_SECONDS = 2.0


class Present:
    """Called by one thread, again and again. `clock` is monotonic, `wall_clock` gives unix seconds. The figures go to
    the feed's worker by `notes`; how far the venue's clock is ahead of ours goes to the tally."""

    def __init__(
        self,
        *,
        api: Rest,
        notes: Notes,
        tally: Tally,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._api, self._notes, self._tally = api, notes, tally
        self._clock, self._wall_clock = clock, wall_clock
        self._again_at = float("-inf")

    def step(self) -> None:
        """Asks if it is time to."""
        if self._clock() < self._again_at:
            return
        asked = (self._try("figures", self._ask_figures), self._try("clock", self._ask_clock))
        self._again_at = self._clock() + (EVERY_SECONDS if all(asked) else FAILED_SECONDS)

    def _try(self, what: str, ask: Callable[[], None]) -> bool:
        try:
            ask()
        except (RestError, UnusableAnswer) as error:
            self._tally.backfill_failures[what] += 1
            log.warning("the venue does not tell", extra={"what": what, "reason": str(error)})
            return False
        self._tally.backfills[what] += 1
        return True

    def _ask_figures(self) -> None:
        self._notes.put(Figures(answers.tickers(self._api.get("ticker", answers.TICKER_PATH).body)))

    def _ask_clock(self) -> None:
        """The venue read its clock somewhere between our asking and its answer: the middle is the best guess."""
        before = self._wall_clock()
        told = answers.server_time(self._api.get("time", answers.TIME_PATH).body)
        offset = told - (before + self._wall_clock()) / 2
        self._tally.clock_offset_seconds = offset
        if abs(offset) > GREAT_OFFSET_SECONDS:
            log.warning("the venue's clock and ours differ", extra={"offset_seconds": round(offset, 3)})
