"""Follows the ledger's log: one thread turns what changed, at whichever executor, into rounds that streams tell."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from common import wire
from executor.errors import LedgerUnavailable
from executor.ledger import Changes, Ledger
from executor.messages import account_now
from executor.metrics import StreamMetrics

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
LEAST_PAUSE_SECONDS = 0.05
PAUSE_AFTER_FAILURE_SECONDS = 1.0
PAGE, WINDOW = 500, 1000
NO_ROUND = -1


class Told(NamedTuple):
    """An event as it goes over the wire, and the ledger's sequence that it is of."""

    sequence: int
    event: bytes


class Position(NamedTuple):
    """Up to which sequence of the ledger a reader was told all orders, and the account."""

    orders: int
    account: int


class Round:
    """What is told until the next one: of every order that changed after `floor` its state as of `until`, by sequence,
    and the account; None while it is not known yet."""

    def __init__(self, number: int, floor: int, until: int, orders: Sequence[Told] = (), account: Told | None = None):
        self.number, self.until = number, until
        self._floor, self._orders, self._account = floor, orders, account

    def since(self, position: Position) -> tuple[bytes, Position] | None:
        """The events for a reader, and its next position; None when it is too far behind to be told all from here."""
        if position.orders < self._floor:
            return None
        first = bisect_right(self._orders, position.orders, key=attrgetter("sequence"))
        told = [order.event for order in self._orders[first:]]
        account = position.account
        if self._account is not None and self._account.sequence > account:
            account = self._account.sequence
            told.append(self._account.event)
        return b"".join(told), Position(max(position.orders, self.until), account)


class Tail:
    """Looks for changes at once after a commit of this executor, and five times a second for those of others, while
    somebody listens. The log has no gaps, and its sequences become visible in their order, so what was read up to a
    sequence need not be read again. `listened` tells whether somebody listens."""

    def __init__(
        self, ledger: Ledger, market: wire.Market, metrics: StreamMetrics, listened: Callable[[], bool]
    ) -> None:
        self._ledger, self._market, self._metrics, self._listened = ledger, market, metrics, listened
        self._woken = threading.Event()
        self._news = threading.Condition()
        self._window: dict[str, Told] = {}
        self._floor = 0
        self._ended = False
        self._until: int | None = None
        self._account: Told | None = None
        self.round = Round(0, 0, 0)

    def wake(self) -> None:
        """Something may have changed, or somebody has come to listen."""
        self._woken.set()

    def wait(self, seen: int, seconds: float) -> Round:
        """The round that is on, as soon as it is another than `seen`, or after some seconds, or at the end."""
        with self._news:
            self._news.wait_for(lambda: self._ended or self.round.number != seen, seconds)
            return self.round

    def run(self, stop: threading.Event) -> None:
        """Looks until `stop` is set; no failure ends it."""
        while not stop.wait(self.attempt()):
            self._woken.wait(POLL_SECONDS)
            self._woken.clear()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def attempt(self) -> float:
        """One look, and the seconds to leave until the next; a failure is logged and counted."""
        try:
            self.step()
        except LedgerUnavailable:
            return PAUSE_AFTER_FAILURE_SECONDS
        except Exception:
            log.exception("following the ledger failed")
            self._metrics.failures.inc()
            return PAUSE_AFTER_FAILURE_SECONDS
        return LEAST_PAUSE_SECONDS

    def step(self) -> None:
        """Reads what changed, page by page, each of them a round; raises `LedgerUnavailable`, and then nothing is
        skipped: the next look begins where this one ended."""
        if not self._listened():
            self._until = None
            return
        head = self._ledger.sequence()
        if self._until is None or head < self._until:
            self._begin(head)
        while self._until is not None and self._until < head:
            self._take(self._ledger.changes(self._until, PAGE))

    def _begin(self, sequence: int) -> None:
        self._window, self._floor, self._until, self._account = {}, sequence, sequence, None
        self._publish()

    def _take(self, found: Changes) -> None:
        now = self._ledger.now()
        for order in found.orders:
            self._window.pop(order.order_id, None)
            self._window[order.order_id] = Told(order.sequence, order_event(order))
            self._metrics.lag.observe(max(0.0, (now - order.updated_at).total_seconds()))
        while len(self._window) > WINDOW:
            self._floor = self._window.pop(next(iter(self._window))).sequence
        if found.condition is not None:
            account = account_now(self._market, found.condition.account, found.condition.controls.state)
            self._account = Told(account.sequence, event("account", account))
        self._until = found.sequence
        self._publish()

    def _publish(self) -> None:
        told = tuple(self._window.values())
        with self._news:
            self.round = Round(self.round.number + 1, self._floor, self._until or 0, told, self._account)
            self._news.notify_all()


def order_event(order: wire.Order) -> bytes:
    """An order's newest state; the id is its sequence, from which a stream can be resumed."""
    return event("order", order, order.sequence)


def event(name: str, body: object, sequence: int | None = None) -> bytes:
    """One Server-Sent Event."""
    identity = b"" if sequence is None else b"id: %d\n" % sequence
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), identity, wire.encode(body))
