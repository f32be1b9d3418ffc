"""Replacing an order and cancelling all: in one step or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from executor.cancel import cancel_all
from tests.executor.standin import BTCTRY, BTCUSDT, Executor, MarketData


def replace(executor: Executor, order: dict[str, Any], **wanted: Any) -> tuple[int, dict[str, Any]]:
    return executor.post(f"/v1/orders/{order['order_id']}/replace", {"client_order_id": "second", **wanted})


def status_of(executor: Executor, order: dict[str, Any]) -> str:
    return str(executor.get(f"/v1/orders/{order['order_id']}")["status"])


def test_the_new_order_takes_the_place_of_the_old_one(executor: Executor) -> None:
    old = executor.limit("first", "buy", "2", "99", post_only=True)
    status, new = replace(executor, old, limit_price="98.5")
    assert status == 201
    assert (new["status"], new["replaces"], new["quantity"], new["limit_price"]) == (
        "accepted",
        old["order_id"],
        "2",
        "98.5",
    )
    assert (new["side"], new["time_in_force"], new["post_only"]) == ("buy", "GTC", True)
    assert status_of(executor, old) == "cancelled"
    account = executor.get("/v1/account")
    assert (account["open_orders"], Decimal(account["reserved"]["TRY"])) == (1, Decimal("197.197"))


def test_what_is_left_of_the_old_order_is_what_the_new_one_is_for(executor: Executor) -> None:
    old = executor.limit("first", "buy", "3", "100.1")
    assert old["filled_quantity"] == "2"
    _, new = replace(executor, old, limit_price="99")
    assert (new["quantity"], new["filled_quantity"]) == ("1", "0")
    assert executor.get(f"/v1/orders/{old['order_id']}")["filled_quantity"] == "2"


def test_the_funds_of_the_old_order_are_there_for_the_new_one(executor: Executor) -> None:
    old = executor.limit("first", "buy", "4995", "100")
    for number in range(9):
        executor.limit(f"r{number}", "buy", "4995", "100")
    _, new = replace(executor, old, limit_price="99.9")
    assert new["status"] == "accepted"


def test_a_denied_replacement_leaves_the_old_order_as_it_was(executor: Executor) -> None:
    old = executor.limit("first", "buy", "2", "99")
    _, denied = replace(executor, old, quantity="100000000")
    assert (denied["status"], denied["replaces"]) == ("denied", old["order_id"])
    assert {denial["code"] for denial in denied["denials"]} >= {"MAX_NOTIONAL", "INSUFFICIENT_FUNDS"}
    assert executor.get(f"/v1/orders/{old['order_id']}") == old


def test_a_replacement_that_crosses_trades_at_once(executor: Executor) -> None:
    old = executor.limit("first", "buy", "2", "99")
    _, new = replace(executor, old, limit_price="100.1")
    assert (new["status"], new["average_price"]) == ("filled", "100.1")


def test_the_same_replacement_again_gives_the_first_answer(executor: Executor) -> None:
    old = executor.limit("first", "buy", "2", "99")
    _, new = replace(executor, old, limit_price="98.5")
    assert replace(executor, old, limit_price="98.5") == (200, new)
    status, body = replace(executor, old, limit_price="98.1")
    assert (status, body["error"]["details"]["differs"]) == (409, ["limit_price"])
    status, body = executor.order(client_order_id="second", type="limit", quantity="2", limit_price="98.5")
    assert (status, body["error"]["details"]["differs"]) == (409, ["replaces"])


def test_an_order_that_has_ended_or_never_was_can_not_be_replaced(executor: Executor) -> None:
    _, old = executor.order()
    status, body = replace(executor, old, limit_price="98.5")
    assert (status, body["error"]["code"], body["error"]["details"]["order_status"]) == (409, "ORDER_FINAL", "filled")
    status, body = replace(executor, {"order_id": "paper-999"}, limit_price="98.5")
    assert (status, body["error"]["code"]) == (404, "UNKNOWN_ORDER")
    assert [order["order_id"] for order in executor.get("/v1/orders")["orders"]] == [old["order_id"]]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"limit_price": "-1"}, "limit_price"),
        ({"side": "sell"}, "side"),
    ],
)
def test_a_bad_replacement_is_named(executor: Executor, wanted: dict[str, str], field: str) -> None:
    old = executor.limit("first", "buy", "2", "99")
    status, body = replace(executor, old, **wanted)
    assert (status, body["error"]["details"]["field"]) == (422, field)
    assert status_of(executor, old) == "accepted"


def test_replacing_and_cancelling_all_need_the_token(executor: Executor) -> None:
    old = executor.limit("first", "buy", "2", "99")
    for path in (f"/v1/orders/{old['order_id']}/replace", "/v1/orders/cancel-all"):
        assert executor.post(path, {}, token="wrong")[0] == 401
    assert status_of(executor, old) == "accepted"


def test_all_open_orders_are_cancelled_or_those_of_one_symbol(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCUSDT, [("100", "2")], [("100.1", "2")])
    here = [executor.limit(f"h{number}", "buy", "1", "99") for number in range(3)]
    there = executor.limit("there", "buy", "1", "99", symbol=BTCUSDT)
    status, body = executor.post("/v1/orders/cancel-all", {"symbol": BTCTRY})
    assert (status, {order["order_id"] for order in body["cancelled"]}) == (200, {order["order_id"] for order in here})
    assert {order["status"] for order in body["cancelled"]} == {"cancelled"}
    assert status_of(executor, there) == "accepted"
    _, body = executor.post("/v1/orders/cancel-all", {})
    assert [order["order_id"] for order in body["cancelled"]] == [there["order_id"]]
    account = executor.get("/v1/account")
    assert (account["open_orders"], account["reserved"]) == (0, {"TRY": "0", "USDT": "0"})
    assert executor.post("/v1/orders/cancel-all", {})[1]["cancelled"] == []


def test_many_orders_are_cancelled_in_several_steps(executor: Executor) -> None:
    for number in range(5):
        executor.limit(f"n{number}", "buy", "1", "99")
    assert len(cancel_all(None, executor.trading.ledger, together=2)) == 5
    assert executor.get("/v1/account")["open_orders"] == 0
