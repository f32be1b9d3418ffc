"""RestingOrder orders fill as the market moves, at their own price, never twice from the same shown quantity."""

from __future__ import annotations

from decimal import Decimal

import pytest

from executor.writer import admin
from tests.common.local import eventually
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, Executor, MarketData, Place

BIDS = [("99", "5")]


def _status(executor: Executor, order: dict[str, str]) -> tuple[str, str]:
    found = executor.get(f"/v1/orders/{order['order_id']}")
    return found["status"], found["filled_quantity"]


def test_a_resting_order_fills_at_its_own_price_as_a_maker(executor: Executor, marketdata: MarketData) -> None:
    order = executor.limit("rest", "buy", "1", "99.5")
    executor.matcher.pass_once()
    assert _status(executor, order) == ("accepted", "0")
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")])
    executor.matcher.pass_once()
    found = executor.get(f"/v1/orders/{order['order_id']}")
    [fill] = found["fills"]
    assert (found["status"], fill["price"], fill["fee"]) == ("filled", "99.5", "0.04975")
    assert executor.get("/v1/account")["reserved"]["TRY"] == "0"


def test_an_unchanged_level_is_not_filled_again(executor: Executor, marketdata: MarketData) -> None:
    order = executor.limit("rest", "buy", "3", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    for _ in range(3):
        executor.matcher.pass_once()
    assert _status(executor, order) == ("partially_filled", "1")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("partially_filled", "1")


@pytest.mark.parametrize("refreshed", ["0.4", "1.5"])
def test_a_level_whose_shown_quantity_changed_can_be_filled_again(
    executor: Executor, marketdata: MarketData, refreshed: str
) -> None:
    order = executor.limit("rest", "buy", "5", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    executor.matcher.pass_once()
    marketdata.put(BTCTRY, BIDS, [("99.2", refreshed)])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("partially_filled", str(Decimal(1) + Decimal(refreshed)))


def test_a_level_that_was_gone_and_came_back_can_be_filled_again(executor: Executor, marketdata: MarketData) -> None:
    order = executor.limit("rest", "buy", "5", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    executor.matcher.pass_once()
    marketdata.put(BTCTRY, BIDS, [("99.4", "1")])
    executor.matcher.pass_once()
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("partially_filled", "3")


def test_an_older_book_than_the_ledger_has_seen_gives_nothing_more(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")], moved=50)
    assert executor.order(quantity="1")[1]["status"] == "filled"
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")], moved=49)
    assert executor.order(client_order_id="old", quantity="1")[1]["filled_quantity"] == "0"
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")], moved=51)
    assert executor.order(client_order_id="new", quantity="1")[1]["filled_quantity"] == "1"


def test_the_better_price_goes_first_and_then_the_older_order(executor: Executor, marketdata: MarketData) -> None:
    worst = executor.limit("worst", "buy", "1", "99.3")
    older = executor.limit("older", "buy", "1", "99.5")
    newer = executor.limit("newer", "buy", "1", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1.5")])
    executor.matcher.pass_once()
    filled = [_status(executor, order)[1] for order in (worst, older, newer)]
    assert filled == ["0", "1", "0.5"]


def test_a_resting_sale_is_filled_when_the_bid_comes_up(executor: Executor, marketdata: MarketData) -> None:
    executor.order(quantity="1")
    sale = executor.limit("sale", "sell", "1", "101")
    assert executor.order(client_order_id="again", side="sell", quantity="1")[1]["status"] == "denied"
    marketdata.put(BTCTRY, [("101.5", "1")], [("101.6", "1")])
    executor.matcher.pass_once()
    assert _status(executor, sale) == ("filled", "1")


def test_a_stale_book_fills_nothing(executor: Executor, marketdata: MarketData) -> None:
    order = executor.limit("rest", "buy", "1", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")], stale=True)
    executor.matcher.pass_once()
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")], age=5.1)
    executor.matcher.pass_once()
    assert _status(executor, order) == ("accepted", "0")


@pytest.mark.parametrize(
    "why", [{"delayed": True}, {"phase": "closed"}, {"phase": "halted"}, {"phase": "closing_auction"}]
)
def test_a_delayed_or_closed_market_fills_nothing(
    executor: Executor, marketdata: MarketData, why: dict[str, object]
) -> None:
    order = executor.limit("rest", "buy", "1", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")], **why)  # type: ignore[arg-type]
    executor.matcher.pass_once()
    assert _status(executor, order) == ("accepted", "0")


def test_a_kill_switch_whose_executor_died_before_it_cancelled_anything_still_fills_nothing(
    executor: Executor, marketdata: MarketData
) -> None:
    order = executor.limit("rest", "buy", "1", "99.5")
    executor.trading.ledger.do(lambda work: admin.switch(work, engaged=True, reason="drill"))
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("cancelled", "0")


def test_one_symbol_without_market_data_does_not_hold_up_another(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put("BTCTURK:AAATRY", [("10", "9")], [("10.1", "9")])
    executor.limit("gone", "buy", "2", "10", symbol="BTCTURK:AAATRY")
    order = executor.limit("rest", "buy", "1", "99.5")
    del marketdata.books["BTCTURK:AAATRY"]
    marketdata.put(BTCTRY, BIDS, [("99.2", "3")])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("filled", "1")


def test_slow_market_data_delays_symbols_in_turn(executor: Executor, marketdata: MarketData) -> None:
    symbols = [f"BTCTURK:{name}TRY" for name in ("AAA", "BBB", "CCC")]
    for symbol in symbols:
        marketdata.put(symbol, [("100", "9")], [("100.1", "9")])
        executor.limit(symbol[8:], "buy", "1", "99", symbol=symbol)
    marketdata.requests.clear()
    answer = marketdata.answer

    def slow(path: str) -> object:
        executor.clock.now += 1.5
        return answer(path)

    marketdata.answer = slow  # type: ignore[method-assign,assignment]
    executor.matcher.pass_once()
    executor.matcher.pass_once()
    looked = [path for path in marketdata.requests if path.startswith("/v1/books")]
    assert [path.partition("?")[0][-6:] for path in looked] == ["AAATRY", "BBBTRY", "CCCTRY", "AAATRY"]


def test_one_executor_writes_at_a_time_and_the_other_takes_over(make: MakeExecutor, place: Place) -> None:
    first, second = make(place), make(place)
    assert [bool(one.trading.ledger.writer.reign) for one in (first, second)] == [True, False]
    first.close()
    eventually(lambda: second.trading.ledger.writer.reign)
    assert second.order()[0] == 201


def test_two_matchers_fill_a_resting_order_once(make: MakeExecutor, place: Place, marketdata: MarketData) -> None:
    first, second = make(place), make(place)
    order = first.limit("rest", "buy", "5", "99.5")
    marketdata.put(BTCTRY, BIDS, [("99.2", "1")])
    first.matcher.step()
    second.matcher.step()
    assert _status(second, order) == ("partially_filled", "1")


def test_an_order_that_rests_off_a_new_tick_stays_and_fills_and_a_new_one_there_is_denied(
    executor: Executor, marketdata: MarketData
) -> None:
    order = executor.limit("rest", "buy", "1", "99.5")
    marketdata.rules[BTCTRY] = {"tick_size": "1"}
    executor.clock.now += 5.1
    _, late = executor.order(client_order_id="late", side="buy", type="limit", quantity="1", limit_price="99.5")
    assert (late["status"], [denial["code"] for denial in late["denials"]]) == ("denied", ["TICK_SIZE"])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("accepted", "0")
    marketdata.put(BTCTRY, BIDS, [("99", "1")])
    executor.matcher.pass_once()
    assert _status(executor, order) == ("filled", "1")
