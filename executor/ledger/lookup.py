"""The reads of a transaction, in two trips: one as it gets the account's lock, one for all of its orders together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from executor.account import Balances
from executor.errors import LedgerUnavailable
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import rows
from executor.ledger.consumption import BookSide
from executor.ledger.pipeline import Query, fetch
from executor.ledger.rows import LedgerHead, OpenOrder
from executor.paper import LevelUse


@dataclass(frozen=True)
class OrderLookup:
    """The facts that the orders of one transaction need.

    new_keys: the clients' keys that no order has yet.
    open_orders: every open order of the account.
    recent: how many orders came within the last second.
    executions: orders executed within the last minute, by symbol and side.
    level_uses: what our own fills used of the books' levels, by symbol and side, then by price.
    """

    new_keys: Set[str]
    open_orders: Sequence[OpenOrder]
    recent: int
    executions: Mapping[BookSide, int]
    level_uses: Mapping[BookSide, dict[Decimal, LevelUse]]


def lock_account(connection: sa.Connection, account: str) -> tuple[LedgerHead, Balances]:
    """Waits for the account's lock; returns the head and the balances under it. Raises `LedgerUnavailable`."""
    values = {"account": account}
    queries = [Query(rows.HEAD, values), Query(rows.BALANCES, values)]
    head, balances = fetch(connection, queries, f"account:{account}")
    if not head:
        raise LedgerUnavailable("the account is not open")
    return rows.head_of(head[0]), rows.balances_of(balances)


def look_up(
    connection: sa.Connection, account: str, at: datetime, keys: Sequence[str], symbols: Set[str]
) -> OrderLookup:
    """Returns the facts for orders with these keys and of these symbols, at the time `at`."""
    values, ordered = {"account": account}, sorted(symbols)
    oldest = int(at.timestamp()) - EXECUTIONS_SECONDS + 1
    queries = [
        Query(rows.KEYS[connection.dialect.name], {**values, "client_order_ids": list(keys)}),
        Query(rows.OPEN, values),
        Query(rows.RECENT, {**values, "since": at - timedelta(seconds=1), "most": rows.MOST_RECENT}),
        Query(rows.EXECUTIONS, {**values, "oldest": oldest}),
        *(Query(rows.LEVEL_USES, {**values, "symbol": symbol}) for symbol in ordered),
    ]
    known, open_orders, [recent], executions, *levels = fetch(connection, queries)
    uses = [rows.level_uses_of(symbol, found) for symbol, found in zip(ordered, levels, strict=True)]
    return OrderLookup(
        new_keys=set(keys) - {row.client_order_id for row in known},
        open_orders=rows.open_of(open_orders),
        recent=int(recent.count),
        executions=rows.executions_of(executions),
        level_uses={side: by_price for of_symbol in uses for side, by_price in of_symbol.items()},
    )
