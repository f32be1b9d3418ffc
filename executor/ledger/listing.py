"""Lists of orders, fills and events, newest first, page by page. The cost of a page does not grow with the ledger.

Each page walks along one index, from its `before` downwards. Conditions that this index can't answer are checked row by
row, for at most `MOST_LOOKED_AT` rows: then the page ends early, and tells where the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from common.wire import Order, Side
from executor.ledger import rows, schema
from executor.ledger.events import RARE_KINDS, LedgerEvent
from executor.orders import OPEN

T = TypeVar("T")

MOST_LOOKED_AT = 10_000
CLOCK_MARGIN = timedelta(seconds=2)
"""The clocks of two executors may differ by so much: a row may be recorded later than one that follows it."""
# Finds the first event of a time as one finds a word in a dictionary: it halves what is left, event by event.
_FIRST_AT = sa.text(
    """
    WITH RECURSIVE halves (low, high) AS (
        SELECT CAST(1 AS bigint), CAST(:latest AS bigint) + 1
        UNION ALL
        SELECT CASE WHEN events.recorded_at < :at THEN events.sequence + 1 ELSE halves.low END,
            CASE WHEN events.recorded_at < :at THEN halves.high ELSE events.sequence END
        FROM halves JOIN events ON events.account = :account AND events.sequence = (halves.low + halves.high) / 2
        WHERE halves.low < halves.high
    )
    SELECT low FROM halves WHERE low >= high
    """
)


_BY_INDEX = "; ".join(
    f"SET LOCAL {way} = off" for way in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")
)
"""Has a transaction read along indexes, also where the database believes that reading all is quicker: it believes so of
tables that have grown since it last looked at them."""
_IN_ORDER = "; SET LOCAL enable_sort = off"
"""Has it take the index that is in the order of the list."""
RowCondition = Callable[[Any], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class OrderFilter:
    """The orders that a list asks for. None leaves a field open.

    client_order_id: the client's own key.
    status: a status, or `open` for all that are open.
    symbol, side: of the order.
    since, until: the time of their receipt, from and before.
    """

    client_order_id: str | None = None
    status: str | None = None
    symbol: str | None = None
    side: Side | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class FillFilter:
    """The fills that a list asks for. None leaves a field open.

    order_id: their order.
    symbol, side: of their order.
    since, until: the time of the fill, from and before.
    """

    order_id: str | None = None
    symbol: str | None = None
    side: Side | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EventFilter:
    """The events that a list asks for. None leaves a field open.

    kind: their kind.
    order_id: the order that they are about.
    since, until: the time of their record, from and before.
    """

    kind: str | None = None
    order_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Page(NamedTuple, Generic[T]):
    """One page of a list.

    items: newest first.
    next: the `before` of the next page; None when nothing more is there.
    """

    items: Sequence[T]
    next: int | None


class _Walk(NamedTuple):
    """The walk of one page along an index.

    table: the table.
    place: the column that the index ends with, which is the order of the list.
    on_index: the conditions that the index answers.
    on_row: the conditions that are checked row by row, from the columns of the rows that are looked at.
    few: true when the index leaves few rows, which are all looked at, in any order.
    """

    table: sa.Table
    place: sa.ColumnElement[int]
    on_index: list[sa.ColumnElement[bool]]
    on_row: list[RowCondition]
    few: bool = False

    def rows(self) -> sa.Select[Any]:
        """Returns the query of the rows that a page looks at."""
        found = sa.select(self.table).where(*self.on_index)
        # An offset keeps the database from mixing what the index answers with what is checked row by row.
        return found.offset(0) if self.few else found.order_by(self.place.desc()).limit(MOST_LOOKED_AT)

    def end(self) -> sa.Select[Any]:
        """Returns the query of the place of the last row that a page looks at, where there are more."""
        every = sa.select(self.place).where(*self.on_index).order_by(self.place.desc())
        return every.offset(MOST_LOOKED_AT - 1).limit(1)


def orders(connection: sa.Connection, account: str, wanted: OrderFilter, limit: int, before: int | None) -> Page[Order]:
    """Returns a page of orders; `before` is the number of the last one on the page before."""
    table = schema.orders.c
    few = wanted.client_order_id is not None
    walk = _Walk(schema.orders, table.received_sequence, [table.account == account], [], few)
    _of_status(walk, wanted)
    for name, value in (("side", wanted.side), ("symbol", wanted.symbol)):
        if value is not None:
            walk.on_row.append(_equal(name, value))
    _within(connection, account, walk, "received_at", (wanted.since, wanted.until), before)
    found, following = _page(connection, walk, limit)
    return Page(rows.with_fills(connection, found), following)


def _of_status(walk: _Walk, wanted: OrderFilter) -> None:
    """Chooses the index of a list of orders."""
    table, status = schema.orders.c, wanted.status
    is_status = [] if status in (None, "open") else [_equal("status", status)]
    if wanted.client_order_id is not None:
        walk.on_index.append(table.client_order_id == wanted.client_order_id)
        walk.on_row.extend([lambda found: found.is_open] if status == "open" else is_status)
    elif status == "open" or status in OPEN:
        walk.on_index.append(table.is_open)
        walk.on_row.extend(is_status)
    elif wanted.symbol is not None:
        walk.on_index.append(table.symbol == wanted.symbol)
        walk.on_row.extend(is_status)
    elif status is not None:
        walk.on_index.extend([table.status == status, sa.not_(table.is_open)])


def fills(
    connection: sa.Connection, account: str, wanted: FillFilter, limit: int, before: int | None
) -> Page[sa.Row[Any]]:
    """Returns a page of rows of fills, with symbol, side and terms of their orders."""
    of = schema.orders.c
    walk = _of_order(schema.fills, account, wanted.order_id)
    if wanted.side is not None:
        walk.on_row.append(lambda _: of.side == wanted.side)
    if wanted.symbol is not None:
        walk.on_row.append(lambda _: of.symbol == wanted.symbol)
    _within(connection, account, walk, "filled_at", (wanted.since, wanted.until), before)
    found, following = _page(
        connection,
        walk,
        limit,
        joined=schema.orders,
        more=(of.symbol, of.side, of.terms),
    )
    return Page(found, following)


def events(
    connection: sa.Connection, account: str, wanted: EventFilter, limit: int, before: int | None
) -> Page[LedgerEvent]:
    """Returns a page of events; `before` is the sequence of the last one on the page before."""
    log = schema.events.c
    walk = _of_order(schema.events, account, wanted.order_id)
    if wanted.kind in RARE_KINDS and wanted.order_id is None:
        # The kind is written out, so that the database sees that the index of rare kinds has it.
        walk.on_index.append(log.kind == sa.literal_column(f"'{wanted.kind}'"))
    elif wanted.kind is not None:
        walk.on_row.append(_equal("kind", wanted.kind))
    _within(connection, account, walk, "recorded_at", (wanted.since, wanted.until), before)
    found, following = _page(connection, walk, limit)
    return Page([LedgerEvent(**row._mapping) for row in found], following)


def _of_order(table: sa.Table, account: str, order_id: str | None) -> _Walk:
    """Begins the walk of all rows of an account, or of one order."""
    if order_id is None:
        return _Walk(table, table.c.sequence, [table.c.account == account], [])
    return _Walk(table, table.c.sequence, [table.c.order_id == order_id], [_equal("account", account)], few=True)


def _equal(name: str, value: object) -> RowCondition:
    return lambda found: found[name] == value


def _within(
    connection: sa.Connection,
    account: str,
    walk: _Walk,
    time: str,
    times: tuple[datetime | None, datetime | None],
    before: int | None,
) -> None:
    """Adds the conditions on place and time. Times rise with the place but for small steps back of the clock."""
    since, until = times
    if before is not None:
        walk.on_index.append(walk.place < before)
    if since is not None:
        walk.on_index.append(walk.place >= _first_at(connection, account, _moved(since, -CLOCK_MARGIN)))
        walk.on_row.append(lambda found: found[time] >= since)
    if until is not None:
        walk.on_index.append(walk.place < _first_at(connection, account, _moved(until, CLOCK_MARGIN)))
        walk.on_row.append(lambda found: found[time] < until)


def _moved(at: datetime, by: timedelta) -> datetime:
    """Returns a later or an earlier time, as far as there is one."""
    try:
        return at + by
    except OverflowError:
        return at


def _first_at(connection: sa.Connection, account: str, at: datetime) -> int:
    """Returns the sequence of the first event that was recorded at a time or later; one more than the last for none."""
    latest = rows.latest_sequence(connection, account)
    return int(connection.execute(_FIRST_AT, {"account": account, "latest": latest, "at": at}).scalar_one())


def _page(
    connection: sa.Connection,
    walk: _Walk,
    limit: int,
    *,
    joined: sa.Table | None = None,
    more: Sequence[sa.ColumnElement[Any]] = (),
) -> tuple[Sequence[sa.Row[Any]], int | None]:
    """Returns the rows of a page, and the place to go on from. `joined` has one row for the `order_id` of each."""
    connection.exec_driver_sql(_BY_INDEX + ("" if walk.few else _IN_ORDER))
    looked_at = walk.rows().subquery("looked_at")
    query = sa.select(looked_at, *more)
    if joined is not None:
        query = query.join(joined, joined.c.order_id == looked_at.c.order_id)
    name = walk.place.key or ""
    place = looked_at.c[name]
    conditions = [condition(looked_at.c) for condition in walk.on_row]
    found = connection.execute(query.where(*conditions).order_by(place.desc()).limit(limit)).all()
    if len(found) == limit:
        return found, int(found[-1]._mapping[name])
    return found, None if walk.few else connection.execute(walk.end()).scalar_one_or_none()
