"""A batch: what some works recorded, to be appended to the ledger in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from common.wire import Order
from executor.account import Terms
from executor.ledger.append import Append
from executor.ledger.replay import OrderChange
from executor.losses import Anchors
from executor.writer.journal import Journal
from executor.writer.state import Recorded


class OrderRow(NamedTuple):
    """The state of an order that a batch writes.

    change: from the order before the batch to the order after it.
    terms: the terms that it was accepted on; None when it never was.
    answered: the sequence of its first answer; None for an order that is not new.
    """

    change: OrderChange
    terms: Terms | None
    answered: int | None


class Batch:
    """Collects what works record. Each work's part can be taken back as long as the batch is open.

    records: the events with what follows from them, in their order.
    keys: the clients' keys that are new as far as memory knows; the tables have the last word.
    anchors_at: when the anchors were changed, UTC; None when they were not.
    """

    def __init__(self) -> None:
        self.records: list[Recorded] = []
        self.keys: list[str] = []
        self.anchors_at: datetime | None = None
        self._answered: dict[str, int] = {}

    def add(self, journal: Journal, recorded: Recorded) -> None:
        """Adds an event."""
        self.records.append(recorded)
        journal.did(self.records.pop)

    def add_key(self, journal: Journal, key: str) -> None:
        """Adds a client's key that must be new."""
        self.keys.append(key)
        journal.did(self.keys.pop)

    def answer(self, journal: Journal, order: Order) -> None:
        """Notes the first answer to a new order's key."""
        journal.put(self._answered, order.order_id, order.sequence)

    def move_anchors(self, journal: Journal, at: datetime) -> None:
        """Notes that the anchors changed."""
        journal.assign(self, "anchors_at", at)

    def to_append(self, anchors: Anchors | None) -> Append:
        """Returns the batch as the tables take it; `anchors` are those after it."""
        return Append(
            keys=self.keys,
            events=[each.event for each in self.records],
            contents=[each.content for each in self.records],
            postings=[each.postings for each in self.records],
            orders=[(row.change, row.terms, row.answered) for row in self.order_rows()],
            anchors=anchors,
            anchors_at=self.anchors_at,
        )

    def order_rows(self) -> list[OrderRow]:
        """Returns one row for each order, from its state before the batch to the present one."""
        rows: dict[str, OrderRow] = {}
        for recorded in self.records:
            if recorded.change is None:
                continue
            before, after, first = recorded.change
            known = rows.get(after.order_id)
            if known is not None:
                before, first = known.change.before, known.change.first_sequence
            answered = self._answered.get(after.order_id)
            rows[after.order_id] = OrderRow(OrderChange(before, after, first), recorded.terms, answered)
        return list(rows.values())
