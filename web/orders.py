"""The newest orders: read as a list now and then, and updated one by one by a stream in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from common import wire
from common.clock import Clock
from web.cells import Cell, Changes

OrderList = tuple[wire.Order, ...]
MOST_STREAMED = 1_000
"""The orders of the stream that are kept until a list has them: the newest ones."""


class StreamedOrder(NamedTuple):
    """An order that came by the stream.

    order: the order.
    received_at: when it came, in seconds of the monotonic clock.
    """

    order: wire.Order
    received_at: float


class OrderTable(Cell[OrderList]):
    """Holds at most `most` orders, newest first. A list never undoes what the stream brought after it was asked for."""

    def __init__(self, clock: Clock, changes: Changes, most: int) -> None:
        super().__init__(clock, changes)
        self._most = most
        self._streamed: dict[str, StreamedOrder] = {}

    def read(self, ask: Callable[[], OrderList]) -> None:
        """Takes the list that `ask` returns, except for orders that the stream has changed since it was asked for."""
        asked_at = self._clock.monotonic()
        answer = ask()
        with self.lock:
            self._streamed = {
                order_id: streamed for order_id, streamed in self._streamed.items() if streamed.received_at >= asked_at
            }
            self.put(self._merged(answer))

    def update(self, orders: Iterable[wire.Order]) -> None:
        """Takes orders of the stream. They are shown once a list was read."""
        with self.lock:
            now = self._clock.monotonic()
            self._streamed |= {order.order_id: StreamedOrder(order, now) for order in orders}
            for order_id in list(self._streamed)[:-MOST_STREAMED]:
                del self._streamed[order_id]  # no list has come for long; what is shown is bounded too
            shown = self.reading.value
            if shown is not None:
                self.put(self._merged(shown))

    def _merged(self, orders: OrderList) -> OrderList:
        merged = {order.order_id: order for order in orders}
        for order_id, streamed in self._streamed.items():
            if order_id not in merged or merged[order_id].sequence < streamed.order.sequence:
                merged[order_id] = streamed.order
        return tuple(sorted(merged.values(), key=_place, reverse=True)[: self._most])


def _place(order: wire.Order) -> tuple[datetime, int, str]:
    """Returns the sort key: the time, then the id, which ends in a number that grows."""
    return order.received_at, len(order.order_id), order.order_id
