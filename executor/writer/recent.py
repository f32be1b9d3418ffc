"""The account's recent orders in memory, counted within windows of a clock that nobody can set."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from common.wire import Order, Side
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.writer.journal import Journal
from executor.writer.open_orders import Place

RATE_SECONDS = 1.0


class _Seen(NamedTuple):
    """An order that was noted.

    at: when, in seconds of the monotonic clock.
    order_id: its id.
    """

    at: float
    order_id: str


class Asked(NamedTuple):
    """The fields in which two orders that ask for the same are alike.

    symbol, side, type, quantity, limit_price: of the order.
    """

    symbol: str
    side: Side
    type: str
    quantity: Decimal
    limit_price: Decimal | None

    @classmethod
    def of(cls, order: Order) -> Asked:
        """Returns the fields of an order."""
        return cls(order.symbol, order.side, order.type, order.quantity, order.limit_price)


@dataclass(frozen=True)
class Past:
    """The recent orders that the ledger has when a writer begins. Ages are in seconds.

    received: the age of each order of the last second.
    executed: the age of each order's first fill within the last minute, by symbol and side.
    asked: the age and the id of each order for which duplicates are looked for, oldest first, with what it asked for.
    remembered: the seconds that `asked` reaches back.
    """

    received: Iterable[float] = ()
    executed: Iterable[tuple[Place, float]] = ()
    asked: Iterable[tuple[Asked, float, str]] = ()
    remembered: float = 0.0


class RecentOrders:
    """Counts within windows that end at the moment given, in seconds of the monotonic clock.

    remembered: duplicates are known for so many seconds at the least.
    """

    def __init__(self, now: float, past: Past) -> None:
        self.remembered = past.remembered
        self._received = deque(sorted(now - age for age in past.received))
        self._executed: dict[Place, deque[float]] = {}
        for place, age in sorted(past.executed, key=lambda each: -each[1]):
            self._executed.setdefault(place, deque()).append(now - age)
        self._asked: dict[Asked, tuple[_Seen, _Seen | None]] = {}
        for asked, age, order_id in past.asked:
            self._see(Journal(), asked, _Seen(now - age, order_id))

    def orders(self, now: float) -> int:
        """Returns how many orders came within the last second."""
        return _count(self._received, now - RATE_SECONDS)

    def executions(self, symbol: str, side: Side, now: float) -> int:
        """Returns how many orders of the symbol and side were executed within a minute."""
        times = self._executed.get((symbol, side))
        return 0 if times is None else _count(times, now - EXECUTIONS_SECONDS)

    def twin(self, order: Order, seconds: float, now: float) -> str | None:
        """Returns the id of another order of the last `seconds` that asked for the same; None when there is none."""
        latest, before = self._asked.get(Asked.of(order), (None, None)) if seconds else (None, None)
        other = before if latest is not None and latest.order_id == order.order_id else latest
        if other is None or other.at < now - seconds:
            return None
        return other.order_id

    def note_order(self, journal: Journal, now: float) -> None:
        """Notes that an order came."""
        _append(journal, self._received, now)

    def note_asked(self, journal: Journal, order: Order, seconds: float, now: float) -> None:
        """Notes what a new order asked for, to be remembered for `seconds` or longer; nothing is noted for 0."""
        seconds = max(seconds, self.remembered)
        if not seconds:
            return
        while self._asked:
            oldest, (latest, _) = next(iter(self._asked.items()))
            if latest.at >= now - seconds:
                break
            journal.drop(self._asked, oldest)
        self._see(journal, Asked.of(order), _Seen(now, order.order_id))

    def note_execution(self, journal: Journal, order: Order, now: float) -> None:
        """Notes the first fill of an order."""
        _append(journal, self._executed.setdefault((order.symbol, order.side), deque()), now)

    def forget_executions(self, journal: Journal) -> None:
        """Counts executions anew from here."""
        journal.assign(self, "_executed", {})

    def _see(self, journal: Journal, asked: Asked, seen: _Seen) -> None:
        """Puts the newest to the end, so that the oldest stay in front."""
        before = self._asked.get(asked)
        if before is not None:
            journal.drop(self._asked, asked)
        journal.put(self._asked, asked, (seen, None if before is None else before[0]))


def _append(journal: Journal, times: deque[float], at: float) -> None:
    times.append(at)
    journal.did(lambda: times and times.pop())


def _count(times: deque[float], since: float) -> int:
    while times and times[0] <= since:
        times.popleft()
    return len(times)
