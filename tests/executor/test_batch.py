"""Many orders in one request: each gets the answer that it would get alone, and all become durable together."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from executor.ledger.append import Appender
from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, TOKEN, Executor, MarketData, Place, make_executor, wide_limits

pytestmark = pytest.mark.slow


def asked(key: str, **changes: Any) -> dict[str, Any]:
    body = {"client_order_id": key, "symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "0.5"} | changes
    return {name: value for name, value in body.items() if value is not None}


def limit(key: str, side: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
    return asked(key, side=side, type="limit", quantity=quantity, limit_price=price, **changes)


def batch(executor: Executor, *orders: object) -> list[dict[str, Any]]:
    status, body = executor.post("/v1/orders/batch", {"orders": list(orders)})
    assert status == 200, body
    answers: list[dict[str, Any]] = body["answers"]
    return answers


def test_each_order_of_a_batch_has_its_own_answer_in_order(executor: Executor) -> None:
    answers = batch(
        executor,
        asked("filled"),
        limit("rests", "buy", "1", "99"),
        asked("denied", quantity="9000"),
        asked("nowhere", symbol="BTCTURK:NOPE"),
        asked("filled"),
        asked("filled", quantity="7"),
    )
    assert [answer["status"] for answer in answers] == [201, 201, 201, 404, 200, 409]
    orders = [answer.get("order", {}).get("status") for answer in answers]
    assert orders == ["filled", "accepted", "denied", None, "filled", None]
    codes = [answer.get("error", {}).get("code") for answer in answers]
    assert codes == [None, None, None, "UNKNOWN_SYMBOL", None, "CLIENT_ORDER_ID_REUSED"]
    assert answers[4]["order"] == answers[0]["order"] == executor.get(f"/v1/orders/{answers[0]['order']['order_id']}")


BAD: list[tuple[object, str]] = [
    (asked("bad", quantity="0"), "quantity"),
    (asked("bad", quantity="NaN"), "quantity"),
    (asked("bad", quantity="x"), "quantity"),
    (asked("bad", side="both"), "side"),
    (asked("bad", more=1), "more"),
    (asked("bad", symbol=None), "symbol"),
    (asked("a b"), "client_order_id"),
    (asked("bad", type="limit"), "limit_price"),
    ({}, "client_order_id"),
    ([], "body"),
    (None, "body"),
    ("text", "body"),
    (7, "body"),
]


@pytest.mark.parametrize(("bad", "field"), BAD, ids=lambda each: json.dumps(each)[:40])
def test_an_order_that_can_not_be_read_spoils_no_other(executor: Executor, bad: object, field: str) -> None:
    first, middle, last = batch(executor, asked("first"), bad, asked("last"))
    assert (first["status"], last["status"]) == (201, 201)
    assert (middle["status"], middle["error"]["code"]) == (422, "INVALID_REQUEST")
    assert (middle["error"]["details"]["index"], middle["error"]["details"]["field"]) == (1, field)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"orders": []},
        {"orders": [asked(f"k{number}") for number in range(51)]},
        {"orders": {}},
        {"orders": "x"},
        {"orders": [asked("a")], "more": 1},
        [asked("a")],
        None,
    ],
    ids=["nothing", "empty", "too many", "object", "text", "more", "array", "null"],
)
def test_what_is_no_batch_is_refused_as_a_whole(executor: Executor, body: object) -> None:
    status, answer = executor.post("/v1/orders/batch", body)
    assert (status, answer["error"]["code"]) == (422, "INVALID_REQUEST")
    assert executor.get("/v1/account")["sequence"] == 1


def test_a_body_that_is_no_json_is_refused(executor: Executor) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for body in (b'{"orders": [', b"", b'{"orders": [{"a": tru}]}'):
        assert executor.client.post("/v1/orders/batch", data=body, headers=headers).status_code == 422


def test_a_batch_comes_to_the_same_as_its_orders_one_after_the_other(
    make: MakeExecutor, place: Place, postgres_server: Any
) -> None:
    orders = [
        asked("a", quantity="3"),
        limit("b", "sell", "1", "101"),
        limit("c", "buy", "1", "101"),
        limit("d", "buy", "2", "100.2", time_in_force="IOC"),
        asked("e", side="sell", quantity="2"),
        asked("f", quantity="0.0001"),
        limit("g", "buy", "40", "100.2"),
        asked("a", quantity="3"),
    ]
    together, alone = make(place), make(postgres_server.new_place())
    answers = batch(together, *orders)
    singles = [alone.post("/v1/orders", order) for order in orders]
    assert [answer["status"] for answer in answers] == [status for status, _ in singles]
    told = ("status", "filled_quantity", "average_price", "fees", "order_id", "sequence")
    for answer, (_, order) in zip(answers, singles, strict=True):
        assert [answer["order"][name] for name in told] == [order[name] for name in told]
    same = ("cash", "reserved", "open_orders", "sequence")
    found = [[each.get("/v1/account")[name] for name in same] for each in (together, alone)]
    assert found[0] == found[1]
    with reading(together.trading.ledger._engine) as connection:
        verify(lambda: nullcontext(connection))


def test_a_batch_is_appended_at_once(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    appended: list[int] = []
    honest = Appender.send

    def counting(self: Appender, found: Any) -> None:
        appended.append(len(found.events))
        honest(self, found)

    monkeypatch.setattr(Appender, "send", counting)
    batch(executor, *(limit(f"k{number}", "buy", "0.5", "99") for number in range(50)))
    assert [count for count in appended if count] == [100]


def test_a_batch_forwarded_to_the_writer_is_answered_as_there(make: MakeExecutor, place: Place) -> None:
    _, other = make(place), make(place)
    first = batch(other, asked("a"), {}, asked("b", quantity="9000"))
    assert [answer["status"] for answer in first] == [201, 422, 201]
    again = batch(other, asked("a"), {}, asked("b", quantity="9000"))
    assert [answer["status"] for answer in again] == [200, 422, 200]
    assert [answer["order"] for answer in again[::2]] == [answer["order"] for answer in first[::2]]


def test_each_order_of_a_batch_counts_as_a_write(place: Place, marketdata: MarketData) -> None:
    executor = make_executor(place, marketdata, writes=5)
    executor.start_writing()
    try:
        assert [answer["status"] for answer in batch(executor, *(asked(f"a{n}") for n in range(4)))] == [201] * 4
        status, body = executor.post("/v1/orders/batch", {"orders": [asked("b"), asked("c")]})
        assert (status, body["error"]["code"]) == (429, "TOO_MANY_REQUESTS")
        assert executor.order(client_order_id="d")[0] == 201
        assert executor.order(client_order_id="e")[0] == 429
        executor.clock.now += 1.1
        status, body = executor.post("/v1/orders/batch", {"orders": [asked(f"f{n}") for n in range(6)]})
        assert (status, body["error"]["details"]["field"]) == (422, "orders")
        assert next(order["client_order_id"] for order in executor.get("/v1/orders")["orders"]) == "d"
    finally:
        executor.close()


def test_each_order_of_a_batch_counts_for_the_order_rate(make: MakeExecutor, place: Place) -> None:
    executor = make(place, limits=replace(wide_limits(), max_orders_per_second=3))
    answers = batch(executor, *(asked(f"k{number}") for number in range(5)))
    codes = [[denial["code"] for denial in answer["order"]["denials"]] for answer in answers]
    assert codes == [[], [], [], ["ORDER_RATE"], ["ORDER_RATE"]]


def test_only_the_operator_places_batches(executor: Executor) -> None:
    status, _ = executor.post("/v1/orders/batch", {"orders": [asked("a")]}, token="wrong")
    assert status == 401


def test_batches_with_common_keys_that_come_together_fill_each_key_once(executor: Executor) -> None:
    orders = [asked(f"k{number}", quantity="0.2") for number in range(10)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: batch(executor, *orders), range(6)))
    for answers in found:
        assert [answer["order"] for answer in answers] == [answer["order"] for answer in found[0]]
    assert sum(answer["status"] == 201 for answers in found for answer in answers) == 10
    assert executor.get("/v1/positions")["positions"][0]["quantity"] == "2"
