"""Losses are judged as soon as a price moves that the account's value depends on, at most so many times a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.sse import Event
from executor.loss_monitor import JUDGED_PER_SECOND
from tests.common.local import eventually
from tests.executor.conftest import MakeExecutor
from tests.executor.market_standin import quote_of
from tests.executor.standin import BTCTRY, BTCUSDT, USDTTRY, Executor, MarketData, Place, make_executor

ETHTRY = "BTCTURK:ETHTRY"
LIRAS = {"TRY": Decimal(1000)}
NEVER = 1e6


class Watched:
    """An executor that has looked at everything, and whose copy of the market a test tells what it likes."""

    def __init__(self, executor: Executor, data: MarketData) -> None:
        self.executor, self.data = executor, data
        self.copy = executor.parts.follower._copy
        executor.parts.follower._times.learn("5eed", 0.0, executor.clock())
        self.copy.begin(Event("snapshot", json.dumps(data.snapshot()), "5eed-1"), executor.clock())
        executor.matcher.step()

    def tick(self, symbol: str, price: str) -> float:
        """Tells a book and a quote of a symbol, and has the matcher step; returns the seconds that it pauses."""
        self.data.put(symbol, [(price, "1000")], [(price, "1000")])
        book = self.data.books[symbol]
        self.copy.apply(Event("book", json.dumps(book), "5eed-1"))
        self.copy.apply(Event("quote", json.dumps(quote_of(book)), "5eed-1"))
        return self.executor.matcher.step()

    def judged(self) -> float:
        """Returns how often losses were judged because a price moved."""
        families = text_string_to_metric_families(self.executor.client.get("/metrics").text)
        samples = {sample.name: sample.value for family in families for sample in family.samples}
        return samples["executor_loss_judgements_total"]

    def holds(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.executor.get("/v1/trading-state")["holds"]
        return found


@pytest.fixture
def watched(make: MakeExecutor, place: Place, marketdata: MarketData) -> Watched:
    """It holds 5 BTC for 500 of its 1,000 liras; nobody holds ETH."""
    marketdata.put(BTCTRY, [("100", "1000")], [("100", "1000")])
    marketdata.put(ETHTRY, [("50", "1000")], [("50", "1000")])
    executor = make(place, cash=LIRAS, fee="0")
    assert executor.order(quantity="5")[1]["status"] == "filled"
    return Watched(executor, marketdata)


@pytest.fixture
def running(place: Place, marketdata: MarketData) -> Iterator[Executor]:
    """It holds BTC, follows the stream with all of its threads, and its next look at everything never comes."""
    executor = make_executor(place, marketdata, cash=LIRAS, fee="0")
    executor.parts.start()
    try:
        eventually(lambda: executor.trading.ledger.writer.reign, 30)
        eventually(lambda: executor.parts.follower._copy.look(BTCTRY, executor.clock()))
        assert executor.order(quantity="5", limit_price=None)[1]["filled_quantity"] == "5"
        executor.clock.now += 1
        eventually(lambda: executor.get("/v1/trading-state")["anchors"])
        executor.clock.now -= NEVER
        [matcher] = [loop for loop in executor.parts.loops._loops if loop.name == "matcher"]
        eventually(lambda: matcher._due_at - time.monotonic() > NEVER / 2)
        yield executor
    finally:
        executor.parts.stop()


def test_one_frame_holds_the_account_and_cancels_what_is_forbidden(running: Executor, marketdata: MarketData) -> None:
    buy = running.limit("rest", "buy", "1", "30", symbol=USDTTRY)
    marketdata.put(BTCTRY, [("88", "9")], [("88.1", "9")])
    eventually(lambda: running.get("/v1/trading-state")["holds"])
    assert [hold["code"] for hold in running.get("/v1/trading-state")["holds"]] == ["DAILY_LOSS"]
    eventually(lambda: running.get(f"/v1/orders/{buy['order_id']}")["status"] == "cancelled")
    assert running.order(client_order_id="more", quantity="0.2")[1]["denials"][0]["code"] == "DAILY_LOSS"


def test_a_thousand_moves_in_a_second_are_judged_some_times_and_the_last_one_is_never_left_out(
    watched: Watched,
) -> None:
    pause = 0.0
    watched.executor.clock.now += 0.2
    for number in range(1, 1001):
        watched.executor.clock.now += 0.001
        pause = watched.tick(BTCTRY, "60" if number == 1000 else str(100 + number % 2))
    judged = watched.judged()
    assert 5 <= judged <= JUDGED_PER_SECOND + 1
    assert (watched.holds(), 0 < pause <= 1 / JUDGED_PER_SECOND) == ([], True)
    watched.executor.clock.now += pause
    watched.executor.matcher.step()
    assert watched.judged() == judged + 1
    assert "(800.00 of 1000.00)" in watched.holds()[0]["reason"]


def test_a_move_after_a_while_without_any_is_judged_at_once(watched: Watched) -> None:
    for price in ("99.9", "99.8", "60"):
        assert watched.holds() == []
        watched.executor.clock.now += 1.01 / JUDGED_PER_SECOND
        watched.tick(BTCTRY, price)
    assert {hold["code"] for hold in watched.holds()} == {"DAILY_LOSS", "DRAWDOWN"}


def test_a_peak_between_two_looks_counts(watched: Watched) -> None:
    for price in ("150", "99"):
        watched.executor.clock.now += 1.01 / JUDGED_PER_SECOND
        watched.tick(BTCTRY, price)
    assert [hold["code"] for hold in watched.holds()] == ["DRAWDOWN"]


def test_a_symbol_that_is_not_held_judges_nothing(watched: Watched) -> None:
    for price in ("10", "49", "51"):
        watched.executor.clock.now += 0.15
        watched.tick(ETHTRY, price)
        watched.tick(USDTTRY, price)
        watched.tick(BTCTRY, "100")
    assert watched.judged() == 0


def test_a_symbol_counts_from_the_order_that_buys_it_to_the_one_that_sells_it(watched: Watched) -> None:
    executor = watched.executor
    executor.order(client_order_id="ether", symbol=ETHTRY, quantity="2")
    watched.tick(ETHTRY, "49.9")
    assert watched.judged() == 1
    executor.order(client_order_id="sold", symbol=ETHTRY, side="sell", quantity="2")
    executor.clock.now += 0.2
    watched.tick(ETHTRY, "49.8")
    assert watched.judged() == 1


@pytest.mark.parametrize(("dollars", "counts"), [("10000", True), ("500", True), ("0", False)])
def test_the_rate_of_a_currency_counts_while_there_is_cash_or_a_position_in_it(
    make: MakeExecutor, place: Place, marketdata: MarketData, dollars: str, counts: bool
) -> None:
    marketdata.put(BTCUSDT, [("100", "1000")], [("100", "1000")])
    executor = make(place, cash={"TRY": Decimal(1000), "USDT": Decimal(dollars)}, fee="0")
    if counts:
        assert executor.order(symbol=BTCUSDT, quantity="5")[1]["status"] == "filled"
    watched = Watched(executor, marketdata)
    watched.tick(USDTTRY, "20")
    assert watched.judged() == counts
    assert bool(watched.holds()) == counts


def test_an_executor_that_does_not_write_judges_nothing(
    make: MakeExecutor, place: Place, watched: Watched, marketdata: MarketData
) -> None:
    other = Watched(make(place, cash=LIRAS, fee="0"), marketdata)
    other.tick(BTCTRY, "60")
    assert other.judged() == 0


def test_a_move_whose_stream_is_lost_before_it_is_judged_is_left_to_the_next_look(
    watched: Watched, marketdata: MarketData
) -> None:
    watched.tick(BTCTRY, "101")
    watched.tick(BTCTRY, "60")
    watched.copy.lose()
    watched.executor.clock.now += 1 / JUDGED_PER_SECOND
    watched.executor.matcher.step()
    assert (watched.judged(), watched.holds()) == (1, [])
    watched.executor.clock.now += 0.5
    watched.executor.matcher.step()
    assert watched.holds()
