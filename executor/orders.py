"""The rules of a valid order, and of the status that may follow another. An order is a fold over its events. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, getcontext, localcontext

import msgspec

from common.amount import AMOUNT_RULE, Amount
from common.decimals import plain_text, tidy
from common.errors import InvalidRequest
from common.wire import Denial, Fill, Message, Order, OrderRequest, OrderStatus, TimeInForce

PRECISION = 120
"""Digits of decimal arithmetic: enough for sums of products of the largest quantity and price that are allowed."""


class ReplaceRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for an order in the place of an open limit order. It has `quantity`, `limit_price`, or both.

    client_order_id: the new order's own key.
    quantity: the new order's quantity; None for the open rest of the old one.
    limit_price: the new order's limit price; None for that of the old one.
    """

    client_order_id: str
    quantity: Amount | None = None
    limit_price: Amount | None = None


class IllegalStep(Exception):
    """An order was to get a status that must not follow its present one. This is always a fault of the code."""


AVERAGE_STEP = Decimal("1e-12")
OPEN: tuple[OrderStatus, ...] = ("accepted", "partially_filled")
FINAL: tuple[OrderStatus, ...] = ("denied", "filled", "cancelled", "expired")

_STEPS: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    "received": ("denied", "accepted"),
    "accepted": ("partially_filled", "filled", "cancelled", "expired"),
    "partially_filled": ("partially_filled", "filled", "cancelled", "expired"),
}
CLIENT_ORDER_ID_FORM = "[A-Za-z0-9._-]{1,64}"
SYMBOL_FORM = "[A-Z0-9]{1,16}:[A-Z0-9._-]{1,32}"
_CLIENT_ORDER_ID, _SYMBOL = re.compile(CLIENT_ORDER_ID_FORM), re.compile(SYMBOL_FORM)
_TOO_LARGE = Decimal(10) ** 12
_AS_IT_IS = nullcontext()
_DECIMALS = 18


def exact() -> AbstractContextManager[object]:
    """Gives decimal arithmetic `PRECISION` digits. It costs next to nothing where it has them already."""
    return _AS_IT_IS if getcontext().prec == PRECISION else localcontext(prec=PRECISION)


def symbol_form(text: str) -> bool:
    """Returns true when a text has the form of a symbol."""
    return _SYMBOL.fullmatch(text) is not None


def check(request: OrderRequest) -> OrderRequest:
    """Returns the request with defaults and tidy numbers. Raises `InvalidRequest` for the first bad field."""
    _check_key(request.client_order_id)
    if not _SYMBOL.fullmatch(request.symbol):
        raise InvalidRequest("symbol", "must be VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
    if request.type == "limit" and request.limit_price is None:
        raise InvalidRequest("limit_price", "is required for a limit order")
    if request.type == "market" and request.limit_price is not None:
        raise InvalidRequest("limit_price", "must not be given for a market order")
    if request.type == "market" and request.time_in_force not in (None, "IOC", "FOK"):
        raise InvalidRequest("time_in_force", "a market order is IOC or FOK")
    if request.post_only and (request.type == "market" or request.time_in_force not in (None, "GTC")):
        raise InvalidRequest("post_only", "only a limit order that is good till cancelled can be post-only")
    usual: TimeInForce = "IOC" if request.type == "market" else "GTC"
    return msgspec.structs.replace(
        request,
        quantity=_amount("quantity", request.quantity),
        limit_price=None if request.limit_price is None else _amount("limit_price", request.limit_price),
        time_in_force=usual if request.time_in_force is None else request.time_in_force,
    )


def check_replacement(request: ReplaceRequest) -> ReplaceRequest:
    """Returns the request with tidy numbers. Raises `InvalidRequest` for the first bad field."""
    _check_key(request.client_order_id)
    if request.quantity is None and request.limit_price is None:
        raise InvalidRequest("quantity", "nothing is to be replaced: give quantity, limit_price or both")
    return msgspec.structs.replace(
        request,
        quantity=None if request.quantity is None else _amount("quantity", request.quantity),
        limit_price=None if request.limit_price is None else _amount("limit_price", request.limit_price),
    )


def replacement(old: Order, request: ReplaceRequest) -> OrderRequest:
    """Returns the request for the order that is to take the place of `old`."""
    return OrderRequest(
        client_order_id=request.client_order_id,
        symbol=old.symbol,
        side=old.side,
        type=old.type,
        quantity=remaining(old) if request.quantity is None else request.quantity,
        limit_price=old.limit_price if request.limit_price is None else request.limit_price,
        time_in_force=old.time_in_force,
        post_only=old.post_only,
    )


def _check_key(client_order_id: str) -> None:
    if not _CLIENT_ORDER_ID.fullmatch(client_order_id):
        raise InvalidRequest("client_order_id", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")


def _amount(field: str, value: Decimal) -> Decimal:
    """Returns a tidy amount. The door has checked its text; a command from elsewhere is held to the same."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS or not 0 < value < _TOO_LARGE:
        raise InvalidRequest(field, AMOUNT_RULE)
    return tidy(value)


def checked_amount(field: str, value: Decimal) -> Decimal:
    """Returns the amount of a field without needless zeros. Raises `InvalidRequest` for one that can't be."""
    return _amount(field, value)


def differences(first: Order, request: OrderRequest) -> list[str]:
    """Returns the fields in which a checked request differs from the one of the order `first`."""
    asked = ("symbol", "side", "type", "quantity", "limit_price", "time_in_force", "post_only")
    differs = [name for name in asked if getattr(first, name) != getattr(request, name)]
    return [*differs, *(["replaces"] if first.replaces is not None else [])]


def differences_of_replacement(first: Order, replaces: str, request: ReplaceRequest) -> list[str]:
    """Returns the fields in which a checked request to replace the order `replaces` differs from the order `first`.

    A field that the request leaves out can't differ.
    """
    asked = [name for name in ("quantity", "limit_price") if getattr(request, name) is not None]
    differs = [name for name in asked if getattr(first, name) != getattr(request, name)]
    return [*differs, *(["replaces"] if first.replaces != replaces else [])]


def number(order_id: str) -> int:
    """Returns the sequence of the order's first event: newer orders have larger ones."""
    return int(order_id.rpartition("-")[2])


def received(
    request: OrderRequest, order_id: str, account: str, at: datetime, sequence: int, replaces: str | None = None
) -> Order:
    """Returns the new order of a checked request."""
    return Order(
        order_id=order_id,
        client_order_id=request.client_order_id,
        account=account,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        time_in_force="GTC" if request.time_in_force is None else request.time_in_force,
        quantity=request.quantity,
        limit_price=request.limit_price,
        status="received",
        filled_quantity=Decimal(0),
        average_price=None,
        fees=Decimal(0),
        denials=(),
        fills=(),
        received_at=at,
        updated_at=at,
        sequence=sequence,
        post_only=request.post_only,
        replaces=replaces,
    )


def move(order: Order, status: OrderStatus, at: datetime, sequence: int, denials: Sequence[Denial] = ()) -> Order:
    """Returns the order in its next status. Raises `IllegalStep` when that must not follow."""
    if status not in _STEPS.get(order.status, ()):
        raise IllegalStep(f"{order.order_id}: {status} can't follow {order.status}")
    return msgspec.structs.replace(order, status=status, updated_at=at, sequence=sequence, denials=tuple(denials))


def fill(order: Order, part: Fill, sequence: int) -> Order:
    """Returns the order with one more fill. Raises `IllegalStep` when that goes beyond its quantity."""
    with exact():
        filled = order.filled_quantity + part.quantity
        if part.quantity <= 0 or filled > order.quantity:
            asked, left = plain_text(part.quantity), plain_text(remaining(order))
            raise IllegalStep(f"{order.order_id}: a fill of {asked} does not fit {left}")
        moved = move(order, "filled" if filled == order.quantity else "partially_filled", part.filled_at, sequence)
        paid = sum((done.price * done.quantity for done in (*order.fills, part)), Decimal(0))
        return msgspec.structs.replace(
            moved,
            filled_quantity=tidy(filled),
            average_price=tidy((paid / filled).quantize(AVERAGE_STEP, ROUND_HALF_EVEN)),
            fees=tidy(order.fees + part.fee),
            fills=(*order.fills, part),
        )


def remaining(order: Order) -> Decimal:
    """Returns the quantity that is still to be filled."""
    with exact():
        return tidy(order.quantity - order.filled_quantity)
