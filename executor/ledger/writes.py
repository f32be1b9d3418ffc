"""A transaction's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from common.wire import Order, Side
from executor.account import Entry, Posting, Terms
from executor.equity import Anchors
from executor.guardrails.controls import Controls
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import schema
from executor.ledger.bulk import Bulk
from executor.ledger.events import Event
from executor.ledger.replay import Change
from executor.orders import OPEN
from executor.paper import Taken


class LostUpdate(Exception):
    """An order was changed by someone else while its account was locked; always a fault of ours."""


def log(into: Bulk, recorded: Sequence[Event], postings: Mapping[int, Sequence[Posting]]) -> None:
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
    connection: sa.Connection,
    into: Bulk,
    changes: Sequence[Change],
    terms: Mapping[str, Terms],
    answered: Mapping[str, int],
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
    changed = [{"account": account, **entry._asdict(), "amount": amount} for entry, amount in amounts.items()]
    into.upsert(schema.balances, changed)


def head(into: Bulk, latest: Event, controls: Controls) -> None:
    """Moves the account's head to its latest event."""
    row = {
        "account": latest.account,
        "sequence": latest.sequence,
        "hash": latest.hash,
        "controls": msgspec.json.encode(controls, order="deterministic").decode(),
    }
    into.upsert(schema.accounts, [row])


def consumption(into: Bulk, account: str, notes: Mapping[tuple[tuple[str, Side], Decimal], Taken]) -> None:
    """Notes how much of each level, by place and price, is used up."""
    changed = [
        {"account": account, "symbol": symbol, "side": side, "price": price, "shown": seen.shown}
        | {"taken": seen.taken, "book_sequence": seen.sequence, "seen_at": seen.seen_at}
        for ((symbol, side), price), seen in notes.items()
    ]
    into.upsert(schema.consumption, changed)


def executions(into: Bulk, account: str, second: int, counts: Mapping[tuple[str, Side], int]) -> None:
    """Adds orders that were executed to their second (of Unix time); each takes the place of the minute before."""
    rows = [
        {"account": account, "symbol": symbol, "side": side, "slot": second % EXECUTIONS_SECONDS}
        | {"second": second, "orders": count}
        for (symbol, side), count in counts.items()
    ]
    same = "executions.second = excluded.second"
    added = f"CASE WHEN {same} THEN executions.orders + excluded.orders ELSE excluded.orders END"
    into.upsert(schema.executions, rows, orders=added)


def anchors(connection: sa.Connection, account: str, after: Anchors, at: datetime) -> None:
    """Sets what the account's equity is measured from."""
    row = {"account": account, "day": after.day.isoformat(), "day_start": after.day_start, "peak": after.peak}
    into = Bulk()
    into.upsert(schema.anchors, [{**row, "updated_at": at}])
    into.write(connection)


def forget_anchors(connection: sa.Connection, account: str) -> None:
    """Begins to measure the account's equity anew."""
    connection.execute(sa.delete(schema.anchors).where(schema.anchors.c.account == account))


def forget_executions(connection: sa.Connection, account: str) -> None:
    """Begins to count the account's executions anew."""
    connection.execute(sa.delete(schema.executions).where(schema.executions.c.account == account))


def forget(connection: sa.Connection, account: str, levels: Sequence[tuple[tuple[str, Side], Decimal]]) -> None:
    """Drops the notes of levels that a newer book no longer shows."""
    table = schema.consumption
    by_place: dict[tuple[str, Side], list[Decimal]] = {}
    for place, price in levels:
        by_place.setdefault(place, []).append(price)
    for (symbol, side), prices in by_place.items():
        level = (table.c.account == account, table.c.symbol == symbol, table.c.side == side)
        connection.execute(sa.delete(table).where(*level, table.c.price.in_(prices)))
