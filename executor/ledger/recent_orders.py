"""How fast the account trades, as one transaction knows it: what the tables say, and what it did itself so far."""

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
from executor.ledger.consumption import Place
from executor.ledger.replay import Change


class Recent:
    """Windows that end at the transaction's time. `changes` are the transaction's own, in the list that it goes on
    writing; the latest of them is of the order that is asked about."""

    def __init__(self, connection: sa.Connection, account: str, at: datetime, changes: Sequence[Change]) -> None:
        self._connection, self._account, self._at, self._changes = connection, account, at, changes
        self._orders_before: int | None = None
        self._executed_before: Mapping[Place, int] | None = None

    def know(self, orders: int, executions: Mapping[Place, int]) -> None:
        """What the tables say, where it was read with other things."""
        self._orders_before, self._executed_before = orders, executions

    def orders(self) -> int:
        """Orders of the last second, without the latest."""
        if self._orders_before is None:
            self._orders_before = rows.recent(self._connection, self._account, self._at - timedelta(seconds=1))
        return self._orders_before + sum(change.before is None for change in self._changes) - 1

    def twin(self, order: Order, seconds: float) -> str | None:
        """The id of another order of the last `seconds` that asked for the same."""
        if not seconds:
            return None
        for change in self._changes:
            other = change.after
            if change.before is None and other.order_id != order.order_id and orders.alike(other, order):
                return other.order_id
        return rows.twin(self._connection, order, self._at - timedelta(seconds=seconds))

    def executions(self, symbol: str, side: Side) -> int:
        """Orders that were executed within a minute."""
        if self._executed_before is None:
            oldest = int(self._at.timestamp()) - EXECUTIONS_SECONDS + 1
            self._executed_before = rows.executions(self._connection, self._account, oldest)
        return self._executed_before.get((symbol, side), 0) + self._executed()[symbol, side]

    def forget_executions(self) -> None:
        """Begins to count executions anew, with this transaction's own."""
        writes.forget_executions(self._connection, self._account)
        self._executed_before = {}

    def flush(self, into: Bulk) -> None:
        """Writes what was executed in this transaction."""
        writes.executions(into, self._account, int(self._at.timestamp()), self._executed())

    def _executed(self) -> Counter[Place]:
        """How many orders got their first fill in this transaction."""
        return Counter((change.after.symbol, change.after.side) for change in self._changes if _first_fill(change))


def _first_fill(change: Change) -> bool:
    return len(change.after.fills) == 1 and (change.before is None or not change.before.fills)
