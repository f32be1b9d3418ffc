"""Without the operator's very token no write does anything, on every call that the OpenAPI document guards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from werkzeug.test import TestResponse

from common.framing import MAX_BODY_BYTES
from executor.openapi import document
from tests.executor.standin import BTCTRY, TOKEN, Executor, Place, having_traded

pytestmark = pytest.mark.slow

NO_TOKENS = {
    "none": None,
    "empty": "",
    "a scheme alone": "Bearer",
    "an empty token": "Bearer ",
    "another token": "Bearer wrong",
    "a token of the same length": f"Bearer {'x' * len(TOKEN)}",
    "a part of it": f"Bearer {TOKEN[:-1]}",
    "one letter of it": f"Bearer {TOKEN[:1]}",
    "more than it": f"Bearer {TOKEN}x",
    "it twice": f"Bearer {TOKEN} {TOKEN}",
    "it in a list": f"Bearer {TOKEN}, Bearer {TOKEN}",
    "it in capitals": f"Bearer {TOKEN.upper()}",
    "it without a scheme": TOKEN,
    "it under another scheme": f"Basic {TOKEN}",
    "it in quotes": f'Bearer "{TOKEN}"',
    "letters that are not ASCII": "Bearer şifre",
    "a very long one": f"Bearer {TOKEN * 200}",
}
ORDER = {"client_order_id": "new", "symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "0.1"}
BODIES: dict[str, dict[str, Any]] = {
    "placeOrder": ORDER,
    "replaceOrder": {"client_order_id": "moved", "limit_price": "98"},
    "setKillSwitch": {"engaged": True, "reason": "drill"},
    "setTradingState": {"state": "HALTED", "reason": "drill"},
    "setLimits": {"limits": {"max_executions": 7}, "reason": "drill"},
    "reverseFill": {"reason": "drill"},
    "cancelOrder": {},
    "cancelAllOrders": {},
}
"""What each call would do something with; one that is not here is asked with an empty object."""


class Call(NamedTuple):
    """An operation of the document that needs the token."""

    name: str
    method: str
    path: str


GUARDED = [
    Call(operation["operationId"], method.upper(), path)
    for path, operations in document("0")["paths"].items()
    for method, operation in operations.items()
    if operation.get("security")
]
each_call = pytest.mark.parametrize("call", GUARDED, ids=lambda call: call.name)


@pytest.fixture
def door(place: Place) -> Iterator[Executor]:
    """An executor whose calls have something to work on."""
    with having_traded(place) as executor:
        yield executor


def ask(door: Executor, call: Call, header: str | None, **how: Any) -> TestResponse:
    resting, filled = door.get("/v1/orders")["orders"]
    path = call.path.replace("{order_id}", resting["order_id"]).replace("{trade_id}", filled["fills"][0]["trade_id"])
    headers = {} if header is None else {"Authorization": header}
    return door.client.open(path, method=call.method, headers=headers, **(how or {"json": BODIES.get(call.name, {})}))


def written(door: Executor) -> int:
    sequence: int = door.get("/v1/account")["sequence"]
    return sequence


def test_the_document_guards_every_call_that_writes() -> None:
    told = {
        operation["operationId"]: method
        for operations in document("0")["paths"].values()
        for method, operation in operations.items()
    }
    writes = {name for name, method in told.items() if method != "get"} - {"previewOrder"}
    assert {call.name for call in GUARDED} >= writes


@each_call
def test_any_other_token_gets_the_same_401_and_writes_nothing(door: Executor, call: Call) -> None:
    before, bodies = written(door), set()
    for what, header in NO_TOKENS.items():
        answer = ask(door, call, header)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "UNAUTHORIZED"), what
        bodies.add(answer.get_data())
    assert len(bodies) == 1
    assert written(door) == before


@each_call
def test_the_token_itself_opens_the_door(door: Executor, call: Call) -> None:
    """Else the other tests would prove nothing. Of a call that is new here only this is asked: that it is let in."""
    before = written(door)
    answer = ask(door, call, f"Bearer {TOKEN}")
    assert answer.status_code != 401, answer.text
    if call.name in BODIES:
        assert answer.status_code in (200, 201), answer.text
        assert written(door) > before


@each_call
def test_a_wrong_token_is_told_before_anything_of_the_body_is_read(door: Executor, call: Call) -> None:
    before = written(door)
    for body in (b"not json", b"x" * (MAX_BODY_BYTES + 1)):
        assert ask(door, call, "Bearer wrong", data=body).status_code == 401
    assert written(door) == before


@each_call
def test_a_body_over_the_limit_is_413_and_writes_nothing(door: Executor, call: Call) -> None:
    before = written(door)
    answer = ask(door, call, f"Bearer {TOKEN}", data=b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413, answer.text
    assert written(door) == before
