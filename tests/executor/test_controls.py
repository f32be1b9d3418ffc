"""What an operator or a loss stops: on both back ends, on both executors, over a restart, with an event each."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, BTCUSDT, TOKEN, USDTTRY, Executor, MarketData, Place

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
FALLEN: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([("50", "9")], [("50.1", "9")])


def put(executor: Executor, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = executor.client.put(f"/v1/{path}", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def refused(executor: Executor, path: str, body: dict[str, Any]) -> str:
    """The field that the refusal names."""
    answer = executor.client.put(f"/v1/{path}", json=body, headers=HEADERS)
    assert answer.status_code == 422, answer.text
    return str(answer.get_json()["error"]["details"]["field"])


def codes(executor: Executor, key: str, **changes: Any) -> list[str]:
    status, order = executor.order(client_order_id=key, **changes)
    assert status == 201, order
    return [denial["code"] for denial in order["denials"]]


def events(place: Place, kind: str) -> list[dict[str, Any]]:
    engine = place.engine()
    with reading(engine) as connection:
        verify(lambda: nullcontext(connection))
        query = sa.text("SELECT payload FROM events WHERE kind = :kind ORDER BY account, sequence")
        found = [json.loads(text) for text in connection.execute(query, {"kind": kind}).scalars()]
    engine.dispose()
    return found


def test_a_kill_switch_of_a_symbol_stops_that_symbol_alone_on_every_executor(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(USDTTRY, [("40", "1000")], [("40.1", "1000")])
    one, other = make(place), make(place)
    resting, kept = one.limit("rest", "buy", "1", "99"), one.limit("kept", "buy", "1", "39.9", symbol=USDTTRY)
    assert put(one, "kill-switch", {"engaged": True, "reason": "odd prices", "scope": BTCTRY}) == {
        "market": "simulated",
        "engaged": False,
        "reason": "",
        "switches": {BTCTRY: "odd prices"},
    }
    assert other.get(f"/v1/orders/{resting['order_id']}")["status"] == "cancelled"
    assert other.get(f"/v1/orders/{kept['order_id']}")["status"] == "accepted"
    assert codes(other, "stopped") == ["KILL_SWITCH"]
    assert codes(other, "free", symbol=USDTTRY, quantity="10") == []
    put(other, "kill-switch", {"engaged": False, "reason": "over", "scope": BTCTRY})
    assert codes(one, "again") == []


def test_the_kill_switch_of_all_stops_every_account_of_the_ledger_and_those_opened_later(
    make: MakeExecutor, place: Place
) -> None:
    one, other = make(place), make(place, account="second")
    put(one, "kill-switch", {"engaged": True, "reason": "drill", "scope": "all"})
    assert codes(other, "stopped") == ["KILL_SWITCH"]
    later = make(place, account="third")
    assert codes(later, "stopped") == ["KILL_SWITCH"]
    put(other, "kill-switch", {"engaged": False, "reason": "over", "scope": "all"})
    assert [codes(each, "free") for each in (one, other, later)] == [[], [], []]
    assert len(events(place, "switched")) == 6


def test_a_released_switch_leaves_the_others_engaged(executor: Executor) -> None:
    for scope in ("all", "account", BTCTRY):
        put(executor, "kill-switch", {"engaged": True, "reason": f"of {scope}", "scope": scope})
    put(executor, "kill-switch", {"engaged": False, "reason": "over", "scope": "all"})
    found = put(executor, "kill-switch", {"engaged": False, "reason": "over", "scope": BTCTRY})
    assert (found["engaged"], found["switches"]) == (True, {"account": "of account"})
    assert codes(executor, "stopped") == ["KILL_SWITCH"]


def test_limits_set_by_the_operator_hold_on_every_executor_and_after_a_restart(
    make: MakeExecutor, place: Place
) -> None:
    one, other = make(place), make(place)
    before = one.get("/v1/limits")
    assert (before["set_by_operator"], before["limits"]["max_order_notional"]["TRY"]) == ([], "500000")
    asked = {"max_order_notional": {"TRY": "100"}, "max_orders_per_second": 7}
    found = put(one, "limits", {"reason": "smaller for today", "limits": asked})
    assert found["set_by_operator"] == ["max_order_notional", "max_orders_per_second"]
    assert codes(other, "large", quantity="2") == ["MAX_NOTIONAL"]
    restarted = make(place)
    assert restarted.get("/v1/limits") == found
    put(restarted, "limits", {"reason": "as before", "limits": {"max_order_notional": None}})
    assert codes(one, "passes", quantity="2") == []
    assert other.get("/v1/limits")["set_by_operator"] == ["max_orders_per_second"]
    assert [event["reason"] for event in events(place, "limits_set")] == ["smaller for today", "as before"]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({}, "limits"),
        ({"max_size": "1"}, "limits.max_size"),
        ({"price_collar_percent": "0"}, "limits.price_collar_percent"),
        ({"price_collar_percent": "50.01"}, "limits.price_collar_percent"),
        ({"price_collar_percent": "1e-30"}, "limits.price_collar_percent"),
        ({"quote_stale_seconds": 0}, "limits.quote_stale_seconds"),
        ({"quote_stale_seconds": 301}, "limits.quote_stale_seconds"),
        ({"duplicate_seconds": -1}, "limits.duplicate_seconds"),
        ({"max_orders_per_second": 0}, "limits.max_orders_per_second"),
        ({"max_executions": 100_001}, "limits.max_executions"),
        ({"max_daily_loss_percent": "NaN"}, "limits.max_daily_loss_percent"),
        ({"max_drawdown_percent": "101"}, "limits.max_drawdown_percent"),
        ({"max_exposure": {"try": "5"}}, "limits.max_exposure"),
        ({"max_exposure": {"TRY": "-5"}}, "limits.max_exposure.TRY"),
        ({"max_exposure": {"TRY": "1" + "0" * 13}}, "limits.max_exposure.TRY"),
        ({"max_order_quantity": {"BTCTRY": "5"}}, "limits.max_order_quantity"),
    ],
)
def test_a_bad_limit_is_named_and_changes_nothing(door: Executor, limits: dict[str, Any], field: str) -> None:
    before = door.get("/v1/limits"), door.get("/v1/account")["sequence"]
    assert refused(door, "limits", {"reason": "a slip", "limits": limits}) == field
    assert (door.get("/v1/limits"), door.get("/v1/account")["sequence"]) == before


def test_setting_what_is_set_already_records_nothing(executor: Executor) -> None:
    for _ in range(2):
        put(executor, "limits", {"reason": "r", "limits": {"max_executions": 5}})
        put(executor, "trading-state", {"state": "REDUCING", "reason": "r"})
        put(executor, "kill-switch", {"engaged": True, "reason": "r"})
    assert executor.get("/v1/account")["sequence"] == 4


def test_an_account_that_only_reduces_sells_and_its_open_buys_are_cancelled(executor: Executor) -> None:
    assert codes(executor, "first", quantity="1") == []
    buy, sale = executor.limit("buy", "buy", "0.5", "99"), executor.limit("sale", "sell", "0.5", "101")
    found = put(executor, "trading-state", {"state": "REDUCING", "reason": "too hot"})
    assert (found["state"], [(hold["code"], hold["reason"]) for hold in found["holds"]]) == (
        "REDUCING",
        [("TRADING_STATE", "too hot")],
    )
    assert executor.get("/v1/account")["trading_state"] == "REDUCING"
    statuses = [executor.get(f"/v1/orders/{order['order_id']}")["status"] for order in (buy, sale)]
    assert statuses == ["cancelled", "accepted"]
    assert codes(executor, "more") == ["TRADING_STATE"]
    assert codes(executor, "less", side="sell", quantity="0.2") == []
    put(executor, "trading-state", {"state": "ACTIVE", "reason": "cooled down"})
    assert codes(executor, "free") == []


def test_a_halted_account_trades_nothing_and_lets_cancels_pass(executor: Executor) -> None:
    executor.order(client_order_id="first", quantity="1")
    put(executor, "trading-state", {"state": "HALTED", "reason": "drill"})
    assert codes(executor, "sale", side="sell", quantity="0.2") == ["TRADING_STATE"]
    assert executor.post("/v1/orders/cancel-all", {})[0] == 200


@pytest.mark.parametrize(
    ("body", "field"), [({"state": "OFF", "reason": "x"}, "state"), ({"state": "ACTIVE"}, "reason")]
)
def test_a_bad_trading_state_is_named(executor: Executor, body: dict[str, Any], field: str) -> None:
    assert refused(executor, "trading-state", body) == field


def test_repeated_executions_halt_the_account_until_somebody_resets_it(make: MakeExecutor, place: Place) -> None:
    one, other = make(place), make(place)
    put(one, "limits", {"reason": "low", "limits": {"max_executions": 3}})
    resting = one.limit("rest", "sell", "0.1", "101") if codes(one, "x0", quantity="0.2") == [] else {}
    assert [codes(each, f"x{number}", quantity="0.2") for number, each in ((1, other), (2, one))] == [[], []]
    assert codes(other, "sale", side="sell", quantity="0.1") == [], "another side is counted apart"
    assert codes(other, "x3", quantity="0.2") == ["REPEATED_EXECUTIONS"]
    assert codes(one, "sale2", side="sell", quantity="0.1") == ["REPEATED_EXECUTIONS"]
    one.matcher.pass_once()
    assert one.get(f"/v1/orders/{resting['order_id']}")["status"] == "cancelled"
    assert one.get("/v1/trading-state")["state"] == "HALTED"
    put(other, "trading-state", {"state": "ACTIVE", "reason": "looked at"})
    assert [codes(one, f"y{number}", quantity="0.2") for number in range(4)] == [[], [], [], ["REPEATED_EXECUTIONS"]]


def test_executions_are_forgotten_after_a_minute(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    put(executor, "limits", {"reason": "low", "limits": {"max_executions": 2}})
    assert [codes(executor, f"x{number}", quantity="0.2") for number in range(2)] == [[], []]
    executor.clock.now += 60
    assert codes(executor, "later", quantity="0.2") == []
    executor.clock.now += 1
    assert [codes(executor, f"z{number}", quantity="0.2") for number in range(2)] == [[], ["REPEATED_EXECUTIONS"]]


def rich(make: MakeExecutor, place: Place, times: list[datetime]) -> Executor:
    """An executor whose account had 1000 TRY and no more, of which it put 700 into BTC."""
    executor = make(place, cash={"TRY": Decimal(1000)}, fee="0", now=lambda: times[-1])
    executor.matcher.pass_once()
    assert codes(executor, "in", quantity="8.99", type="limit", limit_price="100.2", time_in_force="IOC") == []
    return executor


def pass_until(executor: Executor, times: list[datetime], at: datetime) -> None:
    """Lets time pass until then, on all clocks, and looks at the losses."""
    executor.clock.now += (at - times[-1]).total_seconds()
    times.append(at)
    executor.matcher.pass_once()


def test_a_daily_loss_lets_only_sales_pass_until_the_next_day_in_istanbul(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    times = [datetime(2026, 11, 25, 9, tzinfo=UTC)]
    executor = rich(make, place, times)
    put(executor, "limits", {"reason": "for the test", "limits": {"max_drawdown_percent": "90"}})
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["state"] == "ACTIVE"
    buy = executor.limit("rest", "buy", "0.2", "99.5")
    marketdata.put(BTCTRY, *FALLEN)
    executor.matcher.pass_once()
    found = executor.get("/v1/trading-state")
    assert (found["state"], [hold["code"] for hold in found["holds"]]) == ("REDUCING", ["DAILY_LOSS"])
    assert executor.get(f"/v1/orders/{buy['order_id']}")["status"] == "cancelled"
    other = make(place, cash={"TRY": Decimal(1000)}, now=lambda: times[-1])
    assert codes(other, "more", quantity="0.2") == ["DAILY_LOSS"]
    assert codes(other, "less", side="sell", quantity="0.2") == []
    pass_until(executor, times, datetime(2026, 11, 25, 20, 59, tzinfo=UTC))
    assert codes(other, "still", quantity="0.2") == ["DAILY_LOSS"]
    pass_until(executor, times, datetime(2026, 11, 25, 21, 0, tzinfo=UTC))
    assert codes(other, "next-day", quantity="0.2") == []


def test_a_drawdown_halts_the_account_until_somebody_resets_it(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    times = [datetime(2026, 11, 25, 9, tzinfo=UTC)]
    executor = rich(make, place, times)
    marketdata.put(BTCTRY, *FALLEN)
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["state"] == "HALTED"
    pass_until(executor, times, datetime(2026, 11, 27, 9, tzinfo=UTC))
    assert codes(executor, "sale", side="sell", quantity="0.2") == ["DRAWDOWN"]
    assert [event["code"] for event in events(place, "released")] == ["DAILY_LOSS"]
    found = put(executor, "trading-state", {"state": "ACTIVE", "reason": "accepted"})
    assert (found["state"], found["anchors"]) == ("ACTIVE", None)
    executor.matcher.pass_once()
    found = executor.get("/v1/trading-state")
    assert (found["state"], found["anchors"]["day_start"]) == ("ACTIVE", found["anchors"]["peak"])
    assert codes(executor, "free", side="sell", quantity="0.2") == []


def test_nothing_is_held_while_something_has_no_price(make: MakeExecutor, place: Place, marketdata: MarketData) -> None:
    del marketdata.books[USDTTRY]
    marketdata.put(BTCUSDT, [("100", "9")], [("100.1", "9")])
    executor = make(place)
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["anchors"] is None
    assert "executor_equity_known 0.0" in executor.client.get("/metrics").text
    marketdata.put(USDTTRY, [("40", "1000")], [("40.1", "1000")])
    executor.clock.now += 31
    executor.matcher.pass_once()
    assert Decimal(executor.get("/v1/trading-state")["anchors"]["peak"]) == 5_000_000 + 100_000 * Decimal("40.05")
    assert "executor_equity_known 1.0" in executor.client.get("/metrics").text


def test_every_change_by_the_operator_can_be_read_with_its_reason(executor: Executor) -> None:
    put(executor, "kill-switch", {"engaged": True, "reason": "odd prices", "scope": BTCTRY})
    put(executor, "limits", {"reason": "smaller", "limits": {"max_executions": 5}})
    put(executor, "trading-state", {"state": "REDUCING", "reason": "too hot"})
    put(executor, "trading-state", {"state": "ACTIVE", "reason": "cooled down"})
    page = executor.get("/v1/events?limit=3")
    told = [(event["kind"], event["content"]["reason"]) for event in page["events"]]
    assert told == [("released", "cooled down"), ("held", "too hot"), ("limits_set", "smaller")]
    rest = executor.get(f"/v1/events?limit=3&before={page['next']}")
    assert [event["kind"] for event in rest["events"]] == ["switched", "opened"]
    assert (rest["next"], rest["events"][0]["content"]["scope"]) == (None, BTCTRY)
    assert [event["sequence"] for event in executor.get("/v1/events?kind=held")["events"]] == [4]
    answer = executor.client.get("/v1/events?kind=nope")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "kind")
