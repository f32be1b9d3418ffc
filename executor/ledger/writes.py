"""Writes the rows of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from common import wire
from common.wire import Order, Side
from executor.account import Entry, Posting, Terms
from executor.guardrails.controls import Controls
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import schema
from executor.ledger.bulk import Bulk
from executor.ledger.events import LedgerEvent
from executor.ledger.replay import OrderChange
from executor.losses import Anchors
from executor.orders import OPEN
from executor.paper import LevelUse


class LostUpdate(Exception):
    """Another writer changed an order while its account was locked. This is always a fault of the code."""


def log(into: Bulk, recorded: Sequence[LedgerEvent], postings: Mapping[int, Sequence[Posting]]) -> None:
    """Appends events, their postings and their fills."""
    into.insert(schema.events, [vars(event) for event in recorded])
    lines = [
        posting_row(recorded[0].account, sequence, line, posting)
        for sequence, parts in postings.items()
        for line, posting in enumerate(parts, start=1)
    ]
    into.insert(schema.postings, lines)
    fills = [fill_row(event, event.content) for event in recorded if event.kind == "filled"]
    into.insert(schema.fills, fills)


def posting_row(account: str, sequence: int, line: int, posting: Posting) -> dict[str, Any]:
    """Returns the row of the postings table for one line of an event."""
    row = {"account": account, "sequence": sequence, "line": line, "amount": posting.amount}
    return {**row, **posting.entry._asdict()}


def fill_row(event: LedgerEvent, content: Any) -> dict[str, Any]:
    """Returns the row of the fills table for a fill's event."""
    row = {"order_id": event.order_id, "account": event.account, "sequence": event.sequence}
    return {**row, "liquidity": content.liquidity, **msgspec.structs.asdict(content.fill)}


def order_row(order: Order, terms: Terms | None) -> dict[str, Any]:
    """Returns the columns of the orders table that change with each event."""
    row = msgspec.structs.asdict(order)
    del row["fills"]
    return {
        **row,
        "denials": wire.encode(order.denials).decode(),
        "is_open": order.status in OPEN,
        "terms": None if terms is None else wire.encode(terms).decode(),
    }


def orders(
    connection: sa.Connection,
    into: Bulk,
    changes: Sequence[OrderChange],
    terms: Mapping[str, Terms],
    answered: Mapping[str, int],
) -> None:
    """Inserts the new orders and updates the others.

    `answered` has the sequence at which each new order was first answered. Raises `LostUpdate` when a row is not as it
    was read.
    """
    table = schema.orders
    new = [
        order_row(after, terms.get(after.order_id))
        | {"received_sequence": first_sequence, "answered_sequence": answered[after.order_id]}
        for before, after, first_sequence in changes
        if before is None
    ]
    into.insert(table, new)
    for before, after, _ in changes:
        if before is None:
            continue
        row = order_row(after, terms.get(after.order_id))
        unchanged = (table.c.order_id == after.order_id, table.c.sequence == before.sequence)
        if connection.execute(sa.update(table).where(*unchanged).values(row)).rowcount != 1:
            raise LostUpdate(after.order_id)


def balances(into: Bulk, account: str, amounts: Mapping[Entry, Decimal]) -> None:
    """Sets balances to their new amounts."""
    into.upsert(schema.balances, balance_rows(account, amounts))


def balance_rows(account: str, amounts: Mapping[Entry, Decimal]) -> list[dict[str, Any]]:
    """Returns the rows of the balances table."""
    return [{"account": account, **entry._asdict(), "amount": amount} for entry, amount in amounts.items()]


def head(into: Bulk, latest: LedgerEvent, controls: Controls) -> None:
    """Moves the account's head to its latest event."""
    row = {
        "account": latest.account,
        "sequence": latest.sequence,
        "hash": latest.hash,
        "controls": wire.encode(controls, order="deterministic").decode(),
    }
    into.upsert(schema.accounts, [row])


def consumption(into: Bulk, account: str, uses: Mapping[tuple[tuple[str, Side], Decimal], LevelUse]) -> None:
    """Sets how much of each level is used, by book side and price."""
    changed = [
        {"account": account, "symbol": symbol, "side": side, "price": price, "shown": use.shown}
        | {"taken": use.used, "book_sequence": use.sequence, "seen_at": use.seen_at}
        for ((symbol, side), price), use in uses.items()
    ]
    into.upsert(schema.consumption, changed)


def executions(into: Bulk, account: str, second: int, counts: Mapping[tuple[str, Side], int]) -> None:
    """Adds executed orders to their second of Unix time. A second's row is used again a minute later."""
    rows = [
        {"account": account, "symbol": symbol, "side": side, "slot": second % EXECUTIONS_SECONDS}
        | {"second": second, "orders": count}
        for (symbol, side), count in counts.items()
    ]
    same = "executions.second = excluded.second"
    added = f"CASE WHEN {same} THEN executions.orders + excluded.orders ELSE excluded.orders END"
    into.upsert(schema.executions, rows, orders=added)


def anchors(connection: sa.Connection, account: str, after: Anchors, at: datetime) -> None:
    """Sets the equities that losses are measured from."""
    row = {"account": account, "day": after.day.isoformat(), "day_start": after.day_start, "peak": after.peak}
    into = Bulk()
    into.upsert(schema.anchors, [{**row, "updated_at": at}])
    into.write(connection)


def forget_anchors(connection: sa.Connection, account: str) -> None:
    """Deletes the account's anchors, so that losses are measured anew."""
    connection.execute(sa.delete(schema.anchors).where(schema.anchors.c.account == account))


def forget_executions(connection: sa.Connection, account: str) -> None:
    """Deletes the account's executions, so that they are counted anew."""
    connection.execute(sa.delete(schema.executions).where(schema.executions.c.account == account))


def forget_levels(connection: sa.Connection, account: str, levels: Sequence[tuple[tuple[str, Side], Decimal]]) -> None:
    """Deletes levels that no book shows any more."""
    table = schema.consumption
    by_side: dict[tuple[str, Side], list[Decimal]] = {}
    for place, price in levels:
        by_side.setdefault(place, []).append(price)
    for (symbol, side), prices in by_side.items():
        level = (table.c.account == account, table.c.symbol == symbol, table.c.side == side)
        connection.execute(sa.delete(table).where(*level, table.c.price.in_(prices)))
