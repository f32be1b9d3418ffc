"""Writes the rows of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from common import wire
from common.wire import Order, Side
from executor.account import Entry, Posting, Terms
from executor.ledger.events import LedgerEvent, OrderFilled
from executor.orders import OPEN
from executor.paper import LevelUse


def posting_row(account: str, sequence: int, line: int, posting: Posting) -> dict[str, Any]:
    """Returns the row of the postings table for one line of an event."""
    (name, symbol, unit), amount = posting
    return {
        "account": account,
        "sequence": sequence,
        "line": line,
        "name": name,
        "symbol": symbol,
        "unit": unit,
        "amount": amount,
    }


def fill_row(event: LedgerEvent, content: OrderFilled) -> dict[str, Any]:
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


def balance_rows(account: str, amounts: Mapping[Entry, Decimal]) -> list[dict[str, Any]]:
    """Returns the rows of the balances table."""
    return [{"account": account, **entry._asdict(), "amount": amount} for entry, amount in amounts.items()]


def use_row(account: str, place: tuple[str, Side], price: Decimal, use: LevelUse) -> dict[str, Any]:
    """Returns the row of the consumption table for one level."""
    row = {"account": account, "symbol": place[0], "side": place[1], "price": price, "shown": use.shown}
    return {**row, "taken": use.used, "book_sequence": use.sequence, "seen_at": use.seen_at}
