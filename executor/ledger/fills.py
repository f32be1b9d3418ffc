"""Pages of fills, joined with what their events and postings say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from common.decimals import tidy
from executor.account import Terms
from executor.ledger import listing, rows
from executor.ledger.events import OrderFilled
from executor.ledger.listing import FillFilter, Page
from executor.listing_messages import ListedFill

_terms = msgspec.json.Decoder(Terms).decode
_filled = msgspec.json.Decoder(OrderFilled).decode


def listed_fills(
    connection: sa.Connection, account: str, wanted: FillFilter, limit: int, before: int | None
) -> Page[ListedFill]:
    """Returns a page of fills, newest first; `before` is the `next` of the page before."""
    found, following = listing.fills(connection, account, wanted, limit, before)
    sequences = [row.sequence for row in found]
    payloads = rows.payloads(connection, account, sequences) if found else {}
    gains = rows.realised(connection, account, sequences) if found else {}
    reversals = rows.reversals(connection, account, {row.order_id for row in found}) if found else {}
    fills = [
        _fill(row, _filled(payloads[row.sequence]), gains.get(row.sequence), reversals.get(row.sequence))
        for row in found
    ]
    return Page(fills, following)


def _fill(row: sa.Row[Any], content: OrderFilled, gain: Decimal | None, reversed_by: int | None) -> ListedFill:
    terms = _terms(row.terms)
    return ListedFill(
        sequence=row.sequence,
        trade_id=row.trade_id,
        order_id=row.order_id,
        symbol=row.symbol,
        side=row.side,
        base_asset=terms.base_asset,
        quote_currency=terms.quote_currency,
        liquidity=row.liquidity,
        price=row.price,
        quantity=row.quantity,
        notional=tidy(row.price * row.quantity),
        fee=row.fee,
        realised_pnl=gain,
        rate=content.rate,
        filled_at=row.filled_at,
        reversed_by=reversed_by,
    )
