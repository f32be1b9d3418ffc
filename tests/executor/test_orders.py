"""What a valid order is, and which status may follow which."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.decimals import tidy
from common.errors import InvalidRequest
from common.wire import Fill, Order, OrderRequest, OrderStatus
from executor import orders

AT = datetime(2026, 11, 22, tzinfo=UTC)


def _order(quantity: str = "3") -> Order:
    request = OrderRequest(
        client_order_id="c",
        symbol="V:BTCTRY",
        side="buy",
        type="limit",
        quantity=Decimal(quantity),
        limit_price=Decimal(5),
    )
    return orders.received(orders.check(request), "o", "paper", AT, 1)


def _fill(quantity: str, price: str = "5") -> Fill:
    return Fill(trade_id="t", price=Decimal(price), quantity=Decimal(quantity), fee=Decimal("0.1"), filled_at=AT)


def test_defaults_are_ioc_for_market_and_gtc_for_limit() -> None:
    market = OrderRequest(client_order_id="c", symbol="V:P", side="buy", type="market", quantity=Decimal(1))
    assert orders.check(market).time_in_force == "IOC"
    assert _order().time_in_force == "GTC"


def test_an_order_is_filled_when_nothing_remains() -> None:
    order = orders.move(_order(), "accepted", AT, 2)
    order = orders.fill(order, _fill("1", "4"), 3)
    assert (order.status, orders.remaining(order)) == ("partially_filled", Decimal(2))
    order = orders.fill(order, _fill("2", "5"), 4)
    assert (order.status, order.average_price, order.fees) == ("filled", Decimal("4.666666666667"), Decimal("0.2"))


def test_an_order_is_never_filled_beyond_its_quantity() -> None:
    order = orders.move(_order(), "accepted", AT, 2)
    with pytest.raises(orders.IllegalStep):
        orders.fill(order, _fill("3.000000000000000001"), 3)


@pytest.mark.parametrize("final", orders.FINAL)
def test_nothing_follows_a_final_status(final: OrderStatus) -> None:
    order = _order()
    before = order if final == "denied" else orders.move(order, "accepted", AT, 2)
    ended = orders.fill(before, _fill("3"), 3) if final == "filled" else orders.move(before, final, AT, 3)
    assert ended.status == final
    for status in get_args(OrderStatus):
        with pytest.raises(orders.IllegalStep):
            orders.move(ended, status, AT, 4)


def test_a_denied_order_can_not_have_been_accepted() -> None:
    with pytest.raises(orders.IllegalStep):
        orders.move(orders.move(_order(), "accepted", AT, 2), "denied", AT, 3)


@given(st.decimals(min_value="1e-18", max_value=10**12 - 1, places=18).filter(lambda value: value > 0))
def test_a_quantity_in_range_is_taken_exactly(value: Decimal) -> None:
    request = OrderRequest(client_order_id="c", symbol="V:P", side="buy", type="market", quantity=value)
    assert orders.check(request).quantity == value


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_other_quantity_is_refused_by_name_and_never_rounded(value: Decimal) -> None:
    request = OrderRequest(client_order_id="c", symbol="V:P", side="buy", type="market", quantity=value)
    try:
        checked = orders.check(request)
    except InvalidRequest as error:
        refused = error.details["field"]
    else:
        assert checked.quantity == value
        return
    assert refused == "quantity"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=18))
def test_tidying_changes_the_form_and_never_the_number(value: Decimal) -> None:
    tidied = tidy(value)
    assert tidied == value
    exponent = tidied.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent <= 0
