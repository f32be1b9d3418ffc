"""What a transaction reads of its account, in two goes: as it gets the lock, and for all of its orders together."""

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
from executor.ledger.ask import Question, ask
from executor.ledger.consumption import Place
from executor.ledger.rows import Head, Open
from executor.paper import Taken


@dataclass(frozen=True)
class ForOrders:
    """What orders need that share a transaction: which of their keys are new, the open orders, how many orders came
    within the last second, what was executed within the last minute, and what was taken of the levels."""

    new_keys: Set[str]
    open_orders: Sequence[Open]
    recent: int
    executions: Mapping[Place, int]
    taken: Mapping[Place, dict[Decimal, Taken]]


def locked(connection: sa.Connection, lock: str, account: str) -> tuple[Head, Balances]:
    """Waits for the named lock; the head and the balances under it. Raises `LedgerUnavailable`."""
    whose = {"account": account}
    head, balances = ask(connection, [Question(rows.HEAD, whose), Question(rows.BALANCES, whose)], lock)
    if not head:
        raise LedgerUnavailable("the account is not open")
    return rows.head_of(head[0]), rows.balances_of(balances)


def for_orders(
    connection: sa.Connection, account: str, at: datetime, keys: Sequence[str], symbols: Set[str]
) -> ForOrders:
    """For orders with these keys and of these symbols, at a time."""
    whose, places = {"account": account}, sorted(symbols)
    oldest = int(at.timestamp()) - EXECUTIONS_SECONDS + 1
    questions = [
        Question(rows.KEYS[connection.dialect.name], {**whose, "client_order_ids": list(keys)}),
        Question(rows.OPEN, whose),
        Question(rows.RECENT, {**whose, "since": at - timedelta(seconds=1), "most": rows.MOST_RECENT}),
        Question(rows.EXECUTIONS, {**whose, "oldest": oldest}),
        *(Question(rows.TAKEN, {**whose, "symbol": symbol}) for symbol in places),
    ]
    known, open_orders, [recent], executions, *levels = ask(connection, questions)
    taken = [rows.taken_of(symbol, found) for symbol, found in zip(places, levels, strict=True)]
    return ForOrders(
        new_keys=set(keys) - {row.client_order_id for row in known},
        open_orders=rows.open_of(open_orders),
        recent=int(recent.count),
        executions=rows.executions_of(executions),
        taken={place: notes for of_symbol in taken for place, notes in of_symbol.items()},
    )
