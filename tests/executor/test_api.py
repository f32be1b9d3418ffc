"""The HTTP door: what is refused, how it is told, and that nothing is lost or done by it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.executor.standin import BTCTRY, TOKEN, Executor, Place, make_executor, market_data, serving

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
NO_NUMBERS: list[Any] = ["-1", "0", "NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "1e-999999", "1e13", "1e-19"]
NO_NUMBERS += ["1e9999999999999999999", "", "one", "1,5", True, [], {}, -1, 0, 10**13, "9" * 300, "0." + "1" * 200]
NO_NUMBERS += [
    "1e-1000119",
    "1__0",
    "1_0",
    "+1",
    " 1",
    "1 ",
    "1\n",
    ".5",
    "5.",
    "1e0",
    "1E1",
    "０．１",
    "١",
    "0x1",
    "1.0000000000000000000",
]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(({name: None}, name) for name in ("client_order_id", "symbol", "side", "type", "quantity")),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "x" * 65}, "client_order_id"),
        ({"client_order_id": "a b"}, "client_order_id"),
        ({"client_order_id": "süt"}, "client_order_id"),
        ({"client_order_id": 7}, "client_order_id"),
        ({"symbol": "btcturk:btctry"}, "symbol"),
        ({"symbol": "BTCTRY"}, "symbol"),
        ({"symbol": "BTCTURK:../../etc"}, "symbol"),
        ({"symbol": ["BTCTURK:BTCTRY"]}, "symbol"),
        ({"side": "hold"}, "side"),
        ({"type": "stop"}, "type"),
        ({"time_in_force": "DAY"}, "time_in_force"),
        ({"time_in_force": "GTC"}, "time_in_force"),
        *(({"quantity": bad}, "quantity") for bad in NO_NUMBERS),
        ({"type": "limit"}, "limit_price"),
        ({"limit_price": "100"}, "limit_price"),
        *(({"type": "limit", "limit_price": bad}, "limit_price") for bad in NO_NUMBERS),
        ({"post_only": True}, "post_only"),
        ({"type": "limit", "limit_price": "99", "time_in_force": "IOC", "post_only": True}, "post_only"),
        ({"post_only": "yes"}, "post_only"),
        ({"leverage": "10"}, "leverage"),
    ],
)
def test_a_bad_field_is_named(door: Executor, changes: dict[str, Any], field: str) -> None:
    status, body = door.order(**changes)
    assert (status, body["error"]["code"]) == (422, "INVALID_REQUEST")
    assert body["error"]["details"]["field"] == field
    assert "one" not in {order["client_order_id"] for order in door.get("/v1/orders")["orders"]}


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 5000, b'{"quantity":NaN}']
)
def test_a_body_that_is_no_order_is_refused(door: Executor, body: bytes) -> None:
    answer = door.client.post("/v1/orders", data=body, headers=AUTHORIZED)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"]["field"] == "body"


def test_a_body_beyond_64_kib_is_413(door: Executor) -> None:
    answer = door.client.post("/v1/orders", data=b"x" * (64 * 1024 + 1), headers=AUTHORIZED)
    assert answer.status_code == 413


def test_a_number_may_come_as_a_number_and_stays_exact(door: Executor) -> None:
    answer = door.client.post(
        "/v1/orders",
        data=b'{"client_order_id":"n","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":0.3}',
        headers=AUTHORIZED,
    )
    assert answer.get_json()["quantity"] == "0.3"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", TOKEN, f"Basic {TOKEN}", "Bearer şifre"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/orders"), ("POST", "/v1/orders/paper-2/cancel"), ("PUT", "/v1/kill-switch")]
)
def test_a_write_without_the_token_is_401(door: Executor, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = door.client.open(path, method=method, json={}, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "UNAUTHORIZED")


def test_an_unknown_symbol_is_404_and_records_nothing(door: Executor) -> None:
    before = door.get("/v1/account")["sequence"]
    status, body = door.order(symbol="BTCTURK:NOPETRY")
    assert (status, body["error"]["code"], body["error"]["details"]["field"]) == (404, "UNKNOWN_SYMBOL", "symbol")
    assert door.get("/v1/account")["sequence"] == before


@pytest.mark.parametrize("path", ["/v1/orders/paper-999", "/v1/orders/%00", "/v1/orders/" + "x" * 3000])
def test_an_unknown_order_is_404(door: Executor, path: str) -> None:
    assert door.client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *((f"limit={bad}", "limit") for bad in ("0", "501", "-1", "x", "", "1.5", "9" * 5000, "²")),
        *((f"status={bad}", "status") for bad in ("closed", "", "OPEN")),
    ],
)
def test_a_bad_query_is_named(door: Executor, query: str, field: str) -> None:
    answer = door.client.get(f"/v1/orders?{query}")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "engaged"),
        ({"engaged": True}, "reason"),
        ({"engaged": "yes", "reason": "x"}, "engaged"),
        ({"engaged": True, "reason": " "}, "reason"),
        ({"engaged": True, "reason": "x" * 201}, "reason"),
        ({"engaged": True, "reason": "a\nb"}, "reason"),
        ({"engaged": True, "reason": "x", "scope": "ALL"}, "scope"),
        ({"engaged": True, "reason": "x", "extra": 1}, "extra"),
    ],
)
def test_a_bad_kill_switch_request_is_named_and_changes_nothing(
    door: Executor, body: dict[str, Any], field: str
) -> None:
    answer = door.client.put("/v1/kill-switch", json=body, headers=AUTHORIZED)
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, field)
    assert door.get("/v1/kill-switch")["engaged"] is False


def test_reads_need_no_token_and_name_the_market(door: Executor) -> None:
    for path in ("orders", "positions", "account", "kill-switch", "trading-state", "limits"):
        answer = door.client.get(f"/v1/{path}")
        assert answer.get_json()["market"] == "simulated"
        assert answer.headers["X-Spark-Market"] == "simulated"


def test_an_order_shows_its_fields_as_the_contract_has_them(door: Executor) -> None:
    _, order = door.order(client_order_id="shape")
    assert order["symbol"] == BTCTRY
    assert order["received_at"].endswith("Z")
    assert (order["account"], order["client_order_id"], order["time_in_force"]) == ("paper", "shape", "IOC")


def test_too_many_writes_are_refused_with_when_to_come_back_and_the_next_second_is_free(place: Place) -> None:
    with serving(market_data()) as data:
        executor = make_executor(place, data, writes=5)
        executor.start_writing()
        refused = []
        for number in range(30):
            body = {
                "client_order_id": f"n{number}",
                "symbol": BTCTRY,
                "side": "buy",
                "type": "market",
                "quantity": "0.1",
            }
            answer = executor.client.post("/v1/orders", json=body, headers=AUTHORIZED)
            if answer.status_code == 429:
                refused.append(answer)
        assert refused
        assert refused[0].headers["Retry-After"] == "1"
        assert refused[0].get_json()["error"]["code"] == "TOO_MANY_REQUESTS"
        assert len(executor.get("/v1/orders")["orders"]) == 30 - len(refused)
        assert executor.order(token="wrong")[0] == 401, "a wrong token is told so whatever the limit"
        executor.clock.now += 1.1
        assert executor.order(client_order_id="later")[0] == 201
        executor.close()


def test_a_cancel_with_a_body_that_asks_for_less_cancels_nothing(executor: Executor) -> None:
    order = executor.limit("rest", "buy", "1", "99")
    answer = executor.client.post(
        f"/v1/orders/{order['order_id']}/cancel",
        json={"quantity": "0.5"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert (answer.status_code, answer.get_json()["error"]["details"]) == (422, {"field": "body"})
    assert executor.get("/v1/orders?status=open")["orders"][0]["order_id"] == order["order_id"]
