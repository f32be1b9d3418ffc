from __future__ import annotations

import logging
from typing import Any

import pytest

from common import wire
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.standin_server import Answer
from tests.web.trading_world import TOKEN

GOOD = {"Authorization": f"Bearer {TOKEN}"}
ORDER = {
    "client_order_id": "web-1",
    "symbol": "BTCTURK:BTCTRY",
    "side": "buy",
    "type": "market",
    "quantity": "0.5",
}


def test_an_order_and_its_answer_pass_through(built: Built, around: Surroundings) -> None:
    answer = built.client.post("/api/orders", json=ORDER, headers=GOOD)
    assert (answer.status_code, answer.get_json()["status"]) == (201, "filled")
    asked = around.executors[0].server.asked[-1]
    assert asked.headers["Authorization"] == GOOD["Authorization"]
    again = built.client.post("/api/orders", json=ORDER, headers=GOOD)
    assert (again.status_code, again.get_json()["order_id"]) == (200, answer.get_json()["order_id"])


def test_a_denied_order_passes_through_with_its_numbers(built: Built) -> None:
    answer = built.client.post("/api/orders", json=ORDER | {"quantity": "250"}, headers=GOOD)
    (denial,) = answer.get_json()["denials"]
    assert (answer.status_code, denial["code"], denial["numbers"]["limit"]) == (201, "MAX_NOTIONAL", "1000000")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_the_console_adds_no_token_of_its_own(built: Built, around: Surroundings, headers: dict[str, str]) -> None:
    assert built.client.post("/api/orders", json=ORDER, headers=headers).status_code == 401
    assert built.client.post("/api/orders/order-1/cancel", headers=headers).status_code == 401
    assert around.executors[0].orders == []


def test_a_body_of_a_megabyte_is_refused_before_it_is_handed_on(built: Built, around: Surroundings) -> None:
    answer = built.client.post("/api/orders", data=b"x" * 1024 * 1024, headers=GOOD)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["code"] == "REQUEST_ENTITY_TOO_LARGE"
    assert around.executors[0].server.asked == []


def test_executors_away_is_a_retryable_503(built: Built, around: Surroundings) -> None:
    around.executors[0].stop()
    answer = built.client.post("/api/orders", json=ORDER, headers=GOOD)
    assert (answer.status_code, answer.get_json()["error"]["retryable"]) == (503, True)


@pytest.mark.parametrize("path", ["/api/orders", "/api/orders/cancel-all", "/api/orders/order-1/cancel"])
def test_a_refusal_that_says_when_to_try_again_passes_through_with_that(
    built: Built, around: Surroundings, path: str
) -> None:
    error = {"code": "TOO_MANY_REQUESTS", "message": "slower, please", "retryable": True, "details": {}}
    around.executors[0].refusal = Answer(
        wire.encode({"error": error}), 429, headers={"Retry-After": "3", "X-Secret": "1", "Set-Cookie": "a=b"}
    )
    answer = built.client.post(path, json={} if path.endswith("/cancel") else ORDER, headers=GOOD)
    assert (answer.status_code, answer.get_json()["error"]) == (429, error)
    assert (answer.headers["Retry-After"], answer.content_type) == ("3", "application/json")
    assert "X-Secret" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_an_open_order_is_cancelled(built: Built) -> None:
    limit: dict[str, Any] = ORDER | {"type": "limit", "limit_price": "4000000"}
    placed = built.client.post("/api/orders", json=limit, headers=GOOD).get_json()
    answer = built.client.post(f"/api/orders/{placed['order_id']}/cancel", headers=GOOD)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")


def test_all_open_orders_are_cancelled(built: Built, around: Surroundings) -> None:
    limit: dict[str, Any] = ORDER | {"type": "limit", "limit_price": "4000000"}
    for number in range(2):
        built.client.post("/api/orders", json=limit | {"client_order_id": f"web-{number}"}, headers=GOOD)
    assert built.client.post("/api/orders/cancel-all", json={}).status_code == 401
    answer = built.client.post("/api/orders/cancel-all", json={}, headers=GOOD)
    assert (answer.status_code, len(answer.get_json()["cancelled"])) == (200, 2)
    assert around.executors[0].server.asked[-1].body == b"{}"


def test_the_trading_state_is_set_with_the_operators_own_token(built: Built, around: Surroundings) -> None:
    body = {"state": "HALTED", "reason": "a test"}
    assert built.client.put("/api/trading-state", json=body).status_code == 401
    assert around.executors[0].state == "ACTIVE"
    answer = built.client.put("/api/trading-state", json=body, headers=GOOD)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "HALTED")
    assert around.executors[0].server.asked[-1].method == "PUT"


@pytest.mark.parametrize("order_id", ["..", "a.b", "%2e%2e", "a%20b", "x" * 65, "a%0d%0ab", "%00"])
def test_an_order_id_that_is_none_is_refused(lasting: Built, around: Surroundings, order_id: str) -> None:
    answer = lasting.client.post(f"/api/orders/{order_id}/cancel", headers=GOOD)
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "order_id")
    assert around.executors[0].server.asked == []


def test_neither_token_nor_order_is_logged(
    built: Built, around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        built.client.post("/api/orders", json=ORDER, headers=GOOD)
        around.executors[0].stop()
        built.client.post("/api/orders", json=ORDER, headers=GOOD)
    assert TOKEN not in caplog.text
    assert "web-1" not in caplog.text


@pytest.mark.parametrize(
    "path", ["/api/orders", "/api/trading-state", "/api/orders/cancel-all", "/api/orders/order-1/cancel"]
)
def test_orders_are_not_read_here(lasting: Built, path: str) -> None:
    assert lasting.client.get(path).status_code == 405
