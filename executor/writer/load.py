"""Loads an account for a writer: the latest checkpoint, what was appended since, and the open orders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from common.wire import Fill, Level, Order
from executor.account import Terms
from executor.guardrails.controls import Controls
from executor.guardrails.limits import EXECUTIONS_SECONDS
from executor.ledger import rows, schema
from executor.ledger.events import RARE_KINDS, OrderFilled
from executor.ledger.replay import controlled
from executor.paper import LevelUse, use_level
from executor.writer.open_orders import Place
from executor.writer.recent import RATE_SECONDS, Asked, Past
from executor.writer.state import Loaded

ZERO = Decimal(0)
READ_TOGETHER = 2_000
_SHARED_TEXTS = ("account", "symbol", "side", "type", "time_in_force", "status")
_TERMS_TEXTS = ("base_asset", "quote_currency", "reserve_name", "reserve_symbol", "reserve_unit")
_ORDER_FIELDS = tuple(name for name in Order.__struct_fields__ if name not in ("denials", "fills"))
_FILL_FIELDS = Fill.__struct_fields__
# Rows are taken as the driver gives them, whose numbers are exact already: ten thousand orders may have to be read
# while everybody waits for a new writer. The parts of the texts are names of our own.
_OPEN = f"SELECT {', '.join(_ORDER_FIELDS)}, terms FROM orders WHERE account = %(account)s AND is_open"  # noqa: S608
_OPEN_FILLS = (
    f"SELECT fills.order_id, {', '.join(f'fills.{name}' for name in _FILL_FIELDS)} FROM fills "  # noqa: S608
    "JOIN orders USING (order_id) WHERE orders.account = %(account)s AND is_open ORDER BY fills.sequence"
)
_TAIL_FILLS = (
    "SELECT orders.symbol, orders.side, payload, events.recorded_at, events.sequence "
    "FROM events JOIN orders USING (order_id) "
    "WHERE events.account = %(account)s AND events.sequence > %(after)s AND kind = 'filled' ORDER BY events.sequence"
)
_BEFORE = (
    "SELECT sequence FROM events WHERE account = %(account)s AND recorded_at <= %(since)s "
    "ORDER BY sequence DESC LIMIT 1"
)
"""The latest event that is older than a window: what is in the window comes after it, however much that is."""
_RECENT = (
    f"SELECT {', '.join(Asked._fields)}, order_id, received_at FROM orders "  # noqa: S608
    "WHERE account = %(account)s AND received_at > %(since)s "
    "AND received_sequence > %(after)s ORDER BY received_sequence"
)
_FIRST_FILL = "-1"
"""The end of the id of an order's first fill."""


def load(connection: sa.Connection, account: str, at: datetime, remember: Callable[[Controls], float]) -> Loaded | None:
    """Returns the account as of now; None when it was never opened. Its open orders are read as they are taken.

    `at` is the time, UTC; where the latest event is later, its time counts. `remember` gives the seconds in which the
    same order is a duplicate.
    """
    checkpoint = rows.head(connection, account)
    if checkpoint is None:
        return None
    after = {"account": account, "after": checkpoint.sequence}
    log = schema.events.c
    [latest] = rows.latest_events(connection, log.account == account, limit=1)
    balances = rows.balances(connection, account)
    for entry, amount in rows.moved_since(connection, account, checkpoint.sequence):
        balances[entry] = balances.get(entry, ZERO) + amount
    controls = _controls(connection, account, checkpoint)
    return Loaded(
        account=account,
        sequence=latest.sequence,
        hash=latest.hash,
        controls=controls,
        balances=balances,
        anchors=rows.anchors(connection, account),
        open_orders=_open_orders(connection, account),
        uses=_uses(connection, account, after),
        past=_past(connection, account, max(at, latest.recorded_at), remember(controls)),
        recorded_at=latest.recorded_at,
    )


def _controls(connection: sa.Connection, account: str, checkpoint: rows.LedgerHead) -> Controls:
    log, controls = schema.events.c, checkpoint.controls
    since = (log.account == account, log.sequence > checkpoint.sequence, log.kind.in_(RARE_KINDS))
    for event in rows.events(connection, *since):
        controls = controlled(controls, event.recorded_at, event.content)
    return controls


def _open_orders(connection: sa.Connection, account: str) -> Iterator[tuple[Order, Terms]]:
    fills: dict[str, list[Fill]] = {}
    for order_id, *values in connection.exec_driver_sql(_OPEN_FILLS, {"account": account}):
        fills.setdefault(order_id, []).append(Fill(**dict(zip(_FILL_FIELDS, values, strict=True))))
    read, share = msgspec.json.Decoder(Terms).decode, _Shared()
    found = connection.exec_driver_sql(_OPEN, {"account": account}, execution_options={"yield_per": READ_TOGETHER})
    for *values, terms in found:
        row = dict(zip(_ORDER_FIELDS, values, strict=True))
        of_it = fills.pop(row["order_id"], ())
        yield Order(**share.row(row), denials=(), fills=tuple(of_it)), share.terms(read(terms))


class _Shared:
    """Gives equal values of many orders as one object: an account may have a hundred thousand open orders."""

    def __init__(self) -> None:
        self._terms: dict[Terms, Terms] = {}

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """Returns the fields of an order, their texts and its times shared."""
        for name in _SHARED_TEXTS:
            row[name] = sys.intern(row[name])
        if row["updated_at"] == row["received_at"]:
            row["updated_at"] = row["received_at"]
        for name in ("filled_quantity", "fees"):
            if str(row[name]) == "0":
                row[name] = ZERO
        return row

    def terms(self, terms: Terms) -> Terms:
        """Returns the terms as other orders have them, or with their texts shared."""
        known = self._terms.get(terms)
        if known is None:
            texts = {name: sys.intern(getattr(terms, name)) for name in _TERMS_TEXTS}
            known = msgspec.structs.replace(terms, **texts)
            self._terms[known] = known
        return known


def _uses(connection: sa.Connection, account: str, after: Mapping[str, Any]) -> dict[Place, dict[Decimal, LevelUse]]:
    """Returns the levels of the checkpoint, with those that fills used since."""
    uses = rows.all_level_uses(connection, account)
    read = msgspec.json.Decoder(OrderFilled).decode
    for symbol, side, payload, _, _ in connection.exec_driver_sql(_TAIL_FILLS, after):
        content = read(payload)
        level = content.level
        if level is not None:
            of_place = uses.setdefault((symbol, side), {})
            shown, taken = Level(price=level.price, quantity=level.shown), content.fill.quantity
            of_place[level.price] = use_level(shown, of_place.get(level.price), taken, level.sequence, level.seen_at)
    return uses


def _before(connection: sa.Connection, account: str, since: datetime) -> int:
    """Returns the sequence of the latest event that was recorded at `since` or before; 0 when there is none."""
    found = connection.exec_driver_sql(_BEFORE, {"account": account, "since": since}).scalar_one_or_none()
    return 0 if found is None else int(found)


def _past(connection: sa.Connection, account: str, at: datetime, remember: float) -> Past:
    since = at - timedelta(seconds=max(RATE_SECONDS, remember))
    values = {"account": account, "after": _before(connection, account, since), "since": since}
    received, asked = [], []
    found = connection.exec_driver_sql(_RECENT, values).fetchall()
    for age, (*wanted, order_id, _) in zip(ages([row[-1] for row in found], at), found, strict=True):
        if age <= RATE_SECONDS:
            received.append(age)
        if age <= remember:
            asked.append((Asked(*wanted), age, order_id))
    return Past(received, list(_executed(connection, account, at)), asked, remember)


def _executed(connection: sa.Connection, account: str, at: datetime) -> Iterator[tuple[Place, float]]:
    """Yields the first fills of the last minute, since the account was last released from a hold."""
    log = schema.events.c
    released = rows.latest_events(connection, log.account == account, log.kind == "released", limit=1)
    before = _before(connection, account, at - timedelta(seconds=EXECUTIONS_SECONDS))
    after = max([before, *(event.sequence for event in released)])
    found = connection.exec_driver_sql(_TAIL_FILLS, {"account": account, "after": after}).fetchall()
    for age, (symbol, side, payload, _, _) in zip(ages([row[3] for row in found], at), found, strict=True):
        if age <= EXECUTIONS_SECONDS and f'{_FIRST_FILL}"' in payload:
            yield (symbol, side), age


def ages(times: Sequence[datetime], at: datetime) -> list[float]:
    """Returns the ages at `at`, in seconds, of rows in the order in which they were written.

    An age is the sum of the steps forward since then. Where a clock was set back between two rows, the earlier one is
    at least as old as the later one, so that none counts for ever; and none is left out for being of the future.
    """
    found, age, later = [], 0.0, at
    for time in reversed(times):
        age += max(0.0, (later - time).total_seconds())
        found.append(age)
        later = time
    return found[::-1]
