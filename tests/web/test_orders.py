"""The list of orders: what a stream told is never undone by an answer that was on its way meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from common import wire
from tests.web.test_board import Hands
from tests.web.trading_world import order
from web.board import Changes
from web.orders import Orders

REQUEST = wire.OrderRequest(
    client_order_id="c", symbol="BTCTURK:BTCTRY", side="buy", type="limit", quantity=Decimal(1), limit_price=Decimal(5)
)


def made(number: int, **changes: object) -> wire.Order:
    at = datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(seconds=number)
    return msgspec.structs.replace(order(REQUEST, number), **{"received_at": at, **changes})


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def orders(hands: Hands) -> Orders:
    return Orders(hands.clock(), Changes(), 3)


def shown(orders: Orders) -> list[tuple[str, str]]:
    return [(each.order_id, each.status) for each in orders.look().value or ()]


def test_what_is_told_before_the_list_was_read_waits_for_it(orders: Orders) -> None:
    orders.tell([made(2)])
    assert orders.look().value is None
    orders.read(lambda: (made(1),))
    assert shown(orders) == [("order-2", "accepted"), ("order-1", "accepted")]


def test_a_new_order_comes_first_and_the_oldest_leaves(orders: Orders) -> None:
    orders.read(lambda: (made(3), made(2), made(1)))
    orders.tell([made(4)])
    assert [order_id for order_id, _ in shown(orders)] == ["order-4", "order-3", "order-2"]


def test_of_one_moment_the_higher_number_is_newer(orders: Orders) -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    orders.read(lambda: tuple(made(number, received_at=moment) for number in (9, 11, 10)))
    assert [order_id for order_id, _ in shown(orders)] == ["order-11", "order-10", "order-9"]


def test_an_answer_that_was_on_its_way_does_not_undo_what_was_told(orders: Orders, hands: Hands) -> None:
    orders.read(lambda: (made(1),))

    def overtaken() -> tuple[wire.Order, ...]:
        hands.seconds += 1
        orders.tell([made(1, status="filled", sequence=5), made(2, sequence=6)])
        return (made(1),)

    orders.read(overtaken)
    assert shown(orders) == [("order-2", "accepted"), ("order-1", "filled")]


def test_a_later_answer_is_the_truth_also_where_it_has_less(orders: Orders, hands: Hands) -> None:
    orders.read(lambda: (made(1),))
    orders.tell([made(2, sequence=9)])
    hands.seconds += 1
    orders.read(lambda: (made(1),))
    assert shown(orders) == [("order-1", "accepted")]


def test_what_is_told_proves_the_list_anew(orders: Orders, hands: Hands) -> None:
    orders.read(lambda: (made(1),))
    orders.fail("no answer")
    hands.seconds += 1
    orders.tell([made(2)])
    look = orders.look()
    assert (look.reason, look.at) == (None, hands.clock().monotonic())
