"""Fetches the facts that the socket sends late or never: each pair's daily figures, and the venue's clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from common.clock import Clock
from common.loop import Loop
from marketdata.counters import Counters
from marketdata.nets import SafetyNet
from marketdata.rest.replies import RestError, UnusableAnswer
from marketdata.venues.btcturk import answers, endpoints
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.notes import FetchedTickers, Notes
from marketdata.venues.btcturk.subscriptions import Followed

log = logging.getLogger(__name__)

EVERY_SECONDS, FAILED_SECONDS, CLOCK_SECONDS = 1_800.0, 60.0, 60.0
UNKNOWN_SECONDS = 0.1
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
        followed: Followed,
        *,
        counters: Counters,
        net: SafetyNet,
        clock: Clock,
    ) -> None:
        """`net` is told whether the figures came. An answer that leaves a pair out is asked for again soon: nothing
        follows from that. One pair's trouble is none of the net's."""
        self._api, self._notes, self._counters, self._clock = api, notes, counters, clock
        self._followed, self._net = followed, net
        self._tickers_due = clock.monotonic()
        self.loop = Loop("btcturk-tickers", self.step, silent_after=SILENT_SECONDS)

    def step(self) -> float:
        """Asks for the venue's clock, and for the figures when they are due. Returns the seconds to pause.

        Our clock may jump at any time, so that the venue's is asked for each minute. While no pair is known, whether an
        answer leaves one out can't be said: nothing is asked yet.
        """
        if not self._followed.tradable():
            return UNKNOWN_SECONDS
        self._try("clock", self._ask_clock)
        if self._clock.monotonic() >= self._tickers_due:
            pause = EVERY_SECONDS if self._try("tickers", self._ask_tickers) else FAILED_SECONDS
            self._tickers_due = self._clock.monotonic() + pause
        return CLOCK_SECONDS

    def _try(self, kind: str, ask: Callable[[], Sequence[str]]) -> bool:
        try:
            missing = ask()
        except (RestError, UnusableAnswer) as error:
            if kind == "tickers":
                self._net.failed(str(error))
            return self._failed(kind, str(error))
        if kind == "tickers":
            self._net.worked()
        if missing:
            return self._failed(kind, f"{kind} leave out {', '.join(missing[:MOST_TOLD])}")
        self._counters.backfills[kind] += 1
        return True

    def _failed(self, kind: str, reason: str) -> bool:
        self._counters.backfill_failures[kind] += 1
        log.warning("the venue gave no usable answer", extra={"kind": kind, "reason": reason})
        return False

    def _ask_tickers(self) -> Sequence[str]:
        """Returns the pairs that the answer leaves out."""
        found = answers.tickers(self._api.get("ticker", endpoints.TICKER_PATH).body, self._followed.tick)
        self._counters.leave_out(found.left_out)
        self._notes.put(FetchedTickers(found.rows))
        awaited = set(self._followed.tradable()) - set(self._followed.resting())
        return sorted(awaited - {ticker.pair for ticker in found.rows})

    def _ask_clock(self) -> Sequence[str]:
        """The venue reads its clock somewhere between our call and its answer: the middle is the best guess."""
        before = self._clock.unix()
        venue_time = answers.server_time(self._api.get("time", endpoints.TIME_PATH).body)
        offset = venue_time - (before + self._clock.unix()) / 2
        self._counters.clock_offset_seconds = offset
        if abs(offset) > GREAT_OFFSET_SECONDS:
            log.warning("the venue's clock and ours differ", extra={"offset_seconds": round(offset, 3)})
        return ()
