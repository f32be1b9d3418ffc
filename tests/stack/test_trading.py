"""An order is filled inside the book that is shown, once, and stays filled whatever is killed."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from tests.stack.stack import Stack

SYMBOL = "BTCTURK:BTCTRY"


def fresh_id(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}"


def visible_prices(stack: Stack) -> tuple[Decimal, Decimal]:
    """The lowest and highest price of the book that marketdata shows, with a margin for what moves meanwhile."""
    book = stack.get("marketdata", f"/v1/books/{SYMBOL}?depth=100")
    assert not book["stale"]
    return Decimal(book["bids"][-1][0]), Decimal(book["asks"][-1][0])


def test_a_market_order_is_filled_inside_the_book_and_seen_by_the_other_executor(healthy: Stack) -> None:
    seen: dict[str, Any] = {}

    def filled() -> bool:
        seen["prices"] = visible_prices(healthy)
        seen["order"] = healthy.order("executor-1", fresh_id("inside")).json
        return bool(seen["order"]["status"] == "filled")

    # Another test may have left market data just started, and no executor trades on a quote that it does not know.
    healthy.wait(filled, 30, lambda: f"an order that is filled: {seen}")
    (lowest, highest), order = seen["prices"], seen["order"]
    assert all(lowest <= Decimal(fill["price"]) <= highest for fill in order["fills"])
    assert sum(Decimal(fill["quantity"]) for fill in order["fills"]) == Decimal("0.001")
    assert healthy.get("executor-2", f"/v1/orders/{order['order_id']}") == order


def test_one_client_order_id_posted_fifty_times_from_eight_threads_is_one_order(healthy: Stack) -> None:
    name = fresh_id("once")
    token = healthy.operator_token
    body = {"client_order_id": name, "symbol": SYMBOL, "side": "buy", "type": "market", "quantity": "0.0005"}

    def post(turn: int) -> tuple[int, str]:
        answer = healthy.ask("POST", f"executor-{turn % 2 + 1}", "/v1/orders", body=body, token=token)
        return answer.status, answer.json["order_id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(50)))
    assert len({order_id for _, order_id in answers}) == 1
    assert sorted(status for status, _ in answers) == [200] * 49 + [201]
    listed = [
        order
        for order in healthy.get("executor-2", "/v1/orders?limit=500")["orders"]
        if order["client_order_id"] == name
    ]
    assert len(listed) == 1
    assert listed[0]["status"] == "filled", listed[0]
    assert sum(Decimal(fill["quantity"]) for fill in listed[0]["fills"]) == Decimal("0.0005")


def test_the_same_id_with_another_body_is_a_conflict(healthy: Stack) -> None:
    name = fresh_id("conflict")
    assert healthy.order("executor-1", name).status == 201
    answer = healthy.order("executor-2", name, quantity="0.002")
    assert answer.status == 409
    assert answer.json["error"]["code"]


def test_a_filled_order_survives_sigkill_of_both_executors_and_the_database(healthy: Stack) -> None:
    before = healthy.order("executor-1", fresh_id("survivor")).json
    account = healthy.get("executor-1", "/v1/account")
    victims = ("executor-1", "executor-2", "postgres")
    restarts = {victim: healthy.kill(victim) for victim in victims}
    for victim in victims:
        healthy.wait_restarted(victim, restarts[victim])
    for executor in ("executor-1", "executor-2"):
        healthy.wait_ready(executor)
        assert healthy.get(executor, f"/v1/orders/{before['order_id']}") == before
    assert healthy.get("executor-2", "/v1/account")["cash"] == account["cash"]
    verified = healthy.run("docker", "compose", "exec", "-T", "executor-1", "python", "-m", "executor.ledger", "verify")
    assert verified.returncode == 0, verified.stdout


def test_prometheus_counts_the_fill(healthy: Stack) -> None:
    placed = healthy.order("executor-1", fresh_id("counted"))
    assert placed.json["status"] == "filled", placed.body

    def counted() -> bool:
        query = "/api/v1/query?query=sum(executor_fills_total)"
        result = healthy.get("prometheus", query)["data"]["result"]
        return bool(result and float(result[0]["value"][1]) >= 1)

    healthy.wait(counted, 30, "a fill in Prometheus")


def ledger_reason(stack: Stack) -> str | None:
    reason = stack.ask("GET", "executor-1", "/readyz").json["parts"]["ledger"]["reason"]
    return None if reason is None else str(reason)


def test_an_order_while_the_database_is_away_is_refused_as_retryable_and_can_be_retried(healthy: Stack) -> None:
    name = fresh_id("away")
    healthy.compose("stop", "--timeout", "2", "postgres")
    try:
        answer = healthy.order("executor-1", name)
        assert answer.status == 503, answer.body
        assert answer.json["error"]["retryable"] is True
        assert healthy.ask("GET", "executor-1", "/healthz").status == 200
        healthy.wait(lambda: ledger_reason(healthy) is not None, 20, "readiness says why the ledger is not ready")
    finally:
        healthy.compose("start", "postgres")
    healthy.wait(lambda: healthy.order("executor-2", name).status in (200, 201), 60, "the retried order accepted")


def test_the_kill_switch_denies_and_lets_go_again(healthy: Stack) -> None:
    token = healthy.operator_token
    engage = {"engaged": True, "reason": "a test"}
    assert healthy.ask("PUT", "executor-1", "/v1/kill-switch", body=engage, token=token).status == 200
    try:
        denied = healthy.order("executor-2", fresh_id("killed")).json
        assert denied["status"] == "denied"
        assert "KILL_SWITCH" in [denial["code"] for denial in denied["denials"]]
    finally:
        release = {"engaged": False, "reason": "the test is over"}
        assert healthy.ask("PUT", "executor-1", "/v1/kill-switch", body=release, token=token).status == 200
    assert healthy.order("executor-2", fresh_id("released")).json["status"] == "filled"
