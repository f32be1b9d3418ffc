"""Reads rows into messages and state, on an open connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from common.wire import Denial, Fill, Order, Side
from executor.account import Entry, Posting, Terms
from executor.errors import UnknownOrder
from executor.guardrails.controls import Controls
from executor.ledger import schema
from executor.ledger.events import LedgerEvent, reversal_in
from executor.ledger.replay import Replay
from executor.losses import Anchors
from executor.paper import LevelUse

_ORDER_FIELDS = frozenset(Order.__struct_fields__) - {"denials", "fills"}
_ORDER_COLUMNS = [column for column in schema.orders.c if column.name in {*_ORDER_FIELDS, "denials"}]

# Every order needs these statements. They are built once, because building them costs more than sending them.
_ACCOUNT: sa.BindParameter[str] = sa.bindparam("account")
_ORDERS, _LEVELS, _SLOTS = schema.orders.c, schema.consumption.c, schema.executions.c
HEAD = sa.select(schema.accounts).where(schema.accounts.c.account == _ACCOUNT)
BALANCES = sa.select(schema.balances).where(schema.balances.c.account == _ACCOUNT)
_OPEN_COLUMNS = ("order_id", "symbol", "side", "limit_price", "quantity", "filled_quantity", "terms")
OPEN = sa.select(*(_ORDERS[name] for name in _OPEN_COLUMNS)).where(_ORDERS.account == _ACCOUNT, _ORDERS.is_open)
MOST_RECENT = 100_000
RECENT = sa.select(sa.func.count().label("count")).select_from(
    sa.select(sa.literal_column("1"))
    .where(_ORDERS.account == _ACCOUNT, _ORDERS.received_at > sa.bindparam("since", type_=schema.Utc))
    .limit(sa.bindparam("most"))
    .subquery()
)
_BY_KEY = sa.select(_ORDERS.order_id, _ORDERS.sequence, _ORDERS.answered_sequence).where(
    _ORDERS.account == _ACCOUNT, _ORDERS.client_order_id == sa.bindparam("client_order_id")
)
_KEYS = sa.select(_ORDERS.client_order_id).where(_ORDERS.account == _ACCOUNT)
KEYS = {
    "postgresql": _KEYS.where(
        _ORDERS.client_order_id == sa.any_(sa.bindparam("client_order_ids", type_=sa.ARRAY(sa.Text)))
    ),
    "sqlite": _KEYS.where(_ORDERS.client_order_id.in_(sa.bindparam("client_order_ids", expanding=True))),
}
LEVEL_USES = sa.select(schema.consumption).where(_LEVELS.account == _ACCOUNT, _LEVELS.symbol == sa.bindparam("symbol"))
EXECUTIONS = (
    sa.select(_SLOTS.symbol, _SLOTS.side, sa.func.sum(_SLOTS.orders).label("orders"))
    .where(_SLOTS.account == _ACCOUNT, _SLOTS.second >= sa.bindparam("oldest"))
    .group_by(_SLOTS.symbol, _SLOTS.side)
)
_ANCHORS = sa.select(schema.anchors).where(schema.anchors.c.account == _ACCOUNT)


class LedgerHead(NamedTuple):
    """The latest event of an account.

    sequence, hash: of that event.
    controls: the controls after it.
    """

    sequence: int
    hash: str
    controls: Controls


class OpenOrder(NamedTuple):
    """An open order, with the fields that guardrails need.

    order_id, symbol, side, limit_price: of the order.
    remaining: the quantity that is still to be filled.
    terms: the terms that it was accepted on.
    """

    order_id: str
    symbol: str
    side: Side
    limit_price: Decimal
    remaining: Decimal
    terms: Terms


class RestingOrder(NamedTuple):
    """An open order, with the fields that matching needs.

    order_id, symbol, side, limit_price: of the order.
    """

    order_id: str
    symbol: str
    side: Side
    limit_price: Decimal


def head(connection: sa.Connection, account: str) -> LedgerHead | None:
    """Returns the account's head; None when it was never opened."""
    row = connection.execute(HEAD, {"account": account}).one_or_none()
    return None if row is None else head_of(row)


def head_of(row: Any) -> LedgerHead:
    """Returns the head in a row of `HEAD`."""
    return LedgerHead(row.sequence, row.hash, msgspec.json.decode(row.controls, type=Controls))


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
    return None if row is None else Anchors(date.fromisoformat(row.day), row.day_start, row.peak)


def orders(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int = 500, by_change: bool = False
) -> list[Order]:
    """Returns the orders that meet the conditions, newest first, or, with `by_change`, by their latest change."""
    place = _ORDERS.sequence if by_change else _ORDERS.received_sequence.desc()
    rows = connection.execute(sa.select(*_ORDER_COLUMNS).where(*conditions).order_by(place).limit(limit)).all()
    return _with_fills(connection, rows)


def order(connection: sa.Connection, account: str, order_id: str) -> Order:
    """Returns the order as it is now. Raises `UnknownOrder`."""
    found = orders(connection, _ORDERS.order_id == order_id, _ORDERS.account == account)
    if not found:
        raise UnknownOrder(order_id)
    return found[0]


def _with_fills(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Order]:
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


def balances(connection: sa.Connection, account: str) -> dict[Entry, Decimal]:
    """Returns every balance of the account."""
    return balances_of(connection.execute(BALANCES, {"account": account}))


def balances_of(found: Iterable[Any]) -> dict[Entry, Decimal]:
    """Returns the balances in rows of `BALANCES`."""
    return {Entry(row.name, row.symbol, row.unit): row.amount for row in found}


def open_orders(connection: sa.Connection, account: str) -> list[OpenOrder]:
    """Returns every open order."""
    return open_of(connection.execute(OPEN, {"account": account}))


def open_of(found: Iterable[Any]) -> list[OpenOrder]:
    """Returns the orders in rows of `OPEN`."""
    return [
        OpenOrder(
            row.order_id,
            row.symbol,
            row.side,
            row.limit_price,
            row.quantity - row.filled_quantity,
            msgspec.json.decode(row.terms, type=Terms),
        )
        for row in found
    ]


def executions_of(found: Iterable[Any]) -> dict[tuple[str, Side], int]:
    """Returns how many orders were executed, by symbol and side, in rows of `EXECUTIONS`."""
    return {(row.symbol, row.side): int(row.orders) for row in found}


def twin(connection: sa.Connection, order: Order, since: datetime) -> str | None:
    """Returns the id of another order that came after a time and asked for the same; None when there is none."""
    table = schema.orders.c
    same = [table[name] == getattr(order, name) for name in ("account", "symbol", "side", "type", "quantity")]
    price = table.limit_price.is_(None) if order.limit_price is None else table.limit_price == order.limit_price
    query = sa.select(table.order_id).where(*same, price, table.received_at > since, table.order_id != order.order_id)
    found: str | None = connection.execute(query.limit(1)).scalar_one_or_none()
    return found


def resting_orders(connection: sa.Connection, account: str, symbol: str | None = None) -> list[RestingOrder]:
    """Returns the open orders, oldest first; with `symbol`, only its own."""
    table = schema.orders.c
    query = sa.select(table.order_id, table.symbol, table.side, table.limit_price)
    query = query.where(table.account == account, table.is_open, *([table.symbol == symbol] if symbol else []))
    return [RestingOrder(*row) for row in connection.execute(query.order_by(table.received_sequence))]


def open_places(connection: sa.Connection, account: str) -> list[tuple[str, Side]]:
    """Returns the symbols and sides that have open orders."""
    table = schema.orders.c
    query = sa.select(table.symbol, table.side).where(table.account == account, table.is_open).distinct()
    return [(row.symbol, row.side) for row in connection.execute(query.order_by(table.symbol, table.side))]


def fill(connection: sa.Connection, account: str, trade_id: str) -> tuple[int, str] | None:
    """Returns the sequence of a fill's event and the order's id; None when there is no such fill."""
    table = schema.fills.c
    query = sa.select(table.sequence, table.order_id).where(table.account == account, table.trade_id == trade_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.sequence, row.order_id)


def postings(connection: sa.Connection, account: str, sequence: int) -> list[Posting]:
    """Returns the postings of one event, in their order."""
    table = schema.postings
    query = sa.select(table).where(table.c.account == account, table.c.sequence == sequence).order_by(table.c.line)
    return [Posting(Entry(row.name, row.symbol, row.unit), row.amount) for row in connection.execute(query)]


def reversals(connection: sa.Connection, account: str, order_id: str | None = None) -> dict[int, int]:
    """Returns the sequences of reversals by that of the fill they took back; with `order_id`, only of its fills."""
    log = schema.events.c
    of_order = [] if order_id is None else [log.order_id == order_id]
    found = events(connection, log.account == account, log.kind == "reversed", *of_order)
    return {reversal_in(event).sequence: event.sequence for event in found}


def terms_of(connection: sa.Connection, order_ids: Sequence[str]) -> dict[str, Terms]:
    """Returns the terms of accepted orders, by order."""
    table = schema.orders.c
    rows = connection.execute(sa.select(table.order_id, table.terms).where(table.order_id.in_(order_ids)))
    return {row.order_id: msgspec.json.decode(row.terms, type=Terms) for row in rows}


def level_uses(connection: sa.Connection, account: str, symbol: str) -> dict[tuple[str, Side], dict[Decimal, LevelUse]]:
    """Returns what our own fills used of the symbol's levels, by book side, then by price."""
    return level_uses_of(symbol, connection.execute(LEVEL_USES, {"account": account, "symbol": symbol}))


def level_uses_of(symbol: str, found: Iterable[Any]) -> dict[tuple[str, Side], dict[Decimal, LevelUse]]:
    """Returns the used levels in rows of `LEVEL_USES`."""
    uses: dict[tuple[str, Side], dict[Decimal, LevelUse]] = {(symbol, "buy"): {}, (symbol, "sell"): {}}
    for row in found:
        uses[symbol, row.side][row.price] = LevelUse(row.shown, row.taken, row.book_sequence, row.seen_at)
    return uses
