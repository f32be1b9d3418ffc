"""Books of venues without sequence numbers: one kept row by row, and one of the best prices alone. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from common.wire import Level, Side
from marketdata.events import BookRow, Ticker, Top
from marketdata.state.book import Sides

MOST_ROWS = 10

SETTLE_SECONDS, GRACE_SECONDS, FIRST_SECONDS = 0.02, 1.0, 0.2

FAULTS = ("incomplete", "row_missing", "unsorted", "crossed", "off_tick", "outside_limits", "unsettled", "unreadable")
"""The reasons why rows are withheld. incomplete: no row of a side came yet. unsettled: rows came without a pause.
unreadable: one came that can't be read."""

Check = Callable[[Decimal], str | None]
"""Returns the one of `FAULTS` that makes a price impossible, or None."""


class SettledRows(NamedTuple):
    """Levels that may be published.

    sides: bids and asks.
    venue_time: the venue's time of the latest row in them; None where it can't be read.
    """

    sides: Sides
    venue_time: datetime | None


class RowFault(NamedTuple):
    """The published levels are no longer right, and the rows that came since make no sense.

    fault: one of `FAULTS`.
    """

    fault: str


class Rows:
    """The rows of one book, as they come one at a time, and the levels of them that may be published.

    A change of a book is a burst of rows, and nothing marks its end. So rows are judged when none came for
    `SETTLE_SECONDS`, or when a side's rows begin anew. Rows that make no sense then are withheld. The levels published
    last stand for at most `GRACE_SECONDS` more; then they are lost. A new book gets `FIRST_SECONDS` to come whole, as
    nothing tells how many rows it has. A row that is lost on the way may leave a book that makes sense: only another
    source can show that. Times are seconds of the monotonic clock.

    live: true while levels are published that are not lost.
    fault: the reason why the present rows are withheld; None when they are not.
    spoilt: true once a row could not be read, until all rows are begun anew.
    """

    def __init__(self, check: Check = lambda _price: None) -> None:
        self.live = False
        self.fault: str | None = "incomplete"
        self._check = check
        self._crossing = False
        self._rows: dict[Side, dict[int, Level]] = {"buy": {}, "sell": {}}
        self._heard: set[Side] = set()
        self._latest_row: dict[Side, int] = {}
        self._venue_time: datetime | None = None
        self._began_at: float | None = None
        self._changed_at = 0.0
        self._differs_since: float | None = None
        self.spoilt = False

    @property
    def unsettled(self) -> bool:
        """True while rows wait to be judged, or to be lost."""
        return self._differs_since is not None

    def clear(self) -> None:
        """Forgets every row when the socket ends: the venue does not send again the rows that change meanwhile."""
        for rows in self._rows.values():
            rows.clear()
        self._heard.clear()
        self._latest_row.clear()
        self.live, self.fault, self.spoilt = False, "incomplete", False
        self._began_at = self._differs_since = None

    def spoil(self, at: float) -> RowFault | None:
        """Notes that a row came that can't be read: no row is known to be right until all come again, after `clear`.

        Returns the loss of the published levels.
        """
        was_live, self.live, self.spoilt, self.fault = self.live, False, True, "unreadable"
        self._differ(at)
        return RowFault("unreadable") if was_live else None

    def apply(self, row: BookRow, at: float) -> SettledRows | None:
        """Replaces one row. Returns the levels of the burst that ended before it, when they may be published."""
        ended = row.row <= self._latest_row.get(row.side, -1)
        shown = self._publishable(at) if ended and self.unsettled else None
        if ended:
            self._latest_row.clear()
        self._latest_row[row.side] = row.row
        self._heard.add(row.side)
        if row.quantity:
            self._rows[row.side][row.row] = Level(price=row.price, quantity=row.quantity)
        else:
            self._rows[row.side].pop(row.row, None)
        self._venue_time, self._changed_at = row.venue_time, at
        self._began_at = at if self._began_at is None else self._began_at
        self._differ(at)
        return shown

    def empty(self, side: Side, at: float) -> None:
        """Notes that a side has no quote. That is news only for a side of which no row ever came."""
        if side not in self._heard:
            self._heard.add(side)
            self._differ(at)

    def doubt(self, at: float) -> None:
        """Marks the rows to be judged again: the rules for their prices have changed."""
        self._differ(at)

    def allow_crossing(self, allowed: bool, at: float) -> RowFault | None:
        """Allows or forbids bids above asks. They stand so while an auction collects orders.

        Returns the loss that this brings.
        """
        if allowed == self._crossing:
            return None
        self._crossing = allowed
        self._differ(at)
        if self.live and not allowed and self._judge() == "crossed":
            self.live, self.fault = False, "crossed"
            return RowFault("crossed")
        return None

    def settle(self, at: float) -> SettledRows | RowFault | None:
        """Judges the rows at the time `at`. Returns levels to publish, the loss of the published ones, or None."""
        if self._differs_since is None:
            return None
        overdue = at - self._differs_since > GRACE_SECONDS
        if at - self._changed_at >= SETTLE_SECONDS:
            self._latest_row.clear()
            shown = self._publishable(at)
            if shown is not None:
                return shown
        elif overdue:
            self.fault = "unsettled"
        if overdue and self.live:
            self.live = False
            return RowFault(self.fault or "unsettled")
        return None

    def _differ(self, at: float) -> None:
        if self._differs_since is None:
            self._differs_since = at

    def _publishable(self, at: float) -> SettledRows | None:
        self.fault = self._judge()
        if self.fault is not None or self._began_at is None:
            return None
        if not self.live and at - self._began_at < FIRST_SECONDS:
            return None
        self.live, self._differs_since = True, None
        bids, asks = (tuple(rows[row] for row in range(len(rows))) for rows in self._rows.values())
        return SettledRows((bids, asks), self._venue_time)

    def _judge(self) -> str | None:
        if self.spoilt:
            return "unreadable"
        if len(self._heard) < len(self._rows):
            return "incomplete"
        for rows in self._rows.values():
            if any(row not in rows for row in range(len(rows))):
                return "row_missing"
        bids, asks = ([rows[row].price for row in range(len(rows))] for rows in self._rows.values())
        if not (_strictly_falling(bids) and _strictly_falling(asks[::-1])):
            return "unsorted"
        if bids and asks and bids[0] >= asks[0] and not self._crossing:
            return "crossed"
        return next((fault for price in (*bids, *asks) if (fault := self._check(price))), None)


class ShownBook:
    """Levels and best prices that were found fit to publish. Lost ones stay, marked as not live, until others come."""

    def __init__(self) -> None:
        self.live = False
        self._sides: Sides = ((), ())
        self._top = Top()

    def lose(self) -> None:
        """Marks the levels as no longer certain."""
        self.live = False

    def top(self) -> Top:
        """Returns the best of both sides."""
        return self._top

    def levels(self, depth: int) -> Sides:
        """Returns the best `depth` bids and asks."""
        bids, asks = self._sides
        return bids[:depth], asks[:depth]


class RowBook(ShownBook):
    """The levels that `Rows` found fit to publish."""

    def show(self, sides: Sides) -> None:
        """Replaces both sides."""
        best = [(side[0].price, side[0].quantity) if side else (None, None) for side in sides]
        self._sides, self._top, self.live = sides, Top(*best[0], *best[1]), True


class TopBook(ShownBook):
    """The best prices of a ticker, where there is no contract for depth. It has no levels: quantities are not known."""

    def apply(self, ticker: Ticker) -> None:
        """Replaces both prices by the ticker's. One that does not tell them changes nothing."""
        if ticker.best is not None:
            self._top, self.live = ticker.best, True


def _strictly_falling(prices: list[Decimal]) -> bool:
    return all(one > other for one, other in pairwise(prices))
