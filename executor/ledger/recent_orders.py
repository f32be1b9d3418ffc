"""The account's recent orders, as one transaction knows them: those of the tables and its own so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from common.wire import Order, Side
from executor import orders
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import rows, writes
from executor.ledger.bulk import Bulk
from executor.ledger.consumption import BookSide
from executor.ledger.replay import OrderChange


class RecentOrders:
    """Counts within windows of time that end at the transaction's time.

    `changes` is the transaction's own list, which goes on growing. Its latest change is of the order in question.
    """

    def __init__(self, connection: sa.Connection, account: str, at: datetime, changes: Sequence[OrderChange]) -> None:
        self._connection, self._account, self._at, self._changes = connection, account, at, changes
        self._orders_before: int | None = None
        self._executed_before: Mapping[BookSide, int] | None = None

    def preload(self, orders: int, executions: Mapping[BookSide, int]) -> None:
        """Takes what the tables hold, where it was read together with other things."""
        self._orders_before, self._executed_before = orders, executions

    def orders(self) -> int:
        """Returns how many orders came within the last second, without the latest one."""
        if self._orders_before is None:
            self._orders_before = rows.recent(self._connection, self._account, self._at - timedelta(seconds=1))
        return self._orders_before + sum(change.before is None for change in self._changes) - 1

    def twin(self, order: Order, seconds: float) -> str | None:
        """Returns the id of another order of the last `seconds` that asked for the same; None when there is none."""
        if not seconds:
            return None
        for change in self._changes:
            other = change.after
            if change.before is None and other.order_id != order.order_id and orders.alike(other, order):
                return other.order_id
        return rows.twin(self._connection, order, self._at - timedelta(seconds=seconds))

    def executions(self, symbol: str, side: Side) -> int:
        """Returns how many orders of the symbol and side were executed within a minute."""
        if self._executed_before is None:
            oldest = int(self._at.timestamp()) - EXECUTIONS_SECONDS + 1
            self._executed_before = rows.executions(self._connection, self._account, oldest)
        return self._executed_before.get((symbol, side), 0) + self._executed()[symbol, side]

    def forget_executions(self) -> None:
        """Counts executions anew, beginning with this transaction's own."""
        writes.forget_executions(self._connection, self._account)
        self._executed_before = {}

    def flush(self, into: Bulk) -> None:
        """Writes the executions of this transaction."""
        writes.executions(into, self._account, int(self._at.timestamp()), self._executed())

    def _executed(self) -> Counter[BookSide]:
        """Returns how many orders got their first fill in this transaction."""
        return Counter((change.after.symbol, change.after.side) for change in self._changes if _first_fill(change))


def _first_fill(change: OrderChange) -> bool:
    return len(change.after.fills) == 1 and (change.before is None or not change.before.fills)
