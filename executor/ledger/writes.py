"""Writes a transaction's rows, each table in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from common.wire import Order, Side
from executor.account import Entry, Posting, Terms
from executor.equity import Anchors
from executor.guardrails.controls import Controls
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import schema
from executor.ledger.events import Event
from executor.ledger.replay import Change
from executor.orders import OPEN
from executor.paper import Taken


class LostUpdate(Exception):
    """An order was changed by someone else while its account was locked; always a fault of ours."""


def log(connection: sa.Connection, recorded: Sequence[Event], postings: Mapping[int, Sequence[Posting]]) -> None:
    """Appends events, their postings and their fills."""
    connection.execute(sa.insert(schema.events), [vars(event) for event in recorded])
    lines = [
        posting_row(recorded[0].account, sequence, line, posting)
        for sequence, parts in postings.items()
        for line, posting in enumerate(parts, start=1)
    ]
    if lines:
        connection.execute(sa.insert(schema.postings), lines)
    fills = [fill_row(event, event.content) for event in recorded if event.kind == "filled"]
    if fills:
        connection.execute(sa.insert(schema.fills), fills)


def posting_row(account: str, sequence: int, line: int, posting: Posting) -> dict[str, Any]:
    """The row of the postings table for one line of an event."""
    row = {"account": account, "sequence": sequence, "line": line, "amount": posting.amount}
    return {**row, **posting.entry._asdict()}


def fill_row(event: Event, content: Any) -> dict[str, Any]:
    """The row of the fills table that a fill's event leads to."""
    row = {"order_id": event.order_id, "account": event.account, "sequence": event.sequence}
    return {**row, "liquidity": content.liquidity, **msgspec.structs.asdict(content.fill)}


def order_row(order: Order, terms: Terms | None) -> dict[str, Any]:
    """The columns of the orders table that change with each event."""
    row = msgspec.structs.asdict(order)
    del row["fills"]
    return {
        **row,
        "denials": msgspec.json.encode(order.denials).decode(),
        "is_open": order.status in OPEN,
        "terms": None if terms is None else msgspec.json.encode(terms).decode(),
    }


def orders(
    connection: sa.Connection, changes: Sequence[Change], terms: Mapping[str, Terms], answered: Mapping[str, int]
) -> None:
    """Inserts the new orders, with the sequences that they were first answered at, and updates the others; raises
    `LostUpdate` when one is not as it was."""
    table = schema.orders
    new = [
        order_row(after, terms.get(after.order_id))
        | {"received_sequence": first_sequence, "answered_sequence": answered[after.order_id]}
        for before, after, first_sequence in changes
        if before is None
    ]
    if new:
        connection.execute(sa.insert(table), new)
    for before, after, _ in changes:
        if before is None:
            continue
        row = order_row(after, terms.get(after.order_id))
        unchanged = (table.c.order_id == after.order_id, table.c.sequence == before.sequence)
        if connection.execute(sa.update(table).where(*unchanged).values(row)).rowcount != 1:
            raise LostUpdate(after.order_id)


def balances(connection: sa.Connection, account: str, amounts: Mapping[Entry, Decimal]) -> None:
    """Sets balances to their new amounts."""
    if amounts:
        changed = [{"account": account, **entry._asdict(), "amount": amount} for entry, amount in amounts.items()]
        connection.execute(_upsert(connection.dialect.name, schema.balances), changed)


def head(connection: sa.Connection, latest: Event, controls: Controls) -> None:
    """Moves the account's head to its latest event."""
    row = {
        "account": latest.account,
        "sequence": latest.sequence,
        "hash": latest.hash,
        "controls": msgspec.json.encode(controls, order="deterministic").decode(),
    }
    connection.execute(_upsert(connection.dialect.name, schema.accounts), row)


def consumption(
    connection: sa.Connection, account: str, notes: Mapping[tuple[tuple[str, Side], Decimal], Taken]
) -> None:
    """Notes how much of each level, by place and price, is used up."""
    changed = [
        {"account": account, "symbol": symbol, "side": side, "price": price, "shown": seen.shown}
        | {"taken": seen.taken, "book_sequence": seen.sequence, "seen_at": seen.seen_at}
        for ((symbol, side), price), seen in notes.items()
    ]
    if changed:
        connection.execute(_upsert(connection.dialect.name, schema.consumption), changed)


def executions(connection: sa.Connection, account: str, second: int, counts: Mapping[tuple[str, Side], int]) -> None:
    """Adds orders that were executed to their second (of Unix time); each takes the place of the minute before."""
    rows = [
        {"account": account, "symbol": symbol, "side": side, "slot": second % EXECUTIONS_SECONDS}
        | {"second": second, "orders": count}
        for (symbol, side), count in counts.items()
    ]
    if rows:
        connection.execute(_add_executions(connection.dialect.name), rows)


def anchors(connection: sa.Connection, account: str, after: Anchors, at: datetime) -> None:
    """Sets what the account's equity is measured from."""
    row = {"account": account, "day": after.day.isoformat(), "day_start": after.day_start, "peak": after.peak}
    connection.execute(_upsert(connection.dialect.name, schema.anchors), {**row, "updated_at": at})


def forget_anchors(connection: sa.Connection, account: str) -> None:
    """Begins to measure the account's equity anew."""
    connection.execute(sa.delete(schema.anchors).where(schema.anchors.c.account == account))


def forget_executions(connection: sa.Connection, account: str) -> None:
    """Begins to count the account's executions anew."""
    connection.execute(sa.delete(schema.executions).where(schema.executions.c.account == account))


@cache
def _add_executions(dialect: str) -> Any:
    table = schema.executions
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    new = statement.excluded
    orders = sa.case((table.c.second == new.second, table.c.orders + new.orders), else_=new.orders)
    values = {"second": new.second, "orders": orders}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)


def forget(connection: sa.Connection, account: str, levels: Sequence[tuple[tuple[str, Side], Decimal]]) -> None:
    """Drops the notes of levels that a newer book no longer shows."""
    table = schema.consumption
    by_place: dict[tuple[str, Side], list[Decimal]] = {}
    for place, price in levels:
        by_place.setdefault(place, []).append(price)
    for (symbol, side), prices in by_place.items():
        level = (table.c.account == account, table.c.symbol == symbol, table.c.side == side)
        connection.execute(sa.delete(table).where(*level, table.c.price.in_(prices)))


@cache
def _upsert(dialect: str, table: sa.Table) -> Any:
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    values = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)
