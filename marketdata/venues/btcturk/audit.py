"""Compares our order books with the venue's own REST books now and then. A difference that stays means a wrong book."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from common import wire
from common.loop import Loop
from marketdata.counters import Counters
from marketdata.nets import SafetyNet
from marketdata.numbers import same_quantity
from marketdata.rest.budget import SHARE
from marketdata.rest.replies import RestError, UnusableAnswer
from marketdata.state.book import Sides
from marketdata.venues.btcturk import answers, endpoints
from marketdata.venues.btcturk.endpoints import LIMITS, Rest
from marketdata.venues.btcturk.notes import Notes, RightBook, WrongBook

log = logging.getLogger(__name__)

DEPTH = 20
RECHECK_SECONDS = 5.0
"""Far more than the venue's two books are apart: it conflates the socket's by 0.8 s, and REST was up to 1.7 s old."""
PAUSE_SECONDS = 2 * LIMITS["orderbook"].seconds / (LIMITS["orderbook"].calls * SHARE)
"""At least between two audits: with ever so many books they use half of the budget of order books."""
SILENT_SECONDS = 60.0

Differences = dict[tuple[wire.Side, Decimal], tuple[Decimal | None, Decimal | None]]
"""Side and price to our quantity and the venue's; None for no such level."""


def differences(ours: Sides, theirs: Sides) -> Differences:
    """Returns the levels in which two books disagree, within the best `DEPTH` levels of both.

    A side of `DEPTH` levels may go on behind them. So nothing is compared beyond the nearer of the two ends.
    """
    found: Differences = {}
    sides: tuple[tuple[wire.Side, int], ...] = (("buy", -1), ("sell", +1))
    for (side, sign), our_levels, their_levels in zip(sides, ours, theirs, strict=True):
        ends = [levels[DEPTH - 1].price * sign for levels in (our_levels, their_levels) if len(levels) >= DEPTH]
        mine, yours = ({level.price: level.quantity for level in levels} for levels in (our_levels, their_levels))
        for price in mine.keys() | yours.keys():
            here, there = mine.get(price), yours.get(price)
            same = here is not None and there is not None and same_quantity(here, there)
            if not same and all(price * sign <= end for end in ends):
                found[side, price] = (here, there)
    return found


@dataclass(frozen=True)
class AuditTimings:
    """The times of the audit, in seconds.

    every: between two audits of one book.
    recheck: before a book with a difference is compared again.
    pause: at least between two calls, however many books there are.
    """

    every: float
    recheck: float = RECHECK_SECONDS
    pause: float = PAUSE_SECONDS


class Audit:
    """Compares one book after the other. A wrong book is counted, and the worker gets a note.

    loop: runs the comparisons.
    """

    def __init__(
        self,
        pairs: Callable[[], Mapping[str, wire.Instrument]],
        book: Callable[[str], Sides | None],
        *,
        api: Rest,
        notes: Notes,
        counters: Counters,
        net: SafetyNet,
        timings: AuditTimings,
    ) -> None:
        """`book` returns the best `DEPTH` levels that are published of a pair, or None while they are not whole. The
        `net` is told whether books could be compared."""
        self._pairs, self._book, self._api, self._notes, self._counters = pairs, book, api, notes, counters
        self._net, self._timings, self._todo = net, timings, deque[str]()
        self._suspect: tuple[str, Differences] | None = None
        self._wrong: set[str] = set()
        self.loop = Loop("btcturk-audit", self.step, silent_after=SILENT_SECONDS)

    def step(self) -> float:
        """Compares one book. Returns the seconds to pause."""
        pairs = self._pairs()
        if not pairs:
            return self._timings.every
        suspect, self._suspect = self._suspect, None
        if not self._todo:
            self._todo.extend(sorted(pairs))
        pair = suspect[0] if suspect else self._todo.popleft()
        try:
            found = self._compare(pair)
        except (RestError, UnusableAnswer) as error:
            self._net.failed(str(error))
            log.warning("a book could not be audited", extra={"pair": pair, "reason": str(error)})
        else:
            if suspect and found is not None:
                self._judge(pair, suspect[1], found)
            elif found:
                self._suspect = pair, found
                return max(self._timings.recheck, self._timings.pause)
            if found == {} and pair in self._wrong:
                self._wrong.remove(pair)
                self._notes.put(RightBook(pair))
        return max(self._timings.every / len(pairs), self._timings.pause)

    def _judge(self, pair: str, first: Differences, second: Differences) -> None:
        lasting = [where for where, quantities in first.items() if second.get(where) == quantities]
        if lasting:
            self._counters.audit_mismatches += 1
            self._wrong.add(pair)
            self._notes.put(WrongBook(pair, "audit"))
            log.error("a book differs from the venue's own", extra={"pair": pair, "levels": lasting[:5]})

    def _compare(self, pair: str) -> Differences | None:
        """Returns the differences; None while there is no book to compare."""
        ours = self._book(pair)
        if ours is None:
            return None
        params = {"pairSymbol": pair, "limit": str(DEPTH)}
        instrument = self._pairs().get(pair)
        tick = None if instrument is None else instrument.tick_size
        theirs = answers.order_book(self._api.get("orderbook", endpoints.ORDER_BOOK_PATH, params).body, tick)
        self._counters.leave_out(theirs.left_out)
        self._counters.audits += 1
        self._net.worked()
        bids, asks = theirs.sides
        found = differences(ours, (bids[:DEPTH], asks[:DEPTH]))
        if theirs.left_out:  # a level that can't be read is missing there and not wrong here
            return {where: quantities for where, quantities in found.items() if quantities[1] is not None}
        return found
