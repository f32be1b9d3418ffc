"""The newest orders: read whole now and then, and told one by one in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from common import wire
from web.board import Changes, Clock, Slot

Newest = tuple[wire.Order, ...]


class Told(NamedTuple):
    """An order as a stream told it, and when."""

    order: wire.Order
    moment: float


class Orders(Slot[Newest]):
    """At most `most` orders, newest first. What was told while an answer was on its way is not undone by it."""

    def __init__(self, clock: Clock, changes: Changes, most: int) -> None:
        super().__init__(clock, changes)
        self._monotonic, self._most = clock.monotonic, most
        self._lock = threading.Lock()
        self._told: dict[str, Told] = {}

    def read(self, ask: Callable[[], Newest]) -> None:
        """Takes what `ask` answers for the truth, but for orders of which something newer was told meanwhile."""
        begun = self._monotonic()
        answer = ask()
        with self._lock:
            self._told = {name: told for name, told in self._told.items() if told.moment >= begun}
            self.put(self._merged(answer))

    def tell(self, orders: Iterable[wire.Order]) -> None:
        """Takes the newest states of orders; they are shown once the list was read."""
        with self._lock:
            self._told |= {order.order_id: Told(order, self._monotonic()) for order in orders}
            shown = self.look().value
            if shown is not None:
                self.put(self._merged(shown))

    def _merged(self, orders: Newest) -> Newest:
        known = {order.order_id: order for order in orders}
        for name, told in self._told.items():
            if name not in known or known[name].sequence < told.order.sequence:
                known[name] = told.order
        return tuple(sorted(known.values(), key=_age, reverse=True)[: self._most])


def _age(order: wire.Order) -> tuple[datetime, int, str]:
    """Orders of one moment are told apart by their ids, which end in a number that grows."""
    return order.received_at, len(order.order_id), order.order_id
