"""Books of venues without sequence numbers: one kept row by row, and one that knows only the best prices. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from common.wire import Level, Side
from marketdata.state.book import Sides, Top
from marketdata.events import BookRow, Ticker

MOST_ROWS = 10

SETTLE_SECONDS, GRACE_SECONDS, FIRST_SECONDS = 0.02, 1.0, 0.2

FAULTS = ("incomplete", "row_missing", "unsorted", "crossed", "off_tick", "outside_limits", "unsettled", "contradicted")
"""Why rows are withheld. `incomplete`: nothing was heard of a side. `unsettled`: rows came without a pause.
`contradicted`: the venue itself says otherwise elsewhere."""

Check = Callable[[Decimal], str | None]
"""One of `FAULTS` that a price is guilty of, or None."""


class Shown(NamedTuple):
    """Levels that may be published, with the venue's time of the latest row in them."""

    sides: Sides
    venue_time: datetime


class Lost(NamedTuple):
    """The levels published before are right no longer, and the rows that came since make no sense."""

    fault: str


class Rows:
    """What one book's rows say, as they come one at a time, and which of it may be published.

    A change of a book is a burst of rows, and nothing marks its end. So rows are judged when nothing came for
    `SETTLE_SECONDS`, or when a side's rows begin anew. What makes no sense then is withheld: the levels published last
    stand for at most `GRACE_SECONDS`, and then they are lost. A book that begins is given `FIRST_SECONDS` to come
    whole: nothing tells how many rows it has. A row that is lost on the way may leave a book that makes sense: only
    another source can show that, see `refuse`. Times are seconds of the monotonic clock.
    """

    def __init__(self, check: Check = lambda _price: None) -> None:
        self.live = False
        self.fault: str | None = "incomplete"
        self._check = check
        self._crossing = False
        self._refused: str | None = None
        self._rows: dict[Side, dict[int, Level]] = {"buy": {}, "sell": {}}
        self._heard: set[Side] = set()
        self._latest_row: dict[Side, int] = {}
        self._venue_time: datetime | None = None
        self._began_at: float | None = None
        self._changed_at = 0.0
        self._differs_since: float | None = None

    @property
    def unsettled(self) -> bool:
        """Whether rows wait to be judged, or to be lost."""
        return self._differs_since is not None

    def clear(self) -> None:
        """The socket is gone, and with it all that was known: rows that changed meanwhile would never be told."""
        for rows in self._rows.values():
            rows.clear()
        self._heard.clear()
        self._latest_row.clear()
        self.live, self.fault = False, "incomplete"
        self._began_at = self._differs_since = self._refused = None

    def take(self, row: BookRow, at: float) -> Shown | None:
        """Replaces one row, a quantity of 0 empties it; gives what may be published of the burst that ended before."""
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
        """The venue says that a side has no quote; news only where none of its rows was ever heard of."""
        if side not in self._heard:
            self._heard.add(side)
            self._differ(at)

    def doubt(self, at: float) -> None:
        """What prices are checked against has changed: the rows are judged again."""
        self._differ(at)

    def refuse(self, fault: str) -> Lost:
        """The rows are known to be wrong, though they make sense: nothing is shown of them before `clear`."""
        self._refused = fault
        self.live, self.fault = False, fault
        return Lost(fault)

    def allow_crossing(self, allowed: bool, at: float) -> Lost | None:
        """Whether an auction collects orders now, so that bids may stand above asks."""
        if allowed == self._crossing:
            return None
        self._crossing = allowed
        self._differ(at)
        if self.live and not allowed and self._judge() == "crossed":
            self.live, self.fault = False, "crossed"
            return Lost("crossed")
        return None

    def settle(self, at: float) -> Shown | Lost | None:
        """What `at` makes of the rows: levels to publish, the loss of those published, or nothing new."""
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
            return Lost(self.fault or "unsettled")
        return None

    def _differ(self, at: float) -> None:
        if self._differs_since is None:
            self._differs_since = at

    def _publishable(self, at: float) -> Shown | None:
        self.fault = self._judge()
        if self.fault is not None or self._venue_time is None or self._began_at is None:
            return None
        if not self.live and at - self._began_at < FIRST_SECONDS:
            return None
        self.live, self._differs_since = True, None
        bids, asks = (tuple(rows[row] for row in range(len(rows))) for rows in self._rows.values())
        return Shown((bids, asks), self._venue_time)

    def _judge(self) -> str | None:
        if self._refused is not None:
            return self._refused
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


class RowBook:
    """The levels that `Rows` found fit to publish. Once lost they stay, unproved, until others come."""

    def __init__(self) -> None:
        self.live = False
        self._sides: Sides = ((), ())

    def lose(self) -> None:
        """Nothing vouches for the levels any more."""
        self.live = False

    def show(self, sides: Sides) -> None:
        """Replaces both sides."""
        self._sides, self.live = sides, True

    def top(self) -> Top:
        """The best of both sides."""
        bid, ask = (side[0] if side else None for side in self._sides)
        return Top(
            bid.price if bid else None,
            bid.quantity if bid else None,
            ask.price if ask else None,
            ask.quantity if ask else None,
        )

    def levels(self, depth: int) -> Sides:
        """The best `depth` bids and asks."""
        bids, asks = self._sides
        return bids[:depth], asks[:depth]


class TopBook:
    """The best prices of a ticker, for whoever has no contract for depth."""

    def __init__(self) -> None:
        self.live = False
        self._top = Top()

    def lose(self) -> None:
        """The socket is gone: the prices stay, unproved."""
        self.live = False

    def take(self, ticker: Ticker) -> None:
        """A ticker replaces both prices."""
        self._top, self.live = Top(bid=ticker.bid, ask=ticker.ask), True

    def top(self) -> Top:
        """Best prices; their quantities are not told."""
        return self._top

    def levels(self, depth: int) -> Sides:  # noqa: ARG002 - asked like every other kind of book
        """Nothing: a price without a quantity is no level."""
        return (), ()


def _strictly_falling(prices: list[Decimal]) -> bool:
    return all(one > other for one, other in pairwise(prices))
