"""The table of orders: a list never undoes what the stream brought after it was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from common import wire
from tests.web.test_cells import SetClock
from tests.web.trading_world import order
from web.cells import Changes
from web.orders import MOST_STREAMED, OrderTable

REQUEST = wire.OrderRequest(
    client_order_id="c", symbol="BTCTURK:BTCTRY", side="buy", type="limit", quantity=Decimal(1), limit_price=Decimal(5)
)


def made(number: int, **changes: object) -> wire.Order:
    at = datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(seconds=number)
    return msgspec.structs.replace(order(REQUEST, number), **{"received_at": at, **changes})


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def orders(clock: SetClock) -> OrderTable:
    return OrderTable(clock.clock(), Changes(None), 3)


def shown(orders: OrderTable) -> list[tuple[str, str]]:
    return [(each.order_id, each.status) for each in orders.reading.value or ()]


def test_an_order_of_the_stream_is_shown_once_the_list_was_read(orders: OrderTable) -> None:
    orders.update([made(2)])
    assert orders.reading.value is None
    orders.read(lambda: (made(1),))
    assert shown(orders) == [("order-2", "accepted"), ("order-1", "accepted")]


def test_a_new_order_comes_first_and_the_oldest_leaves(orders: OrderTable) -> None:
    orders.read(lambda: (made(3), made(2), made(1)))
    orders.update([made(4)])
    assert [order_id for order_id, _ in shown(orders)] == ["order-4", "order-3", "order-2"]


def test_of_two_orders_of_one_moment_the_higher_number_is_newer(orders: OrderTable) -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    orders.read(lambda: tuple(made(number, received_at=moment) for number in (9, 11, 10)))
    assert [order_id for order_id, _ in shown(orders)] == ["order-11", "order-10", "order-9"]


def test_a_list_that_was_on_its_way_does_not_undo_what_the_stream_brought(orders: OrderTable, clock: SetClock) -> None:
    orders.read(lambda: (made(1),))

    def overtaken() -> tuple[wire.Order, ...]:
        clock.seconds += 1
        orders.update([made(1, status="filled", sequence=5), made(2, sequence=6)])
        return (made(1),)

    orders.read(overtaken)
    assert shown(orders) == [("order-2", "accepted"), ("order-1", "filled")]


def test_a_later_list_is_the_truth_also_where_it_has_fewer_orders(orders: OrderTable, clock: SetClock) -> None:
    orders.read(lambda: (made(1),))
    orders.update([made(2, sequence=9)])
    clock.seconds += 1
    orders.read(lambda: (made(1),))
    assert shown(orders) == [("order-1", "accepted")]


def test_an_order_of_the_stream_proves_the_list_anew(orders: OrderTable, clock: SetClock) -> None:
    orders.read(lambda: (made(1),))
    orders.fail("no answer")
    clock.seconds += 1
    orders.update([made(2)])
    reading = orders.reading
    assert (reading.reason, reading.at) == (None, clock.clock().monotonic())


def test_orders_of_a_stream_without_a_list_are_kept_to_a_number_the_newest_of_them(orders: OrderTable) -> None:
    for number in range(MOST_STREAMED + 50):
        orders.update([made(number)])
    assert len(orders._streamed) == MOST_STREAMED
    orders.read(lambda: ())
    newest = MOST_STREAMED + 49
    assert [order_id for order_id, _ in shown(orders)] == [f"order-{newest - back}" for back in range(3)]
