"""What one symbol's ticks are worth: which are news, which are late, and how trades without an id are told apart. Pure.

The feed has no trade ids and no sequence. A trade is named after its second and its place among that second's trades,
in the order of arrival; so trades of one second stay in order, and a name is never given twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from marketdata.events import VenueTrade

MOST_SECONDS = 256  # more than trades are held, so that no held trade's name is given again
AHEAD = timedelta(seconds=60)
LATE = timedelta(minutes=10)
LATE_IN_A_ROW = 5


class Named(NamedTuple):
    """A trade with its name, and whether it equals one before in all that is told of it."""

    trade: VenueTrade
    equal: bool


class TradeNames:
    """Names for one symbol's trades."""

    def __init__(self) -> None:
        self._seconds: dict[int, tuple[int, set[str]]] = {}

    def name(self, trade: VenueTrade) -> Named:
        """The trade under its name. Of two that are equal nothing tells whether one was told twice: both count."""
        second = int(trade.venue_time.timestamp())
        count, known = self._seconds.get(second, (0, set()))
        equal = trade.trade_id in known
        known.add(trade.trade_id)
        self._seconds[second] = (count + 1, known)
        if len(self._seconds) > MOST_SECONDS:
            del self._seconds[min(self._seconds)]
        return Named(msgspec.structs.replace(trade, trade_id=f"{second}-{count + 1:06d}"), equal)


class Order:
    """Whether a tick is newer than what is known of its symbol."""

    def __init__(self) -> None:
        self.newest: datetime | None = None

    def set_aside(self, venue_time: datetime, received: datetime) -> str | None:
        """Why the tick must not touch the last price, or None: it is older than one before, or from the future, which
        would make every later one look old."""
        if venue_time > received + AHEAD:
            return "from_future"
        if self.newest is not None and venue_time < self.newest:
            return "older"
        self.newest = venue_time
        return None


class Delay:
    """Whether the feed is minutes old by contract. Only ticks that move a symbol's time on are evidence: the first of
    a socket may repeat an old trade. The first evidence decides; later it takes `LATE_IN_A_ROW` to change the mind."""

    def __init__(self) -> None:
        self.delayed: bool | None = None
        self._against = 0

    def hear(self, venue_time: datetime, received: datetime) -> bool:
        """Takes evidence in; whether it changed the mind."""
        late = received - venue_time > LATE
        if late == self.delayed:
            self._against = 0
            return False
        self._against += 1
        if self.delayed is not None and self._against < LATE_IN_A_ROW:
            return False
        changed = late != bool(self.delayed)
        self.delayed, self._against = late, 0
        return changed
