"""The account's recent orders, as one transaction knows them: those of the tables and its own so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from common.wire import Order, Side
from executor import orders
from executor.ledger import rows, writes
from executor.ledger.bulk import Bulk
from executor.ledger.consumption import BookSide
from executor.ledger.lookup import OrderLookup, look_up
from executor.ledger.replay import OrderChange


class RecentOrders:
    """Counts within windows of time that end at the transaction's time.

    `changes` is the transaction's own list, which goes on growing. Its latest change is of the order in question.
    """

    def __init__(self, connection: sa.Connection, account: str, at: datetime, changes: Sequence[OrderChange]) -> None:
        self._connection, self._account, self._at, self._changes = connection, account, at, changes
        self._found: OrderLookup | None = None

    def preload(self, found: OrderLookup) -> None:
        """Takes what the tables hold, where it was read together with other things."""
        self._found = found

    def orders(self) -> int:
        """Returns how many orders came within the last second, without the latest one."""
        return self._before().recent + sum(change.before is None for change in self._changes) - 1

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
        return self._before().executions.get((symbol, side), 0) + self._executed()[symbol, side]

    def forget_executions(self) -> None:
        """Counts executions anew, beginning with this transaction's own."""
        writes.forget_executions(self._connection, self._account)
        self._found = None

    def flush(self, into: Bulk) -> None:
        """Writes the executions of this transaction."""
        writes.executions(into, self._account, int(self._at.timestamp()), self._executed())

    def _before(self) -> OrderLookup:
        """Returns the facts of the tables, which are read now when they were not read before."""
        if self._found is None:
            self._found = look_up(self._connection, self._account, self._at, [], frozenset())
        return self._found

    def _executed(self) -> Counter[BookSide]:
        """Returns how many orders got their first fill in this transaction."""
        return Counter((change.after.symbol, change.after.side) for change in self._changes if _first_fill(change))


def _first_fill(change: OrderChange) -> bool:
    return len(change.after.fills) == 1 and (change.before is None or not change.before.fills)
