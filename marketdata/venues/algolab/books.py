"""The row books of all shares: their rows settle, are published, and are held against other streams."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal

from common.wire import Phase
from marketdata.events import BookRow, Top
from marketdata.state.rowbook import RowFault, SettledRows
from marketdata.state.store import Store
from marketdata.state.witness import Verdict
from marketdata.venues.algolab.answers import EquityInfo
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.share import AUCTIONS, Share

FIRST_ROWS_SECONDS = 10.0
"""Rows that did not come so long after a socket opened are asked for again."""
ALL_AGAIN_SECONDS = 60.0

log = logging.getLogger(__name__)

WITNESSES = ("tick", "trade", "trades without rows", "rest")
"""The witnesses that may contradict a book: a tick's best prices, the price of its trade, trades while no row comes,
and the broker's REST answers."""


class ShareBooks:
    """The books of the shares that are followed by rows. Only the worker's thread may call it.

    Times called `at` are monotonic seconds, `received` unix seconds.

    phase: the exchange's phase.
    """

    def __init__(self, shares: Mapping[str, Share], store: Store, counters: AlgolabCounters) -> None:
        self.phase: Phase = "closed"
        self._shares, self._store, self._counters = shares, store, counters
        self._unsettled: set[str] = set()
        self._all_doubted = False
        self._all_asked_at = float("-inf")

    def begin(self, at: float) -> None:
        """Notes that a socket has opened: every book is missing from now on."""
        for share in self._shares.values():
            if share.rows is not None:
                share.lost_at = at + FIRST_ROWS_SECONDS

    def clear(self) -> None:
        """Forgets the rows that wait to be judged: their socket is gone."""
        self._unsettled.clear()
        self._all_doubted = False

    def spoil(self, share: Share | None, at: float, received: float) -> None:
        """Notes that a row came that can't be read. The book of its share is lost; where that can't be told, all rows
        are asked for again, and stand meanwhile."""
        if share is None:
            self._all_doubted = True
        elif share.rows is not None:
            self._publish(share, share.rows.spoil(at), at, received)
            share.lost_at = at if share.lost_at is None else min(share.lost_at, at)

    def forget(self, pair: str) -> None:
        """Forgets the rows of one share that wait to be judged: it is followed no longer."""
        self._unsettled.discard(pair)

    def apply_row(self, share: Share, row: BookRow, at: float, received: float) -> None:
        """Applies one row."""
        if share.rows is not None:
            share.row_time, share.row_at = row.venue_time or share.row_time, at
            share.see_trades()
            self._publish(share, share.rows.apply(row, at), at, received)
            self._unsettled.add(share.pair)

    def settle(self, at: float, received: float) -> bool:
        """Judges the rows that wait, at a time `at` up to which every frame was read.

        Returns true when any still wait.
        """
        for pair in tuple(self._unsettled):
            share = self._shares[pair]
            if share.rows is not None:
                self._publish(share, share.rows.settle(at), at, received)
                if not share.rows.unsettled:
                    self._unsettled.discard(pair)
        return bool(self._unsettled)

    def judge_again(self, share: Share, at: float) -> None:
        """Has a book's rows judged again: the rules for their prices have changed."""
        if share.rows is not None:
            share.rows.doubt(at)
            self._unsettled.add(share.pair)

    def follow_phase(self, share: Share, at: float, received: float) -> None:
        """Allows bids above asks while an auction collects orders, and forbids them otherwise."""
        if share.rows is not None:
            crossing = share.phase(self.phase) in AUCTIONS
            self._publish(share, share.rows.allow_crossing(crossing, at), at, received)
            if share.rows.unsettled:
                self._unsettled.add(share.pair)

    def hear_top(self, share: Share, best: Top, at: float, received: float) -> None:
        """Holds the best prices of a tick against a share's book."""
        if share.rows is None:
            return
        if best.bid is None:
            share.rows.empty("buy", at)
        if best.ask is None:
            share.rows.empty("sell", at)
        if share.rows.unsettled:
            self._unsettled.add(share.pair)
        self._hear(share, "tick", lambda: share.witness.hear_top(best, at), at, received)

    def hear_trade(self, share: Share, price: Decimal, at: float, received: float) -> None:
        """Holds a trade against a share's book: its price, and that it changed a row."""
        self._hear(share, "trade", lambda: share.hear_trade(price, at), at, received)

    def hear_answer(self, share: Share, info: EquityInfo, asked: float, received: float) -> None:
        """Holds the best prices of a REST answer against a share's book; `asked` is when the broker was asked.

        An answer that agrees ends a doubt, and proves nothing: it has no quantities, and the feed may be dead.
        """
        if share.rows is None or not share.rows.live or share.phase(self.phase) != "continuous":
            return
        self._follow(share, "rest", share.hear_answer(info, asked), asked, received, proves=False)

    def faults(self) -> list[str]:
        """Returns the books that are not live, each with its fault."""
        return [
            f"{share.symbol} ({share.rows.fault})"
            for share in tuple(self._shares.values())  # the worker may change them meanwhile
            if share.rows is not None and not share.rows.live
        ]

    def most_lost(self, at: float, seconds: float) -> str | None:
        """Returns the fault of a book when most of the books have made no sense for so long; else None."""
        books = [share for share in self._shares.values() if share.rows is not None]
        lost = [share for share in books if share.began and share.lost_at is not None and at - share.lost_at > seconds]
        if 2 * len(lost) <= len(books) or not lost or lost[0].rows is None:
            return None
        return lost[0].rows.fault or "unsettled"

    def ask_again(self, at: float) -> list[tuple[str, str]]:
        """Returns the shares whose rows are to be asked for again now, each with the reason."""
        followed = [share for share in self._shares.values() if share.rows is not None]
        if self._all_doubted and at - self._all_asked_at >= ALL_AGAIN_SECONDS:
            self._all_doubted, self._all_asked_at = False, at
            return [(share.pair, "unreadable") for share in followed]
        asked = [share for share in followed if share.ask_again(at)]
        found = [(share.pair, (share.rows and share.rows.fault) or "contradicted") for share in asked]
        for share in asked:
            if share.rows is not None and share.rows.spoilt:
                share.rows.clear()
        return found

    def _publish(self, share: Share, outcome: SettledRows | RowFault | None, at: float, received: float) -> None:
        if isinstance(outcome, SettledRows):
            share.lost_at, share.began = None, True
            share.published(outcome.sides, at)
            self._store.apply_rows(share.symbol, outcome.sides, received, outcome.venue_time)
            self._store.prove_book(share.symbol, share.row_at)
        elif isinstance(outcome, RowFault):
            share.lost_at = at
            share.witness.clear()
            self._counters.books_lost[outcome.fault] += 1
            self._store.lose(share.symbol, outcome.fault, received)
            log.warning("a book is lost", extra={"symbol": share.symbol, "reason": outcome.fault})

    def _hear(self, share: Share, name: str, judge: Callable[[], Verdict], at: float, received: float) -> None:
        """Proves or doubts a book by what a witness says. While an auction collects orders nothing is compared."""
        if share.rows is None or not share.rows.live:
            return
        if share.phase(self.phase) != "continuous":
            share.witness.settle()
            share.see_trades()
            return
        self._follow(share, name, judge(), at, received)

    def _follow(
        self, share: Share, name: str, verdict: Verdict, at: float, received: float, *, proves: bool = True
    ) -> None:
        if share.rows_are_stuck:
            self._contradicted(share, "trades without rows", at, received)
        elif verdict == "agrees":
            share.doubted_at = None
            if proves:
                self._store.prove_book(share.symbol, at)
            self._store.doubt(share.symbol, "", received)
        elif verdict == "contradicts":
            self._contradicted(share, name, at, received)

    def _contradicted(self, share: Share, name: str, at: float, received: float) -> None:
        if share.doubted_at is None:
            share.doubted_at = at
            self._counters.contradictions[name] += 1
            self._store.doubt(share.symbol, f"contradicted by its {name}", received)
            log.warning("a book is contradicted", extra={"symbol": share.symbol, "witness": name})
