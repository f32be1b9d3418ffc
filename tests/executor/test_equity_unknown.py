"""An account whose equity can't be known buys nothing: it is valued at the last marks, and may sell."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from executor.guardrails import Limits
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, USDTTRY, Executor, MarketData, Place, wide_limits

ETHTRY = "BTCTURK:ETHTRY"
LIRAS = {"TRY": Decimal(10_000)}


def _codes(order: dict[str, Any]) -> list[str]:
    return [denial["code"] for denial in order["denials"]]


def _wide(**changes: Any) -> Limits:
    return replace(wide_limits(), **changes)


@pytest.fixture
def holder(make: MakeExecutor, place: Place, marketdata: MarketData) -> Executor:
    """An executor that holds ether for half of its liras, and whose market still trades bitcoin."""
    marketdata.put(ETHTRY, [("50", "1000")], [("50.1", "1000")])
    marketdata.put(BTCTRY, [("100", "1000")], [("100.1", "1000")])
    executor = make(place, cash=LIRAS, fee="0", limits=_wide(max_daily_loss_percent=Decimal(90)))
    assert _codes(executor.order(client_order_id="ether", symbol=ETHTRY, quantity="100")[1]) == []
    executor.matcher.pass_once()
    return executor


def _later(executor: Executor, seconds: float) -> None:
    executor.clock.now += seconds
    executor.matcher.pass_once()


def test_a_held_symbol_that_is_delisted_stops_buying_after_a_minute_and_never_selling(
    holder: Executor, marketdata: MarketData
) -> None:
    resting = holder.limit("resting", "buy", "1", "99")
    del marketdata.books[ETHTRY]
    _later(holder, 59)
    assert _codes(holder.order(client_order_id="soon", quantity="0.5")[1]) == []
    _later(holder, 2)
    _, denied = holder.order(client_order_id="late", quantity="0.5")
    assert _codes(denied) == ["EQUITY_UNKNOWN"]
    assert denied["denials"][0]["numbers"] == {"symbols": ETHTRY, "count": "1", "mark_age_seconds": "61.1"}
    assert _codes(holder.order(client_order_id="less", side="sell", quantity="0.2")[1]) == []
    marketdata.put(BTCTRY, [("97", "1000")], [("98", "1000")])
    _later(holder, 0.5)
    assert holder.get(f"/v1/orders/{resting['order_id']}")["status"] == "accepted", "it must not be filled"
    assert "executor_equity_known 0.0" in holder.client.get("/metrics").text


def test_it_is_valued_at_the_last_mark_with_its_age_and_losses_are_judged_on_it(
    holder: Executor, marketdata: MarketData
) -> None:
    del marketdata.books[ETHTRY]
    holder.order(client_order_id="all-in", quantity="49")
    _later(holder, 30)
    found = holder.get("/v1/valuation")
    [ether] = [row for row in found["positions"] if row["symbol"] == ETHTRY]
    assert (ether["mark"], ether["mark_age_seconds"], ether["stale"]) == ("50.05", 30.1, True)
    assert found["summary"]["unpriced"] == [{"symbol": ETHTRY, "reason": "no quote; the last mark is 30.1 s old"}]
    marketdata.put(BTCTRY, [("40", "1000")], [("40.1", "1000")])
    _later(holder, 0.5)
    assert [hold["code"] for hold in holder.get("/v1/trading-state")["holds"]] == ["DRAWDOWN"]


def test_a_write_off_frees_the_account_of_what_has_no_price(holder: Executor, marketdata: MarketData) -> None:
    del marketdata.books[ETHTRY]
    _later(holder, 3_600)
    assert _codes(holder.order(client_order_id="no", quantity="0.5")[1]) == ["EQUITY_UNKNOWN"]
    status, _ = holder.post("/v1/write-offs", {"client_key": "w", "symbol": ETHTRY, "reason": "delisted"})
    assert status == 201
    _later(holder, 0.5)
    assert "EQUITY_UNKNOWN" not in _codes(holder.order(client_order_id="yes", quantity="0.5")[1])


def test_a_mark_is_never_too_old_while_the_venue_says_that_it_is_closed(
    holder: Executor, marketdata: MarketData
) -> None:
    night: dict[str, Any] = {"age": 40_000.0, "stale": True, "phase": "closed"}
    marketdata.put(ETHTRY, [("50", "1000")], [("50.1", "1000")], **night)
    _later(holder, 1)
    assert _codes(holder.order(client_order_id="at-night", quantity="0.5")[1]) == []
    marketdata.rules[ETHTRY] = {"state": "delisted"}
    _later(holder, 6)
    assert _codes(holder.order(client_order_id="gone", quantity="0.5")[1]) == ["EQUITY_UNKNOWN"]


def test_cash_without_a_rate_is_an_unknown_equity_too(make: MakeExecutor, place: Place, marketdata: MarketData) -> None:
    del marketdata.books[USDTTRY]
    executor = make(place)
    _, denied = executor.order()
    assert _codes(denied) == ["EQUITY_UNKNOWN"]
    assert denied["denials"][0]["numbers"] == {"symbols": "USDT", "count": "1", "mark_age_seconds": "none"}


def test_a_look_that_nobody_repeats_is_worth_nothing(holder: Executor) -> None:
    assert holder.trading.equity.doubts() == {}
    holder.clock.now += 11
    assert holder.trading.equity.doubts() == {"the account": 11.0}
    assert _codes(holder.order(client_order_id="looks", quantity="0.5")[1]) == [], "the order looks itself"
    assert holder.trading.equity.doubts() == {}
