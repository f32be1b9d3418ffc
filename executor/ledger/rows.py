"""Reads rows into messages and state, on an open connection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from common.wire import Denial, Fill, Order, Side
from executor.account import Entry, Posting
from executor.errors import UnknownOrder
from executor.guardrails.controls import Controls
from executor.ledger import schema
from executor.ledger.events import LedgerEvent, reversal_in
from executor.ledger.replay import Replay
from executor.losses import Anchors
from executor.paper import LevelUse

_ORDER_FIELDS = frozenset(Order.__struct_fields__) - {"denials", "fills"}
_ORDER_COLUMNS = [column for column in schema.orders.c if column.name in {*_ORDER_FIELDS, "denials"}]

_ACCOUNT: sa.BindParameter[str] = sa.bindparam("account")
_ORDERS, _LEVELS = schema.orders.c, schema.consumption.c
_HEAD = sa.select(schema.accounts).where(schema.accounts.c.account == _ACCOUNT)
_BALANCES = sa.select(schema.balances).where(schema.balances.c.account == _ACCOUNT)
_BY_KEY = sa.select(_ORDERS.order_id, _ORDERS.sequence, _ORDERS.answered_sequence).where(
    _ORDERS.account == _ACCOUNT, _ORDERS.client_order_id == sa.bindparam("client_order_id")
)
_ANCHORS = sa.select(schema.anchors).where(schema.anchors.c.account == _ACCOUNT)


class LedgerHead(NamedTuple):
    """The latest checkpoint of an account.

    sequence, hash: of the event that it is as of.
    controls: the controls after it.
    """

    sequence: int
    hash: str
    controls: Controls


class KnownFill(NamedTuple):
    """A fill, as it is needed to take it back.

    trade_id: its id.
    sequence: the sequence of its event.
    order_id: its order.
    postings: the postings of its event.
    reversed: true when it was taken back.
    """

    trade_id: str
    sequence: int
    order_id: str
    postings: Sequence[Posting]
    reversed: bool


class LedgerAges(NamedTuple):
    """The ages of a ledger, in seconds of the database's clock.

    backup: since the latest backup was finished; None when none is known.
    ledger: since the account's first event; None without any event.
    """

    backup: float | None
    ledger: float | None


def ages(connection: sa.Connection, account: str) -> LedgerAges:
    """Returns the ages now. A backup that is dated ahead does not count: the clock was set back since."""
    now, made, log = sa.func.clock_timestamp(), schema.backups.c.finished_at, schema.events.c
    latest = sa.select(sa.func.max(made)).where(made <= now).scalar_subquery()
    first = sa.select(log.recorded_at).where(log.account == account).order_by(log.sequence).limit(1).scalar_subquery()
    backup, ledger = (sa.func.extract("epoch", now - time) for time in (latest, first))
    row = connection.execute(sa.select(backup.label("backup"), ledger.label("ledger"))).one()
    return LedgerAges(*(None if age is None else float(age) for age in row))


def latest_sequence(connection: sa.Connection, account: str) -> int:
    """Returns the sequence of the account's latest event; 0 when it has none."""
    log = schema.events.c
    query = sa.select(sa.func.max(log.sequence)).where(log.account == account)
    return connection.execute(query).scalar_one() or 0


def head(connection: sa.Connection, account: str) -> LedgerHead | None:
    """Returns the account's latest checkpoint; None when it was never opened."""
    row = connection.execute(_HEAD, {"account": account}).one_or_none()
    return None if row is None else LedgerHead(row.sequence, row.hash, msgspec.json.decode(row.controls, type=Controls))


def accounts(connection: sa.Connection) -> list[str]:
    """Returns the names of all accounts."""
    return list(connection.execute(sa.select(schema.accounts.c.account).order_by("account")).scalars())


def all_controls(connection: sa.Connection) -> list[Controls]:
    """Returns the controls of every account."""
    found = connection.execute(sa.select(schema.accounts.c.controls)).scalars()
    return [msgspec.json.decode(text, type=Controls) for text in found]


def anchors(connection: sa.Connection, account: str) -> Anchors | None:
    """Returns the equities that losses are measured from; None before the equity was first known."""
    row = connection.execute(_ANCHORS, {"account": account}).one_or_none()
    if row is None:
        return None
    return Anchors(date.fromisoformat(row.day), row.day_start, row.peak, row.day_base, row.since)


def orders(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int = 500, by_change: bool = False
) -> list[Order]:
    """Returns the orders that meet the conditions, newest first, or, with `by_change`, by their latest change."""
    place = _ORDERS.sequence if by_change else _ORDERS.received_sequence.desc()
    rows = connection.execute(sa.select(*_ORDER_COLUMNS).where(*conditions).order_by(place).limit(limit)).all()
    return with_fills(connection, rows)


def order(connection: sa.Connection, account: str, order_id: str) -> Order:
    """Returns the order as it is now. Raises `UnknownOrder`."""
    found = orders(connection, _ORDERS.order_id == order_id, _ORDERS.account == account)
    if not found:
        raise UnknownOrder(order_id)
    return found[0]


def with_fills(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Order]:
    """Returns the orders of rows of their table, each with its fills."""
    traded = [row.order_id for row in rows if row.filled_quantity]
    fills: dict[str, list[Fill]] = {order_id: [] for order_id in traded}
    if traded:
        table = schema.fills
        found = connection.execute(
            sa.select(table).where(table.c.order_id.in_(traded)).order_by(table.c.order_id, table.c.sequence)
        )
        for row in found:
            fills[row.order_id].append(Fill(**{name: getattr(row, name) for name in Fill.__struct_fields__}))
    return [_order(row, fills.get(row.order_id, ())) for row in rows]


def _order(row: sa.Row[Any], fills: Iterable[Fill]) -> Order:
    denials = msgspec.json.decode(row.denials, type=tuple[Denial, ...])
    return Order(**{name: getattr(row, name) for name in _ORDER_FIELDS}, denials=denials, fills=tuple(fills))


def events(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Iterable[LedgerEvent]:
    """Yields the events that meet the conditions, oldest first."""
    table = schema.events
    found = connection.execute(sa.select(table).where(*conditions).order_by(table.c.account, table.c.sequence))
    return (LedgerEvent(**row._mapping) for row in found)


def latest_events(connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int) -> list[LedgerEvent]:
    """Returns the newest events that meet the conditions, newest first."""
    table = schema.events
    found = connection.execute(sa.select(table).where(*conditions).order_by(table.c.sequence.desc()).limit(limit))
    return [LedgerEvent(**row._mapping) for row in found]


def first_answer(connection: sa.Connection, account: str, client_order_id: str) -> Order | None:
    """Returns the order of a client's key as it was first answered; None for a new key."""
    row = connection.execute(_BY_KEY, {"account": account, "client_order_id": client_order_id}).one_or_none()
    if row is None:
        return None
    if row.sequence == row.answered_sequence:
        return orders(connection, _ORDERS.order_id == row.order_id)[0]
    return as_answered(connection, row.order_id, row.answered_sequence)


def as_answered(connection: sa.Connection, order_id: str, sequence: int) -> Order:
    """Returns the order as of the event `sequence`."""
    replay = Replay()
    log = schema.events
    for event in events(connection, log.c.order_id == order_id, log.c.sequence <= sequence):
        replay.apply(event)
    return replay.orders[order_id]


def adjustment(connection: sa.Connection, account: str, client_key: str) -> LedgerEvent | None:
    """Returns the deposit, withdrawal or write-off of an operator's key; None without one."""
    log = schema.events.c
    of_key = schema.CLIENT_KEY.in_([client_key])
    query = sa.select(schema.events).where(log.account == account, schema.IS_ADJUSTMENT, of_key)
    found = connection.execute(query).one_or_none()
    return None if found is None else LedgerEvent(**found._mapping)


def balances(connection: sa.Connection, account: str) -> dict[Entry, Decimal]:
    """Returns every balance of the account, as of its latest checkpoint."""
    found = connection.execute(_BALANCES, {"account": account})
    return {Entry(row.name, row.symbol, row.unit): row.amount for row in found}


def moved_since(connection: sa.Connection, account: str, sequence: int) -> list[tuple[Entry, Decimal]]:
    """Returns what the postings after a sequence add up to, by entry."""
    table = schema.postings.c
    entry = (table.name, table.symbol, table.unit)
    query = sa.select(*entry, sa.func.sum(table.amount)).where(table.account == account, table.sequence > sequence)
    found = connection.execute(query.group_by(*entry))
    return [(Entry(name, symbol, unit), amount) for name, symbol, unit, amount in found]


def known_fill(connection: sa.Connection, account: str, trade_id: str) -> KnownFill | None:
    """Returns a fill with its postings; None when there is no such fill."""
    table = schema.fills.c
    query = sa.select(table.sequence, table.order_id).where(table.account == account, table.trade_id == trade_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    taken_back = row.sequence in reversals(connection, account, [row.order_id])
    return KnownFill(trade_id, row.sequence, row.order_id, postings(connection, account, row.sequence), taken_back)


def postings(connection: sa.Connection, account: str, sequence: int) -> list[Posting]:
    """Returns the postings of one event, in their order."""
    table = schema.postings
    query = sa.select(table).where(table.c.account == account, table.c.sequence == sequence).order_by(table.c.line)
    return [Posting(Entry(row.name, row.symbol, row.unit), row.amount) for row in connection.execute(query)]


def realised(connection: sa.Connection, account: str, sequences: Sequence[int]) -> dict[int, Decimal]:
    """Returns the gains that events realised, by their sequence; an event that sold nothing is not among them."""
    table = schema.postings.c
    of_them = (table.account == account, table.sequence.in_(sequences), table.name == "realised_pnl")
    found = connection.execute(sa.select(table.sequence, table.amount).where(*of_them))
    return {sequence: -amount for sequence, amount in found}


def payloads(connection: sa.Connection, account: str, sequences: Sequence[int]) -> dict[int, str]:
    """Returns the contents of events as JSON, by their sequence."""
    log = schema.events.c
    query = sa.select(log.sequence, log.payload).where(log.account == account, log.sequence.in_(sequences))
    return {row.sequence: row.payload for row in connection.execute(query)}


def reversals(connection: sa.Connection, account: str, order_ids: Collection[str] | None = None) -> dict[int, int]:
    """Returns the sequences of reversals by that of the fill they took back; with `order_ids`, only of their fills."""
    log = schema.events.c
    of_order = [] if order_ids is None else [log.order_id.in_(order_ids)]
    found = events(connection, log.account == account, log.kind == "reversed", *of_order)
    return {reversal_in(event).sequence: event.sequence for event in found}


def all_level_uses(connection: sa.Connection, account: str) -> dict[tuple[str, Side], dict[Decimal, LevelUse]]:
    """Returns what our own fills used of the levels of all books, by symbol and side of the orders, then by price."""
    uses: dict[tuple[str, Side], dict[Decimal, LevelUse]] = {}
    for row in connection.execute(sa.select(schema.consumption).where(_LEVELS.account == account)):
        used = LevelUse(row.shown, row.taken, row.book_sequence, row.seen_at)
        uses.setdefault((row.symbol, row.side), {})[row.price] = used
    return uses
