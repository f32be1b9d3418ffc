"""A ladder may rest far below or above the market; paying too much, and a typing mistake, are denied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, TOKEN, Executor, MarketData, Place

LIMITS_SET = {"Authorization": f"Bearer {TOKEN}"}


def _set(executor: Executor, **limits: Any) -> None:
    body = {"limits": limits, "reason": "a test"}
    answer = executor.client.put("/v1/limits", json=body, headers=LIMITS_SET)
    assert answer.status_code == 200, answer.text


def _codes(order: dict[str, Any]) -> list[str]:
    return [denial["code"] for denial in order["denials"]]


@pytest.mark.parametrize("price", ["97", "90", "70", "51"])
def test_a_ladder_below_the_market_rests(executor: Executor, price: str) -> None:
    assert executor.limit("step", "buy", "1", price)["status"] == "accepted"


def test_a_price_that_is_a_typing_mistake_is_denied_on_the_good_side_too(executor: Executor) -> None:
    assert _codes(executor.limit("slip", "buy", "1", "10")) == ["FAR_PRICE"]


def test_paying_too_much_is_denied_as_before(executor: Executor) -> None:
    assert _codes(executor.limit("dear", "buy", "1", "110")) == ["PRICE_COLLAR"]


def test_bounds_of_a_symbol_are_set_by_the_operator_and_told(executor: Executor) -> None:
    _set(executor, symbol_far_price_percent={BTCTRY: "5"}, symbol_price_collar_percent={BTCTRY: "12"})
    assert _codes(executor.limit("far", "buy", "1", "90")) == ["FAR_PRICE"]
    assert _codes(executor.limit("near", "buy", "1", "96")) == []
    told = executor.get("/v1/limits")
    assert told["limits"]["symbol_far_price_percent"] == {BTCTRY: "5"}
    assert told["set_by_operator"] == ["symbol_price_collar_percent", "symbol_far_price_percent"]


def test_the_order_that_would_rest_beyond_the_limit_is_denied_and_others_pass(executor: Executor) -> None:
    _set(executor, max_open_orders=3, max_open_orders_per_symbol=2)
    first = executor.limit("one", "buy", "1", "99")
    executor.limit("two", "buy", "1", "98")
    denied = executor.limit("three", "buy", "1", "97")
    assert _codes(denied) == ["MAX_OPEN_ORDERS"]
    assert denied["denials"][0]["numbers"] == {"open_orders": "3", "limit": "2", "scope": BTCTRY}
    assert _codes(executor.limit("at-once", "buy", "0.5", "101", time_in_force="IOC")) == []
    assert _codes(executor.limit("whole", "buy", "0.1", "101")) == []
    path = f"/v1/orders/{first['order_id']}/replace"
    status, replaced = executor.post(path, {"client_order_id": "moved", "limit_price": "98.5"})
    assert (status, replaced["status"]) == (201, "accepted")
    assert executor.get("/v1/account")["open_orders"] == 2


def test_a_market_order_in_a_book_without_the_other_side_is_denied(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    executor = make(place)
    marketdata.put(BTCTRY, [], [("100", "5")])
    _, order = executor.order()
    assert _codes(order) == ["NO_QUOTE"]
    assert "one side only" in order["denials"][0]["message"]
