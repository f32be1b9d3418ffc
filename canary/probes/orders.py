"""The order of a round trip: its requests, and the names under which the answers are kept (pure)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from canary.probes.declared import DeclaredProbe

POSITIONS = "positions"
BEFORE = "account before"
AGAIN = "the order again"
BY_ID = "the order by its id"
AFTER = "account after"
FILLS = "fills"
FILLS_ON_PAGE = 10
"""More than one order of this size has. Orders of another canary of the same account may stand between."""

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""The exceptions of a body that is not what it should be."""


class HeldPosition(msgspec.Struct, frozen=True):
    """The holding of one symbol, as far as a round trip needs it.

    symbol: the instrument's symbol.
    quantity: in the base asset.
    """

    symbol: str
    quantity: Decimal


class HeldPositions(msgspec.Struct, frozen=True):
    """The answer of `GET /v1/positions`.

    positions: one for each symbol that was ever held.
    """

    positions: tuple[HeldPosition, ...]


class PlacedOrder(msgspec.Struct, frozen=True):
    """The answer of `POST /v1/orders`, as far as the turn itself needs it.

    order_id: the ledger's key of the order.
    status: how far the order has come.
    """

    order_id: str
    status: str


def order_request(probe: DeclaredProbe, asked_at: datetime, positions: str | bytes) -> dict[str, Any]:
    """Returns the body of the order. It follows from the probe, the time, and the answer with the positions alone.

    It sells when the account holds enough of the symbol, and buys else: so the position stays small. Each time has a
    key of its own. Raises ValueError when the positions can't be read.
    """
    held = _held(positions, probe.symbol)
    return {
        "client_order_id": f"canary-{asked_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}",
        "symbol": probe.symbol,
        "side": "sell" if held >= Decimal(probe.quantity) else "buy",
        "type": "market",
        "quantity": probe.quantity,
        "time_in_force": "IOC",
    }


def _held(positions: str | bytes, symbol: str) -> Decimal:
    try:
        found = msgspec.json.decode(positions, type=HeldPositions)
    except UNREADABLE as error:
        raise ValueError("the answer is no list of positions") from error
    return next((one.quantity for one in found.positions if one.symbol == symbol), Decimal(0))
