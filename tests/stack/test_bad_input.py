"""Bad input on every endpoint: a 4xx in the one error shape that names the field, and nothing falls over."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.answer import Answer
from tests.stack import webhook
from tests.stack.stack import FLASK_SERVICES, Stack

GOOD = {"client_order_id": "x", "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "market", "quantity": "0.001"}

BAD_ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("client_order_id", {"client_order_id": None}),
    ("client_order_id", {"client_order_id": ""}),
    ("client_order_id", {"client_order_id": "x" * 5000}),
    ("client_order_id", {"client_order_id": "../../etc/passwd"}),
    ("client_order_id", {"client_order_id": {"$gt": ""}}),
    ("symbol", {"symbol": 7}),
    ("side", {"side": "hold"}),
    ("side", {"side": ["buy"]}),
    ("type", {"type": "stop"}),
    ("quantity", {"quantity": "-1"}),
    ("quantity", {"quantity": "0"}),
    ("quantity", {"quantity": "NaN"}),
    ("quantity", {"quantity": "Infinity"}),
    ("quantity", {"quantity": "1e999999"}),
    ("quantity", {"quantity": "9" * 400}),
    ("quantity", {"quantity": "0." + "0" * 60 + "1"}),
    ("quantity", {"quantity": "one"}),
    ("quantity", {"quantity": True}),
    ("quantity", {"quantity": None}),
    ("limit_price", {"type": "limit"}),
    ("limit_price", {"type": "limit", "limit_price": "-5"}),
    ("limit_price", {"type": "limit", "limit_price": "NaN"}),
    ("limit_price", {"limit_price": "100"}),
    ("time_in_force", {"time_in_force": "DAY"}),
    ("colour", {"colour": "red"}),
]


def assert_refused(answer: Answer, field: str | None = None) -> None:
    assert 400 <= answer.status < 500, (answer.status, answer.body[:300])
    error = answer.json["error"]
    assert error["code"]
    assert error["message"]
    if field is not None:
        assert error["details"]["field"].split(".")[0] == field, error


@pytest.mark.parametrize(("field", "change"), BAD_ORDERS, ids=lambda value: str(value)[:50])
def test_a_bad_order_names_its_field(healthy: Stack, field: str, change: dict[str, Any]) -> None:
    body = GOOD | {"client_order_id": f"bad-{uuid.uuid4().hex}"} | change
    answer = healthy.ask("POST", "executor-1", "/v1/orders", body=body, token=healthy.operator_token)
    assert answer.status == 422
    assert_refused(answer, field)


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_named(healthy: Stack, field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    answer = healthy.ask("POST", "executor-1", "/v1/orders", body=body, token=healthy.operator_token)
    assert_refused(answer, field)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 30_000], ids=lambda raw: repr(raw[:8])
)
def test_a_body_that_is_no_order_is_refused(healthy: Stack, raw: bytes) -> None:
    answer = healthy.ask("POST", "executor-1", "/v1/orders", raw=raw, token=healthy.operator_token)
    assert_refused(answer, "body" if raw != b"" else None)


def test_an_unknown_symbol_is_refused_and_nothing_is_filled(healthy: Stack) -> None:
    before = healthy.get("executor-1", "/v1/account")["cash"]
    answer = healthy.order("executor-1", f"nope-{uuid.uuid4().hex}", symbol="BTCTURK:NOPETRY")
    assert answer.status in (201, 404, 422), answer.body
    if answer.status == 201:
        assert answer.json["status"] == "denied"
    assert healthy.get("executor-1", "/v1/account")["cash"] == before


@pytest.mark.parametrize("token", [None, "", "wrong", "ş", "x" * 3000])
def test_a_wrong_token_is_401_before_the_body_is_looked_at(healthy: Stack, token: str | None) -> None:
    for method, path in (("POST", "/v1/orders"), ("PUT", "/v1/kill-switch"), ("POST", "/v1/orders/x/cancel")):
        header = token.encode().decode("latin-1") if token else token
        answer = healthy.ask(method, "executor-1", path, body={"nonsense": 1}, token=header)
        assert answer.status == 401, (path, answer.status)
        assert_refused(answer)


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_a_body_of_one_megabyte_is_413_or_ignored_and_the_service_lives(healthy: Stack, service: str) -> None:
    path = {"web": "/api/orders", "canary": "/v1/status", "marketdata": "/v1/quotes"}.get(service, "/v1/orders")
    token = healthy.operator_token
    answer = healthy.ask("POST", service, path, raw=b'{"a":"' + b"x" * 1_000_000 + b'"}', token=token)
    assert answer.status in (405, 413), answer.status
    assert_refused(answer)
    assert healthy.ask("GET", service, "/healthz").status == 200


@pytest.mark.parametrize(
    ("service", "path", "field"),
    [
        ("marketdata", "/v1/books/BTCTURK:BTCTRY?depth=0", "depth"),
        ("marketdata", "/v1/books/BTCTURK:BTCTRY?depth=-1", "depth"),
        ("marketdata", "/v1/books/BTCTURK:BTCTRY?depth=NaN", "depth"),
        ("marketdata", "/v1/books/BTCTURK:BTCTRY?depth=1e9", "depth"),
        ("marketdata", "/v1/trades/BTCTURK:BTCTRY?limit=x", "limit"),
        ("executor-1", "/v1/orders?limit=0", "limit"),
        ("executor-1", "/v1/orders?limit=99999999999999999999", "limit"),
        ("executor-1", "/v1/orders?status=lost", "status"),
        ("web", "/api/alerts?limit=-3", "limit"),
        ("marketdata", "/v1/quotes/NOPE", None),
        ("marketdata", "/v1/books/BTCTURK:btctry", None),
        ("marketdata", "/v1/stream?symbols=NOPE", None),
        ("executor-1", "/v1/orders/none-such", None),
        ("canary", "/v1/evidence/..%2f..%2fetc%2fpasswd", None),
        ("canary", "/v1/evidence/none.zip", None),
        ("web", "/api/evidence/..%2f..%2fetc%2fpasswd", None),
        ("web", "/static/../app.py", None),
        ("web", "/none", None),
    ],
)
def test_a_bad_query_or_path_is_a_4xx(healthy: Stack, service: str, path: str, field: str | None) -> None:
    assert_refused(healthy.ask("GET", service, path), field)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{", b'{"version":"4","alerts":7}', b'{"version":"4","alerts":[{"labels":7}]}', b'{"alerts":[null]}'],
)
def test_a_bad_webhook_is_refused_by_the_inbox(healthy: Stack, raw: bytes) -> None:
    (answer,) = webhook.send(healthy, raw)
    assert_refused(answer)
    assert answer.status != 401


@pytest.mark.parametrize("body", [{}, {"engaged": "yes"}, {"engaged": 1}, {"engaged": True, "reason": 5}, []])
def test_a_bad_kill_switch_request_is_refused_and_changes_nothing(healthy: Stack, body: Any) -> None:
    before = healthy.get("executor-1", "/v1/kill-switch")["engaged"]
    answer = healthy.ask("PUT", "executor-1", "/v1/kill-switch", body=body, token=healthy.operator_token)
    assert_refused(answer)
    assert healthy.get("executor-1", "/v1/kill-switch")["engaged"] == before
