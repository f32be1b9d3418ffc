"""Limits on what the account would hold and on how fast orders come, as the ledger knows it: on both back ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from executor.guardrails import Limits
from tests.common.local import eventually
from tests.executor.conftest import MakeExecutor
from tests.executor.listener import flood
from tests.executor.standin import BTCTRY, TOKEN, USDTTRY, Executor, MarketData, Place

WIDE = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(2),
    max_order_notional={"TRY": Decimal(10**6)},
    max_position_notional={"TRY": Decimal(10**7)},
    max_exposure={"TRY": Decimal(10**7)},
    max_orders_per_second=10_000,
)


def codes(order: dict[str, Any]) -> list[str]:
    return [denial["code"] for denial in order["denials"]]


def test_a_position_counts_with_what_open_orders_may_still_buy(make: MakeExecutor, place: Place) -> None:
    executor = make(place, limits=replace(WIDE, max_position_notional={"TRY": Decimal(1000)}))
    executor.order(client_order_id="held", quantity="3")
    resting = executor.limit("resting", "buy", "4", "99")
    assert codes(executor.limit("beyond", "buy", "3.2", "99")) == ["MAX_POSITION"]
    assert executor.limit("within", "buy", "3.1", "99")["status"] == "accepted"
    status, moved = executor.post(
        f"/v1/orders/{resting['order_id']}/replace", {"client_order_id": "moved", "limit_price": "98.9"}
    )
    assert (status, moved["status"]) == (201, "accepted"), "the order that is replaced does not count"
    _, sold = executor.order(client_order_id="sold", side="sell", quantity="1", type="limit", limit_price="100.3")
    assert sold["status"] == "accepted"


def test_exposure_counts_every_symbol_of_the_currency(make: MakeExecutor, place: Place, marketdata: MarketData) -> None:
    other = "BTCTURK:ETHTRY"
    marketdata.put(other, [("50", "100")], [("50.1", "100")])
    executor = make(place, limits=replace(WIDE, max_exposure={"TRY": Decimal(1000)}))
    executor.order(client_order_id="btc", quantity="2")
    executor.limit("eth", "buy", "10", "49.9", symbol=other)
    _, denied = executor.order(client_order_id="more", quantity="3.1")
    assert (codes(denied), denied["denials"][0]["numbers"]["limit"]) == (["MAX_EXPOSURE"], "1000")
    assert executor.order(client_order_id="less", quantity="2.9")[1]["status"] == "filled"


def test_a_currency_bought_as_cash_is_neither_position_nor_exposure(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(USDTTRY, [("34", "100000")], [("34.1", "100000")])
    executor = make(place, limits=replace(WIDE, max_exposure={"TRY": Decimal(10)}))
    assert executor.order(symbol=USDTTRY, quantity="1000")[1]["status"] == "filled"


@pytest.mark.parametrize(("price", "denied"), [("99.9", True), ("99.5", True), ("100", False)])
def test_an_own_order_on_the_other_side_is_not_traded_against(
    make: MakeExecutor, place: Place, marketdata: MarketData, price: str, denied: bool
) -> None:
    executor = make(place, limits=WIDE)
    executor.order(client_order_id="held", quantity="2")
    marketdata.put(BTCTRY, [("98", "2")], [("101", "2")])
    executor.limit("own", "buy", "1", "99.9")
    sale = executor.limit("sale", "sell", "1", price)
    assert codes(sale) == (["SELF_TRADE"] if denied else [])


def test_an_own_order_behind_what_fills_the_order_is_not_in_the_way(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    executor = make(place, limits=WIDE)
    executor.order(client_order_id="held", quantity="2")
    executor.limit("own", "sell", "1", "100.3")
    assert executor.order(client_order_id="small", quantity="1")[1]["status"] == "filled"
    assert codes(executor.order(client_order_id="large", quantity="50")[1]) == ["SELF_TRADE"]


def test_the_rate_counts_the_orders_of_both_executors_and_outlives_a_restart(make: MakeExecutor, place: Place) -> None:
    slow = replace(WIDE, max_orders_per_second=3)
    one, two = make(place, limits=slow), make(place, limits=slow)
    placed = [executor.limit(f"n{number}", "buy", "1", "99") for number, executor in enumerate((one, two, one, two))]
    placed.append(make(place, limits=slow).limit("n4", "buy", "1", "99"))
    came = [datetime.fromisoformat(order["received_at"]) for order in placed]
    for number, order in enumerate(placed):
        within = sum(came[number] - earlier < timedelta(seconds=1) for earlier in came[:number])
        assert codes(order) == (["ORDER_RATE"] if within >= 3 else []), f"{within} came within a second"


def test_the_same_order_again_too_soon_is_denied_and_another_is_not(make: MakeExecutor, place: Place) -> None:
    executor = make(place, limits=replace(WIDE, duplicate_seconds=60.0))
    first = executor.limit("first", "buy", "1", "99")
    again = executor.limit("again", "buy", "1", "99")
    assert codes(again) == ["DUPLICATE_ORDER"]
    assert again["denials"][0]["numbers"]["order_id"] == first["order_id"]
    assert executor.limit("larger", "buy", "2", "99")["status"] == "accepted"
    assert executor.order(client_order_id="market", quantity="1")[1]["status"] == "filled"
    assert codes(executor.order(client_order_id="market-again", quantity="1")[1]) == ["DUPLICATE_ORDER"]


def test_the_same_order_again_is_denied_by_the_executor_that_takes_over(make: MakeExecutor, place: Place) -> None:
    limits = replace(WIDE, duplicate_seconds=60.0)
    one, two = make(place, limits=limits), make(place, limits=limits)
    first = one.limit("first", "buy", "1", "99")
    one.close()
    eventually(lambda: two.trading.ledger.writer.reign)
    again = two.limit("again", "buy", "1", "99")
    assert codes(again) == ["DUPLICATE_ORDER"]
    assert again["denials"][0]["numbers"]["order_id"] == first["order_id"]
    assert codes(two.limit("more", "buy", "2", "99")) == []


def test_a_longer_window_of_duplicates_reaches_back_before_it_was_set(make: MakeExecutor, place: Place) -> None:
    one, two = make(place, limits=WIDE), make(place, limits=WIDE)
    one.limit("first", "buy", "1", "99")
    one.limit("second", "buy", "1", "99")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    asked = {"limits": {"duplicate_seconds": 60}, "reason": "a client repeats itself"}
    assert two.client.put("/v1/limits", json=asked, headers=headers).status_code == 200
    assert codes(two.limit("third", "buy", "1", "99")) == ["DUPLICATE_ORDER"]
    one.close()
    eventually(lambda: two.trading.ledger.writer.reign)
    assert codes(two.limit("fourth", "buy", "1", "99")) == ["DUPLICATE_ORDER"], "the operator's limit counts there too"
    assert two.client.put("/v1/limits", json={**asked, "limits": {"duplicate_seconds": 0}}, headers=headers).json
    assert codes(two.limit("fifth", "buy", "1", "99")) == []
    assert two.client.put("/v1/limits", json=asked, headers=headers).status_code == 200
    assert codes(two.limit("sixth", "buy", "1", "99")) == ["DUPLICATE_ORDER"]


@pytest.mark.slow
def test_a_writer_knows_all_orders_of_its_windows_however_many_there_are(make: MakeExecutor, place: Place) -> None:
    """Thousands of events lie between an order and its twin, and between executions and the next one."""
    limits = replace(WIDE, duplicate_seconds=300.0, max_executions=1)
    one, two = make(place, limits=limits), make(place, limits=limits)
    one.limit("first", "buy", "1", "99")
    one.order(client_order_id="bought", quantity="0.1")
    for first in range(0, 16_000, 100):  # works so short that heartbeats come between
        flood(one.trading.ledger, 100, first)
    one.close()
    eventually(lambda: two.trading.ledger.writer.reign)
    assert {"REPEATED_EXECUTIONS", "DUPLICATE_ORDER"} <= set(codes(two.limit("again", "buy", "1", "99")))


def test_the_days_limits_of_the_venue_are_kept(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "2")], floor="99", ceiling="101")
    assert codes(executor.limit("low", "buy", "1", "98.9")) == ["PRICE_LIMIT"]
    assert executor.limit("at", "buy", "1", "99")["status"] == "accepted"


def test_orders_that_come_near_a_limit_are_counted_and_logged(
    make: MakeExecutor, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make(place, limits=replace(WIDE, max_order_notional={"TRY": Decimal(1000)}))
    executor.limit("small", "buy", "7.9", "100")
    assert "near a limit" not in caplog.text
    executor.limit("large", "buy", "8", "100")
    assert "near a limit" in caplog.text
    metrics = executor.client.get("/metrics").text
    assert 'executor_near_limits_total{code="MAX_NOTIONAL"} 1.0' in metrics
    assert 'executor_limit_use_ratio{code="MAX_NOTIONAL"} 0.8' in metrics
