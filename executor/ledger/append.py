"""Appends batches to the ledger: one statement for each, which checks the lease and that the keys are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
import sqlalchemy as sa

from common import wire
from common.codec import read
from common.wire import Order
from executor.account import Posting, Terms
from executor.errors import NotWriting
from executor.ledger import writes
from executor.ledger.engine import why
from executor.ledger.events import Content, LedgerEvent, OrderFilled
from executor.ledger.kept import KeptConnection
from executor.ledger.replay import OrderChange
from executor.ledger.statement import SentStatement
from executor.losses import Anchors
from executor.orders import OPEN

FENCED = "SP001"
_CALL = (
    "SELECT to_json(ledger_append({}, {}, ARRAY(SELECT json_array_elements_text({})), {}, {}, {}, {}, {}, {}))::text"
)
APPEND = _CALL.format(*["%s"] * 9)
_PREPARED = _CALL.format(*(f"${number}" for number in range(1, 10)))
_CHANGING = ("status", "filled_quantity", "average_price", "fees", "updated_at", "sequence")


class Fenced(NotWriting):
    """Another executor writes the account, or has written what this one does not know; nothing was appended."""


class AppendRefused(Exception):
    """The database refuses the batch for what is in it; nothing was appended."""


class Append(NamedTuple):
    """One batch, as the tables take it.

    keys: the clients' keys that must be new.
    events: in their order.
    contents: their contents.
    postings: those of each event, by its sequence.
    orders: the orders that changed, with their terms, and the sequence of the first answer to a new one.
    anchors: the new anchors; None removes them.
    anchors_at: when the anchors changed; None when they did not.
    """

    keys: Sequence[str]
    events: Sequence[LedgerEvent]
    contents: Sequence[Content]
    postings: Sequence[Sequence[Posting]]
    orders: Sequence[tuple[OrderChange, Terms | None, int | None]]
    anchors: Anchors | None
    anchors_at: datetime | None


class Appender:
    """Appends to one account under one epoch of its lease, on a connection of its own. One batch at a time."""

    def __init__(self, engine: sa.Engine, account: str, epoch: int) -> None:
        self._connection, self._account, self._epoch = KeptConnection(engine), account, epoch
        self._statement = SentStatement(self._connection, "ledger_append", _PREPARED)
        self._sent = False

    def append(self, batch: Append) -> Sequence[str]:
        """Makes a batch durable; returns the keys that are not new: then nothing was written. Raises as `answer`."""
        self.send(batch)
        return self.answer()

    def send(self, batch: Append) -> None:
        """Has the database begin with a batch; `answer` must follow, from any thread. Raises `LedgerUnavailable`."""
        self._sent = bool(batch.events or batch.anchors_at is not None or batch.keys)
        if self._sent:
            self._statement.send(values_of(self._account, self._epoch, batch))

    def answer(self) -> Sequence[str]:
        """Waits until the batch is durable; returns the keys that are not new: then nothing was written.

        Raises `Fenced` and `AppendRefused`; and `LedgerUnavailable`, after which the batch may be written or not.
        """
        if not self._sent:
            return ()
        try:
            known = self._statement.answer()
        except psycopg.Error as error:
            if error.sqlstate == FENCED or isinstance(error, psycopg.IntegrityError):
                raise Fenced(why(error)) from error
            raise AppendRefused(why(error)) from error
        return () if known is None else read(list[str], known)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def values_of(account: str, epoch: int, batch: Append) -> Sequence[bytes | None]:
    """Returns the values for `APPEND`, as text: the keys, and the rows of each table, are one JSON text."""
    postings = [
        writes.posting_row(account, event.sequence, line, posting)
        for event, parts in zip(batch.events, batch.postings, strict=True)
        for line, posting in enumerate(parts, start=1)
    ]
    fills = [
        writes.fill_row(event, content)
        for event, content in zip(batch.events, batch.contents, strict=True)
        if isinstance(content, OrderFilled)
    ]
    new = [
        writes.order_row(change.after, terms)
        | {"received_sequence": change.first_sequence, "answered_sequence": answered}
        for change, terms, answered in batch.orders
        if change.before is None
    ]
    changed = [changed_row(change.before, change.after) for change, _, _ in batch.orders if change.before is not None]
    rows = (batch.keys, batch.events, postings, fills, new, changed)
    anchors = None if batch.anchors_at is None else wire.encode(_anchors(account, batch))
    return (account.encode(), str(epoch).encode(), *map(msgspec.json.encode, rows), anchors)


def _anchors(account: str, batch: Append) -> list[Mapping[str, Any]]:
    found = batch.anchors
    if found is None:
        return []
    row: dict[str, Any] = {"account": account, "day": found.day.isoformat(), "day_start": found.day_start}
    row |= {"peak": found.peak, "day_base": found.day_base, "since": found.since}
    return [{**row, "updated_at": batch.anchors_at}]


def changed_row(before: Order, after: Order) -> dict[str, Any]:
    """Returns the columns of an order that change after its first answer, and the sequence that it was read at."""
    row = {name: getattr(after, name) for name in _CHANGING}
    return {**row, "order_id": after.order_id, "known_sequence": before.sequence, "is_open": after.status in OPEN}
