"""One key gives one order, however often it is asked for, on whichever executor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, Executor, MarketData, Place


def test_the_same_body_gives_the_first_answer_again(executor: Executor) -> None:
    created, first = executor.order()
    again, second = executor.order(quantity="0.500", time_in_force="IOC")
    assert (created, again) == (201, 200)
    assert second == first


@pytest.mark.parametrize("price", ["99", "99.0", "99.000000000000000000", "0099"])
@pytest.mark.parametrize("quantity", ["0.0001", "00.0001", "0.000100"])
def test_a_number_that_is_spelled_otherwise_is_the_same_order(executor: Executor, quantity: str, price: str) -> None:
    wanted = {"type": "limit", "quantity": "0.0001", "limit_price": "99", "time_in_force": "GTC"}
    created, first = executor.order(**wanted)
    again, second = executor.order(**{**wanted, "quantity": quantity, "limit_price": price})
    assert (created, again) == (201, 200)
    assert second == first
    assert (second["quantity"], second["limit_price"]) == ("0.0001", "99")


def test_another_body_under_the_same_key_is_a_conflict_that_changes_nothing(executor: Executor) -> None:
    _, first = executor.order()
    status, body = executor.order(quantity="0.6", side="sell")
    assert (status, body["error"]["code"]) == (409, "CLIENT_ORDER_ID_REUSED")
    assert body["error"]["details"]["differs"] == ["side", "quantity"]
    assert executor.get("/v1/orders")["orders"] == [first]


def test_the_first_answer_stays_what_it_was_when_the_order_moves_on(executor: Executor) -> None:
    first = executor.limit("rest", "buy", "1", "99")
    executor.post(f"/v1/orders/{first['order_id']}/cancel")
    status, again = executor.order(
        client_order_id="rest", type="limit", side="buy", quantity="1", limit_price="99.0", time_in_force="GTC"
    )
    assert (status, again) == (200, first)
    assert executor.get(f"/v1/orders/{first['order_id']}")["status"] == "cancelled"


def test_a_known_key_is_answered_while_market_data_is_away(executor: Executor, marketdata: MarketData) -> None:
    _, first = executor.order()
    marketdata.status = 503
    assert executor.order() == (200, first)


def test_a_denied_order_is_also_remembered(executor: Executor, marketdata: MarketData) -> None:
    marketdata.status = 503
    _, denied = executor.order()
    marketdata.status = 200
    assert executor.order() == (200, denied)


def test_fifty_posts_of_one_key_over_two_executors_make_one_order(make: MakeExecutor, place: Place) -> None:
    executors = [make(place), make(place)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: executors[number % 2].order(quantity="0.7"), range(50)))
    assert sorted(status for status, _ in answers) == [200] * 49 + [201]
    assert {order["order_id"] for _, order in answers} == {answers[0][1]["order_id"]}
    for executor in executors:
        [order] = executor.get("/v1/orders")["orders"]
        assert order["filled_quantity"] == "0.7"


def test_two_executors_share_the_shown_quantity_and_leave_a_clean_ledger(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2")])
    executors = [make(place), make(place)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda number: executors[number % 2].order(client_order_id=f"k{number}"), range(12)))
    statuses = sorted(order["status"] for _, order in answers)
    assert statuses == ["expired"] * 8 + ["filled"] * 4
    assert executors[0].get("/v1/positions")["positions"][0]["quantity"] == "2"
    with reading(executors[0].trading.ledger._engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    assert proof.fills == 4
