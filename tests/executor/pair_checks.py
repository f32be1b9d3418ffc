"""Compares what an executor has with what the reference has."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal

from common.wire import Order
from executor.context import TradingContext
from executor.ledger.engine import reading
from executor.ledger.listing import OrderFilter
from executor.ledger.verify import verify
from executor.store import Ledger
from tests.executor.holding import reign_of
from tests.executor.reference import Placed, Reference
from tests.executor.reference_money import AMOUNT, PRICE, QUANTITY, VALUE

PAGE = 500


def compare_order(expected: Placed, order: Order) -> None:
    key = order.client_order_id
    fills = [
        (whole(fill.price, PRICE), whole(fill.quantity, QUANTITY), whole(fill.fee, AMOUNT)) for fill in order.fills
    ]
    codes = [denial.code for denial in order.denials]
    assert (order.status, codes, fills) == (expected.status, expected.codes, expected.fills), key
    assert whole(order.filled_quantity, QUANTITY) == expected.quantity - expected.left, key


def compare_account(context: TradingContext, expected: Reference) -> None:
    """Cash, reserves, equity, the day's profit or loss, and its anchors."""
    view = context.ledger.view()
    account = view.account
    for unit in expected.cash:
        found = whole(account.cash[unit], AMOUNT), whole(account.reserved[unit], AMOUNT)
        assert found == (expected.holds(unit), expected.reserved(unit)), unit
        assert found[0] >= found[1] >= 0
    assert account.open_orders == sum(order.open for order in expected.orders.values())
    valued, known = context.value(view), expected.anchored
    assert valued.summary.equity is not None
    assert whole(valued.summary.equity, VALUE) == expected.equity
    day = valued.day
    assert (day is None) == (known is None)
    if day is not None and known is not None:
        anchors = whole(day.start_equity, VALUE), whole(day.peak, VALUE)
        assert (*anchors, whole(day.pnl, VALUE)) == (known.day_start, known.peak, expected.day_gain)


def compare_all(context: TradingContext, expected: Reference) -> None:
    """Every order, position, fee and used level, as one executor reads them; and its tables agree with themselves."""
    found = orders_of(context.ledger)
    assert found.keys() == expected.orders.keys()
    for key, order in found.items():
        compare_order(expected.orders[key], order)
    compare_account(context, expected)
    for held in context.ledger.positions():
        amounts = whole(held.quantity, AMOUNT), whole(held.fees, AMOUNT)
        assert amounts == (expected.holds(held.symbol), expected.fees[held.symbol]), held.symbol
        gained = whole(held.realised_pnl, VALUE), whole(held.average_cost, VALUE)
        assert gained == (expected.gains[held.symbol], expected.average_cost(held.symbol)), held.symbol
    for place, notes in reign_of(context.ledger)._state.uses.by_place.items():
        levels = {
            whole(price, PRICE): (whole(note.shown, QUANTITY), whole(note.used, QUANTITY))
            for price, note in notes.items()
        }
        wanted = {price: (note.shown, note.used) for price, note in expected.notes.get(place, {}).items()}
        assert levels == wanted, place
    with reading(context.ledger._engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    assert proof.orders == len(expected.orders)


def orders_of(ledger: Ledger) -> dict[str, Order]:
    """Every order by its key."""
    found: dict[str, Order] = {}
    page = ledger.list_orders(OrderFilter(), PAGE)
    while True:
        found |= {order.client_order_id: order for order in page.items}
        if page.next is None:
            return found
        page = ledger.list_orders(OrderFilter(), PAGE, page.next)


def whole(value: Decimal, scale: int) -> int:
    found = value * scale
    assert found == int(found), f"{value} has more decimals than there can be"
    return int(found)
