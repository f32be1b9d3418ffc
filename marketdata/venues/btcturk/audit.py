"""Compares our books with the venue's own REST books now and then; a difference that stays is a book gone wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from decimal import Decimal

from common import wire
from marketdata.venues.btcturk.endpoints import Rest
from marketdata.venues.btcturk.intake import Doubt, Notes
from marketdata.rest.replies import RestError
from marketdata.state.book import Sides
from marketdata.counters import Tally
from marketdata.venues.btcturk import answers
from marketdata.venues.btcturk.answers import UnusableAnswer

log = logging.getLogger(__name__)

DEPTH = 20
RECHECK_SECONDS = 5.0
"""Far more than the venue's two books are apart: it conflates the socket's by 0.8 s and REST was up to 1.7 s old."""

Differences = dict[tuple[wire.Side, Decimal], tuple[Decimal | None, Decimal | None]]
"""Side and price to our quantity and theirs, None for no such level."""


def differences(ours: Sides, theirs: Sides) -> Differences:
    """Where two books disagree within the best `DEPTH` levels of both. A side that shows as many may go on behind them,
    so nothing is said beyond the nearer of the two ends."""
    found: Differences = {}
    sides: tuple[tuple[wire.Side, int], ...] = (("buy", -1), ("sell", +1))
    for (side, sign), our_levels, their_levels in zip(sides, ours, theirs, strict=True):
        ends = [levels[DEPTH - 1].price * sign for levels in (our_levels, their_levels) if len(levels) >= DEPTH]
        mine, yours = ({level.price: level.quantity for level in levels} for levels in (our_levels, their_levels))
        for price in mine.keys() | yours.keys():
            if mine.get(price) != yours.get(price) and all(price * sign <= end for end in ends):
                found[side, price] = (mine.get(price), yours.get(price))
    return found


class Audit:
    """One thread that looks at each pair every `every` seconds. `book` gives the best `DEPTH` levels that are published
    of a pair, or None while they are stale. Found out, a book is reported by `notes` and counted."""

    def __init__(
        self,
        *,
        pairs: Callable[[], Collection[str]],
        book: Callable[[str], Sides | None],
        api: Rest,
        notes: Notes,
        tally: Tally,
        every: float,
        recheck: float = RECHECK_SECONDS,
    ) -> None:
        self._pairs, self._book, self._api, self._notes, self._tally = pairs, book, api, notes, tally
        self._every, self._recheck = every, recheck
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="book-audit", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, at the latest when the call under way ends."""
        self._stop.set()

    def check(self, pair: str) -> bool:
        """Compares a pair's book, and once more if need be; whether it is wrong. Raises `RestError` or
        `UnusableAnswer` when the venue does not tell."""
        first = self._compare(pair)
        if not first or self._stop.wait(self._recheck):
            return False
        second = self._compare(pair)
        lasting = [where for where, quantities in first.items() if second.get(where) == quantities]
        if lasting:
            self._tally.audit_mismatches += 1
            self._notes.put(Doubt(pair, "audit"))
            log.error("a book differs from the venue's own", extra={"pair": pair, "levels": str(lasting[:5])})
        return bool(lasting)

    def _compare(self, pair: str) -> Differences:
        ours = self._book(pair)
        if ours is None:
            return {}
        params = {"pairSymbol": pair, "limit": str(DEPTH)}
        reply = self._api.get("orderbook", answers.ORDER_BOOK_PATH, params)
        bids, asks = answers.order_book(reply.body)
        self._tally.audits += 1
        return differences(ours, (bids[:DEPTH], asks[:DEPTH]))

    def _run(self) -> None:
        while not self._stop.is_set():
            pairs = sorted(self._pairs())
            for pair in pairs:
                if self._stop.wait(self._every / len(pairs)):
                    return
                try:
                    self.check(pair)
                except (RestError, UnusableAnswer) as error:
                    log.warning("a book could not be audited", extra={"pair": pair, "reason": str(error)})
                except Exception:
                    self._tally.failures["audit"] += 1
                    log.exception("auditing a book failed unexpectedly")
            if not pairs and self._stop.wait(self._every):
                return
