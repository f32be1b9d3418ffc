"""Judges one symbol's ticks: it names trades that have no id, finds late ticks, and measures the feed's delay. Pure.

The feed has no trade ids and no sequence. A trade is named after its second and its place among that second's trades,
in the order of arrival; so trades of one second stay in order, and a name is never given twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from marketdata.events import Equilibrium, Event, Ticker, Trades, VenueTrade

MOST_SECONDS = 256  # more than trades are held, so that no held trade's name is given again
AHEAD = timedelta(seconds=60)
LATE = timedelta(minutes=10)
LATE_IN_A_ROW = 5


def time_of(events: Iterable[Event]) -> datetime | None:
    """Returns the venue's time of the events of one tick; None where it can't be read."""
    for event in events:
        if isinstance(event, Ticker | Equilibrium):
            return event.venue_time
        if isinstance(event, Trades):
            return event.trades[0].venue_time
    return None


class NumberedTrade(NamedTuple):
    """A trade with its name.

    trade: the trade; its id is the name.
    equal: true when it equals one before in second, price, quantity and side.
    """

    trade: VenueTrade
    equal: bool


class TradeNames:
    """Gives one symbol's trades their names."""

    def __init__(self) -> None:
        self._seconds: dict[int, tuple[int, set[str]]] = {}

    def go_on(self, names: Iterable[str]) -> None:
        """Notes the names that an earlier start gave: none of them is given again."""
        for name in names:
            second, _, count = name.partition("-")
            if second.isdecimal() and count.isdecimal():
                before, known = self._seconds.get(int(second), (0, set()))
                self._seconds[int(second)] = (max(before, int(count)), known)

    def name(self, trade: VenueTrade) -> NumberedTrade:
        """Returns the trade with its name.

        Two equal trades may be one that the broker sent twice. Nothing shows it, so both count.
        """
        second = int(trade.venue_time.timestamp())
        count, known = self._seconds.get(second, (0, set()))
        equal = trade.trade_id in known
        known.add(trade.trade_id)
        self._seconds[second] = (count + 1, known)
        if len(self._seconds) > MOST_SECONDS:
            del self._seconds[min(self._seconds)]
        return NumberedTrade(msgspec.structs.replace(trade, trade_id=f"{second}-{count + 1:06d}"), equal)


class ArrivalOrder:
    """Finds the ticks of one symbol that come out of order.

    newest: the venue's time of the newest tick; None before the first.
    """

    def __init__(self) -> None:
        self.newest: datetime | None = None

    def set_aside(self, venue_time: datetime, received: datetime) -> str | None:
        """Returns why the tick must not touch the last price, or None.

        It is older than one before, or it is from the future: then it would make every later one look old.
        """
        if venue_time > received + AHEAD:
            return "from_future"
        if self.newest is not None and venue_time < self.newest:
            return "older"
        self.newest = venue_time
        return None


class Delay:
    """Finds out if the feed is minutes old by contract.

    Only ticks that move a symbol's time on are evidence: the first of a socket may repeat an old trade. The first
    evidence decides; later it takes `LATE_IN_A_ROW` to change the verdict.

    delayed: the verdict; None before there is any evidence.
    """

    def __init__(self) -> None:
        self.delayed: bool | None = None
        self._against = self._ahead = 0

    def note(self, aside: str | None) -> None:
        """Notes why a tick was set aside, or None for one that was not."""
        self._ahead = self._ahead + 1 if aside == "from_future" else 0

    def trouble(self) -> str | None:
        """Returns why ticks can't be used now, or None."""
        return "ticks have times of the future: a clock is wrong" if self._ahead >= LATE_IN_A_ROW else None

    def observe(self, venue_time: datetime, received: datetime) -> bool:
        """Weighs one tick. Returns true when the verdict changed."""
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
