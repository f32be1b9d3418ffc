"""The canary's probe of an order's round trip on a real executor, over real sockets and on a real ledger."""

from __future__ import annotations

from decimal import Decimal

from canary.conditions import Check
from tests.canary.round_trips import SYMBOL, failed, judged_turn
from tests.common.local import http_server
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import TOKEN, Executor, MarketData, Place


def turns(executor: Executor, count: int = 1, key: str = TOKEN) -> list[Check]:
    with http_server(executor.app) as url:
        return [judged_turn(url, key) for _ in range(count)]


def test_an_executor_that_is_well_meets_every_condition_and_the_position_stays_small(executor: Executor) -> None:
    assert [failed(check) for check in turns(executor, 5)] == [[]] * 5
    (position,) = executor.get("/v1/positions")["positions"]
    assert position["quantity"] == "0.5"
    assert len(executor.get("/v1/fills")["fills"]) == 5


def test_the_cash_of_an_odd_price_and_fee_is_reckoned_to_the_last_digit(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(SYMBOL, [("97.31", "2")], [("97.77", "0.1"), ("97.83", "5")])
    executor = make(place, fee="0.1237", cash={"TRY": Decimal("1000.00000001"), "USDT": Decimal(5)})
    assert [failed(check) for check in turns(executor, 2)] == [[], []]


def test_without_market_data_the_denial_and_its_reason_are_told(executor: Executor, marketdata: MarketData) -> None:
    assert failed(turns(executor)[0]) == []
    marketdata.status = 503
    (check,) = turns(executor)
    (told,) = failed(check)
    assert told == '[ORDER_STATUS] (denied, NO_QUOTE: market data gave no book for this symbol) == "filled"'
    marketdata.status = 200
    assert failed(turns(executor)[0]) == []


def test_an_engaged_kill_switch_is_told_with_its_reason_until_it_is_released(executor: Executor) -> None:
    executor.put("/v1/kill-switch", {"engaged": True, "reason": "a drill"})
    (told,) = failed(turns(executor)[0])
    assert told == '[ORDER_STATUS] (denied, KILL_SWITCH: the kill switch is engaged: a drill) == "filled"'
    executor.put("/v1/kill-switch", {"engaged": False, "reason": "over"})
    assert failed(turns(executor)[0]) == []


def test_a_wrong_key_is_refused_and_books_nothing(executor: Executor) -> None:
    (told,) = failed(turns(executor, key="another-key")[0])
    assert told.startswith("[STATUS] (401, UNAUTHORIZED: this needs the operator's token")
    assert executor.get("/v1/orders?status=all")["orders"] == []


def test_an_executor_that_may_not_switch_other_accounts_refuses_the_kill_switch_of_all_and_takes_its_own(
    make: MakeExecutor, place: Place
) -> None:
    other = make(place)
    own = make(place, account="canary", switches_all=False)
    asked = {"engaged": True, "reason": "a drill"}
    for engaged in (True, False):
        status, refused = own.put("/v1/kill-switch", {**asked, "engaged": engaged, "scope": "all"})
        assert (status, refused["error"]["details"]["field"]) == (422, "scope")
    assert own.put("/v1/kill-switch", asked)[0] == 200
    assert (own.get("/v1/account")["kill_switch"], other.get("/v1/account")["kill_switch"]) == (True, False)
    assert other.put("/v1/kill-switch", {**asked, "scope": "all"})[0] == 200
