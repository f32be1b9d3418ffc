"""Follows the ledger's log: one loop turns the changes of all executors into windows of events for the streams."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from common import sse, wire
from common.answers import AccountStatus
from common.latest import Latest
from executor.errors import LedgerUnavailable
from executor.metrics import StreamMetrics
from executor.store import Ledger, OrderChanges

POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0
PAGE, WINDOW = 500, 1000


class EncodedEvent(NamedTuple):
    """An event as it is sent.

    sequence: the ledger's sequence that it is as of.
    data: the bytes of the event.
    """

    sequence: int
    data: bytes


class StreamPosition(NamedTuple):
    """A reader's position in the ledger's log.

    orders: the sequence up to which it has all orders.
    account: the sequence that its account is as of.
    """

    orders: int
    account: int


@dataclass(frozen=True)
class Window:
    """The latest events, until the next window.

    floor: every order that changed after this sequence is in the window.
    until: the sequence that the orders are as of.
    orders: the newest event of each order, by sequence.
    account: the newest event of the account; None while none is known.
    """

    floor: int
    until: int
    orders: Sequence[EncodedEvent] = ()
    account: EncodedEvent | None = None

    def since(self, position: StreamPosition) -> tuple[bytes, StreamPosition] | None:
        """Returns a reader's events and its next position; None when it is behind the window."""
        if position.orders < self.floor:
            return None
        first = bisect_right(self.orders, position.orders, key=attrgetter("sequence"))
        events = [order.data for order in self.orders[first:]]
        account = position.account
        if self.account is not None and self.account.sequence > account:
            account = self.account.sequence
            events.append(self.account.data)
        return b"".join(events), StreamPosition(max(position.orders, self.until), account)


class LedgerTail:
    """Looks for changes at once after a commit of this executor, and five times a second for those of others.

    It looks only while `listened` returns true. The log has no gaps and its sequences become visible in their order, so
    nothing up to a sequence need be read twice.
    """

    def __init__(
        self, ledger: Ledger, account: Callable[[], AccountStatus], metrics: StreamMetrics, listened: Callable[[], bool]
    ) -> None:
        """`account` returns the account as of now, whichever executor writes it."""
        self._ledger, self._read_account, self._metrics, self._listened = ledger, account, metrics, listened
        self._orders: dict[str, EncodedEvent] = {}
        self._floor = 0
        self._until: int | None = None
        self._account: EncodedEvent | None = None
        self.windows = Latest(Window(0, 0))

    def step(self) -> float:
        """Looks once and returns the seconds to pause. A ledger that is away is asked again; nothing is skipped."""
        if not self._listened():
            self._until = None
            return math.inf
        try:
            self._look()
        except LedgerUnavailable:
            return RETRY_SECONDS
        return POLL_SECONDS

    def _look(self) -> None:
        """Reads the changes page by page, a window for each. After a failure the next look begins where this ended."""
        head = self._ledger.sequence()
        if self._until is None or head < self._until:
            self._begin(head)
        while self._until is not None and self._until < head:
            self._add(self._ledger.changes(self._until, PAGE))

    def _begin(self, sequence: int) -> None:
        self._orders, self._floor, self._until, self._account = {}, sequence, sequence, None
        self._publish()

    def _add(self, found: OrderChanges) -> None:
        now = self._ledger.clock.now()
        for order in found.orders:
            self._orders.pop(order.order_id, None)
            self._orders[order.order_id] = EncodedEvent(order.sequence, order_event(order))
            self._metrics.lag.observe(max(0.0, (now - order.updated_at).total_seconds()))
        while len(self._orders) > WINDOW:
            self._floor = self._orders.pop(next(iter(self._orders))).sequence
        if found.complete:
            account = self._read_account()
            self._account = EncodedEvent(account.sequence, sse.encode("account", account))
        self._until = found.sequence
        self._publish()

    def _publish(self) -> None:
        self.windows.put(Window(self._floor, self._until or 0, tuple(self._orders.values()), self._account))


def order_event(order: wire.Order) -> bytes:
    """Returns the event of an order's newest state. Its id is its sequence, from which a stream can be resumed."""
    return sse.encode("order", order, sse.event_id(order.sequence))
