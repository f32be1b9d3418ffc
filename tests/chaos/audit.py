"""What the ledger says in the end, read over a connection of its own, against what the clients were told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.rows import class_row

from common.answers import AccountStatus
from common.wire import Order, Side
from executor.account import Terms
from executor.errors import LedgerUnavailable
from executor.ledger.compare import LedgerFault
from executor.ledger.engine import make_engine, reading
from executor.ledger.verify import verify
from executor.orders import FINAL, OPEN
from tests.chaos.database import Database
from tests.chaos.journal import Asked, Journal
from tests.chaos.levels import Taken
from tests.chaos.market import CASH, SYMBOLS

ASKED = ("symbol", "side", "type", "time_in_force", "quantity", "limit_price", "post_only")
ORDERS = """SELECT order_id, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, post_only,
                   replaces, status, filled_quantity, terms FROM orders ORDER BY received_sequence"""
FILLS = """SELECT f.order_id, f.trade_id, f.price, f.quantity, f.fee, f.filled_at, f.liquidity, o.symbol, o.side
           FROM fills f JOIN orders o USING (order_id) ORDER BY f.sequence"""
BALANCES = """SELECT name, symbol, unit, sum(amount) FROM postings WHERE name IN ('cash', 'position', 'fees')
              GROUP BY name, symbol, unit"""

Entry = tuple[str, str, str]
"""cash, position or fees; the symbol, empty for cash; the unit."""


@dataclass(frozen=True)
class KeptOrder:
    """A row of the ledger's orders."""

    order_id: str
    client_order_id: str
    symbol: str
    side: Side
    type: str
    time_in_force: str
    quantity: Decimal
    limit_price: Decimal | None
    post_only: bool
    replaces: str | None
    status: str
    filled_quantity: Decimal
    terms: str | None


@dataclass(frozen=True)
class KeptFill:
    """A row of the ledger's fills, with symbol and side of its order."""

    order_id: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    filled_at: datetime
    liquidity: str
    symbol: str
    side: Side


@dataclass(frozen=True)
class Kept:
    """All that is compared: orders by id in the order of their receipt, fills in the order they were made.

    sequence: of the latest event, once all others were read.
    """

    orders: list[KeptOrder]
    fills: list[KeptFill]
    balances: dict[Entry, Decimal]
    sequence: int


def read(database: Database) -> Kept:
    """Over a fresh connection; raises `psycopg.OperationalError`."""
    with database.connect("spark") as connection:
        orders = connection.cursor(row_factory=class_row(KeptOrder)).execute(ORDERS).fetchall()
        fills = connection.cursor(row_factory=class_row(KeptFill)).execute(FILLS).fetchall()
        balances: list[Any] = connection.execute(BALANCES).fetchall()
        latest: Any = connection.execute("SELECT max(sequence) FROM events").fetchone()
    return Kept(orders, fills, {(name, symbol, unit): amount for name, symbol, unit, amount in balances}, latest[0])


def lost(journal: Journal, kept: Kept) -> list[str]:
    """What was told and is not there, or not as it was told: an order's fills may only have grown since, and one that
    had ended may not have changed at all."""
    by_id = {order.order_id: order for order in kept.orders}
    fills: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for fill in kept.fills:
        fills[fill.order_id][fill.trade_id] = (fill.price, fill.quantity, fill.fee, fill.filled_at)
    found = []
    for asked, order in journal.told:
        faults = _faults(asked, order, by_id.get(order.order_id), fills[order.order_id])
        found += [f"{order.order_id} ({order.client_order_id}) {fault}" for fault in faults]
    for order_id, status in journal.final:
        kept_status = by_id[order_id].status if order_id in by_id else "not in the ledger"
        found += [f"{order_id} was told to be {status} and is {kept_status}"] if kept_status != status else []
    return list(dict.fromkeys(found))


def _faults(asked: Asked | None, order: Order, row: KeptOrder | None, fills: Mapping[str, Any]) -> list[str]:
    if row is None:
        return ["was acknowledged and is not in the ledger"]
    wanted = {name: getattr(asked.request, name, None) for name in ASKED} if asked else {}
    wanted |= {"replaces": asked.replaces} if asked else {}
    told = {name: getattr(order, name) for name in ("client_order_id", "replaces", *ASKED)}
    found = [
        f"was {how} with {name} {value} and has {getattr(row, name)}"
        for how, values in (("told", told), ("asked for", wanted))
        for name, value in values.items()
        if value != getattr(row, name) and (how == "told" or value is not None)
    ]
    for fill in order.fills:
        part, kept = (fill.price, fill.quantity, fill.fee, fill.filled_at), fills.get(fill.trade_id)
        found += [f"was told with the fill {fill.trade_id} {part}, the ledger has {kept}"] if part != kept else []
    if order.status in FINAL and (order.status, len(order.fills)) != (row.status, len(fills)):
        found.append(f"had ended as {order.status}, {len(order.fills)} fills, and is {row.status}, {len(fills)} fills")
    if row.filled_quantity != sum((part[1] for part in fills.values()), Decimal(0)):
        found.append(f"says that {row.filled_quantity} of it is filled, its fills say otherwise")
    return found


def doubled(journal: Journal, kept: Kept) -> list[str]:
    """Keys that are in the ledger more than once, that had more than one answer, or that are there though nobody got
    an order in answer to them."""
    answers, found = journal.answers(), []
    for key, count in Counter(order.client_order_id for order in kept.orders).items():
        found += [f"{key} is in the ledger {count} times"] if count > 1 else []
        found += [f"{key} is in the ledger, no answer said so"] if key not in answers else []
    for key, told in answers.items():
        ids = sorted({answer.order.order_id for answer in told})
        if len(ids) > 1:
            found.append(f"{key} was answered with {' and '.join(ids)}")
        elif any(answer.order != told[0].order for answer in told):
            found.append(f"{key} was not always given its first answer: {[answer.order for answer in told]}")
    return found


def unbalanced(kept: Kept) -> list[str]:
    """Balances that are not what the fills alone lead to, and those below zero."""
    expected: defaultdict[Entry, Decimal] = defaultdict(Decimal)
    expected.update({("cash", "", currency): amount for currency, amount in CASH.items()})
    for fill in kept.fills:
        base, quote = SYMBOLS[fill.symbol]
        sign = 1 if fill.side == "buy" else -1
        expected["cash", "", quote] -= sign * fill.price * fill.quantity + fill.fee
        expected["fees", fill.symbol, quote] += fill.fee
        expected[("cash", "", base) if base in CASH else ("position", fill.symbol, base)] += sign * fill.quantity
    found = [
        f"{' '.join(entry)} is {kept.balances.get(entry)}, the fills lead to {expected.get(entry)}"
        for entry in sorted({*expected, *kept.balances})
        if kept.balances.get(entry) != expected.get(entry)
    ]
    return found + [f"{' '.join(entry)} is {amount}" for entry, amount in kept.balances.items() if amount < 0]


def misprojected(kept: Kept, account: AccountStatus | None) -> list[str]:
    """Compares the open orders in the memory of the executor that writes with what the rows of orders lead to."""
    if account is None:
        return ["no executor told the account in the end"]
    resting = [order for order in kept.orders if order.status in OPEN]
    reserved: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in resting:
        terms = msgspec.json.decode(order.terms or "", type=Terms)
        if terms.reserve.name == "cash":
            reserved[terms.reserve.unit] += (order.quantity - order.filled_quantity) * terms.reserve_per_unit
    found = [] if account.open_orders == len(resting) else [f"{account.open_orders} open, {len(resting)} in the ledger"]
    return found + [
        f"{amount} {unit} reserved, the orders lead to {reserved[unit]}"
        for unit, amount in account.reserved.items()
        if amount != reserved[unit]
    ]


def taken(kept: Kept, symbol: str) -> list[Taken]:
    """The fills of a symbol, as far as the levels are concerned."""
    return [
        Taken(
            fill.trade_id, fill.side, fill.price, fill.quantity, fill.filled_at.timestamp(), fill.liquidity == "maker"
        )
        for fill in kept.fills
        if fill.symbol == symbol
    ]


def verified(database: Database) -> str:
    """`clean`, or what `executor.ledger.verify` found."""
    engine = make_engine(database.url, database.password, patient=True)
    try:
        verify(lambda: reading(engine))
    except (LedgerFault, LedgerUnavailable) as error:
        return str(error)
    finally:
        engine.dispose()
    return "clean"
