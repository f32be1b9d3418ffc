"""A preview says what the order would be answered with, by the same code on the same state, and leaves no trace."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from executor.guardrails import RULES
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.preview_tries import run
from tests.executor.standin import BTCTRY, Executor, MarketData, Place, make_executor, wide_limits

TRIES = 250


def asked(**changes: Any) -> dict[str, Any]:
    body = {"symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "3"} | changes
    return {name: value for name, value in body.items() if value is not None}


def limit(side: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
    return asked(side=side, type="limit", quantity=quantity, limit_price=price, **changes)


def preview(executor: Executor, **order: Any) -> dict[str, Any]:
    status, found = executor.post("/v1/orders/preview", order)
    assert status == 200, found
    return found


def test_a_preview_tells_value_fee_price_and_what_is_left(executor: Executor, marketdata: MarketData) -> None:
    found = preview(executor, **asked())
    assert (found["status"], found["denials"], found["filled_quantity"]) == ("filled", [], "3")
    assert (found["value"], found["fee"], found["average_price"]) == ("300.4", "0.3004", "100.133333333333")
    assert found["slippage_from_best"] == {"percent": "0.0333", "bps": "3.33"}
    assert found["slippage_from_mid"] == {"percent": "0.083292", "bps": "8.3292"}
    assert (found["cash_after"]["TRY"], found["position_after"]) == ("4999699.2996", "3")
    assert (found["resting_quantity"], found["reserve"], found["reserve_unit"]) == ("0", None, None)
    assert (found["quote_age_seconds"], found["quote_currency"]) == (0.1, "TRY")
    assert found["book_sequence"] == marketdata.books[BTCTRY]["sequence"]


def test_a_preview_tells_what_would_rest_and_what_that_holds_back(executor: Executor) -> None:
    found = preview(executor, **limit("buy", "9", "100.1"))
    assert (found["status"], found["filled_quantity"], found["resting_quantity"]) == ("partially_filled", "2", "7")
    assert (found["reserve"], found["reserve_unit"]) == ("701.4007", "TRY")
    assert found["reserved_after"]["TRY"] == "701.4007"
    found = preview(executor, **limit("buy", "9", "100.1", time_in_force="IOC"))
    assert (found["status"], found["expiring_quantity"]) == ("expired", "7")
    found = preview(executor, **limit("buy", "9", "100.1", time_in_force="FOK"))
    assert (found["status"], found["expiring_quantity"], found["average_price"]) == ("expired", "9", None)


def test_a_preview_of_a_denied_order_tells_why_and_what_it_would_have_cost(executor: Executor) -> None:
    found = preview(executor, **asked(side="sell", quantity="1"))
    assert [denial["code"] for denial in found["denials"]] == ["INSUFFICIENT_FUNDS"]
    assert (found["status"], found["filled_quantity"], found["average_price"]) == ("denied", "0", "100")
    assert found["cash_after"]["TRY"] == "5000000"
    assert found["largest_quantity"] == "0"


def test_a_preview_without_a_price_tells_the_position_that_stays(executor: Executor, marketdata: MarketData) -> None:
    assert executor.order(quantity="3")[0] == 201
    marketdata.put(BTCTRY, [], [])
    for side in ("buy", "sell"):
        found = preview(executor, **asked(side=side, quantity="1"))
        assert [denial["code"] for denial in found["denials"]] == ["NO_QUOTE"]
        assert (found["position_after"], found["largest_quantity"]) == ("3", "0")


def test_a_preview_shows_each_limit_with_its_room(make: MakeExecutor, place: Place) -> None:
    limits = replace(wide_limits(), max_order_notional={"TRY": Decimal(1000)}, max_order_quantity={BTCTRY: Decimal(50)})
    executor = make(place, limits=limits)
    found = preview(executor, **limit("buy", "4", "100"))
    uses = {use["code"]: use for use in found["guardrails"]}
    notional = {"code": "MAX_NOTIONAL", "value": "400", "limit": "1000", "room": "600", "share": "0.4"}
    assert uses["MAX_NOTIONAL"] == notional
    assert (uses["MAX_QUANTITY"]["room"], uses["MAX_POSITION"]["value"]) == ("46", "400")
    assert found["largest_quantity"] == "10"
    found = preview(executor, **limit("buy", "40", "100"))
    assert [denial["code"] for denial in found["denials"]] == ["MAX_NOTIONAL"]
    assert found["largest_quantity"] == "10"


def test_a_preview_leaves_no_trace(make: MakeExecutor, place: Place) -> None:
    limits = replace(wide_limits(), max_orders_per_second=1, max_executions=1, duplicate_seconds=60.0)
    executor = make(place, limits=limits)
    before = executor.get("/v1/account"), executor.get("/v1/events")
    for order in (asked(), limit("buy", "9", "100.1"), asked(quantity="9000"), limit("sell", "1", "101")):
        for _ in range(3):
            preview(executor, **order, client_order_id="one")
    assert (executor.get("/v1/account"), executor.get("/v1/events")) == before
    status, order = executor.order(quantity="3")
    assert (status, order["status"], order["order_id"]) == (201, "filled", "paper-2")
    refused = preview(executor, **asked())
    codes = [denial["code"] for denial in refused["denials"]]
    assert codes == ["REPEATED_EXECUTIONS", "ORDER_RATE", "DUPLICATE_ORDER"]
    assert executor.get("/v1/trading-state")["holds"] == [], "a preview places no hold"


def test_a_preview_needs_no_token_and_has_a_rate_of_its_own(place: Place, marketdata: MarketData) -> None:
    executor = make_executor(place, marketdata, writes=3)
    executor.start_writing()
    try:
        answers = [executor.client.post("/v1/orders/preview", json=asked()) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["Retry-After"] == "1"
        assert executor.order()[0] == 201
    finally:
        executor.close()


def test_a_preview_under_a_known_key_says_whose_it_is(executor: Executor) -> None:
    _, order = executor.order(quantity="3")
    assert preview(executor, **asked(client_order_id="one"))["repeats"] == order["order_id"]
    assert preview(executor, **asked(client_order_id="new"))["repeats"] is None
    status, body = executor.post("/v1/orders/preview", asked(client_order_id="one", quantity="4"))
    assert (status, body["error"]["code"]) == (409, "CLIENT_ORDER_ID_REUSED")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"quantity": "0"}, 422, "quantity"),
        ({"quantity": None}, 422, "quantity"),
        ({"type": "limit"}, 422, "limit_price"),
        ({"client_order_id": ""}, 422, "client_order_id"),
        ({"client_order_id": "a b"}, 422, "client_order_id"),
        ({"more": 1}, 422, "more"),
        ({"symbol": "nope"}, 422, "symbol"),
        ({"symbol": "BTCTURK:NOPE"}, 404, "symbol"),
    ],
)
def test_a_preview_of_a_bad_order_names_the_field(
    door: Executor, changes: dict[str, Any], status: int, field: str
) -> None:
    found, body = door.post("/v1/orders/preview", asked(**changes))
    assert (found, body["error"]["details"]["field"]) == (status, field)


def test_a_preview_without_a_book_says_so(executor: Executor, marketdata: MarketData) -> None:
    marketdata.status = 503
    found = preview(executor, **asked())
    assert "NO_QUOTE" in [denial["code"] for denial in found["denials"]]
    assert (found["status"], found["quote_currency"]) == ("denied", None)
    assert (found["largest_quantity"], found["notional"], found["quote_age_seconds"]) == ("0", None, None)


def test_either_executor_previews(make: MakeExecutor, place: Place) -> None:
    one, other = make(place), make(place)
    one.order(quantity="1")
    found = [preview(each, **asked()) for each in (one, other)]
    assert found[0] == found[1]
    assert found[0]["sequence"] == one.get("/v1/account")["sequence"]


def test_the_largest_quantity_is_no_repetition_of_a_recent_order(make: MakeExecutor, place: Place) -> None:
    limits = replace(wide_limits(), max_order_quantity={BTCTRY: Decimal(4)}, duplicate_seconds=60.0)
    executor = make(place, limits=limits)
    assert preview(executor, **asked())["largest_quantity"] == "4"
    executor.order(client_order_id="a", quantity="4")
    executor.order(client_order_id="b", quantity="3.9999")
    largest = preview(executor, **asked())["largest_quantity"]
    assert largest == "3.9998"
    assert preview(executor, **asked(quantity=largest))["denials"] == []
    assert preview(executor, **limit("buy", "1", "100"))["largest_quantity"] == "4", "another order"


@pytest.mark.slow
def test_on_a_still_book_a_preview_says_what_the_order_then_does(postgres_server: postgres.Server) -> None:
    tally = run(postgres_server, tries=TRIES, seed=1)
    assert tally.differences == []
    assert tally.alike == tally.tries == TRIES
    assert {"denied", "filled", "accepted", "expired"} <= tally.met.keys()
    assert len(tally.met.keys() & RULES.keys()) > len(RULES) / 2, "the tries meet most guardrails"
