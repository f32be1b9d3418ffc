"""The market that an order met and the rate of each fill are recorded when they are known, for analysts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from executor.ledger.events import LedgerEvent, OrderAccepted, OrderFilled
from tests.common.local import eventually
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BEGIN, BTCTRY, BTCUSDT, USDTTRY, Executor, MarketData, Place


def contents(executor: Executor, kind: str) -> list[dict[str, Any]]:
    return [event["content"] for event in executor.get(f"/v1/events?kind={kind}")["events"]]


def test_an_acceptance_has_the_best_prices_that_the_order_met(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2"), ("99.9", "5")], [("100.1", "3")], age=1.5)
    book = marketdata.books[BTCTRY]
    executor.order(quantity="1")
    [accepted] = contents(executor, "accepted")
    arrival = accepted["arrival"]
    assert (arrival["bid"], arrival["bid_quantity"]) == ("100", "2")
    assert (arrival["ask"], arrival["ask_quantity"]) == ("100.1", "3")
    assert (arrival["sequence"], arrival["source"]) == (book["sequence"], "http")
    assert arrival["received_at"].replace("Z", "+00:00") == book["received_at"]
    assert arrival["age_seconds"] == 1.5


def test_a_side_of_the_book_that_is_empty_is_recorded_as_empty(executor: Executor, marketdata: MarketData) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [])
    executor.limit("rest", "buy", "1", "99")
    [accepted] = contents(executor, "accepted")
    assert (accepted["arrival"]["ask"], accepted["arrival"]["ask_quantity"]) == (None, None)


def test_a_fill_in_the_currency_of_the_equity_has_the_rate_1(executor: Executor) -> None:
    executor.order(quantity="1")
    [filled] = contents(executor, "filled")
    assert filled["rate"] == {"amount": "1", "symbol": None, "at": None}


def test_a_fill_in_another_currency_has_its_rate_from_the_copy_of_the_market(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(BTCUSDT, [("100", "2")], [("100.2", "2")])
    marketdata.put(USDTTRY, [("40", "5000")], [("40.2", "5000")])
    executor = make(place, monotonic=time.monotonic)
    executor.order(client_order_id="before", symbol=BTCUSDT, quantity="1")
    executor.limit("rest", "buy", "1", "99.9", symbol=BTCUSDT)
    with following(executor, marketdata):
        eventually(lambda: executor.trading.rate("USDT") is not None)
        executor.order(client_order_id="after", symbol=BTCUSDT, quantity="0.5")
        marketdata.put(BTCUSDT, [("99", "2")], [("99.5", "2")])
        eventually(lambda: matched_all(executor))
    matched, after, before = contents(executor, "filled")
    assert before["rate"] is None, "nothing was asked for it"
    for filled in (matched, after):
        assert (Decimal(filled["rate"]["amount"]), filled["rate"]["symbol"]) == (Decimal("40.1"), USDTTRY)
        assert filled["rate"]["at"] is not None
    assert contents(executor, "accepted")[0]["arrival"]["source"] == "stream"


def matched_all(executor: Executor) -> bool:
    executor.matcher.pass_once()
    return len(contents(executor, "filled")) == 3


@contextmanager
def following(executor: Executor, marketdata: MarketData) -> Iterator[None]:
    """Has the executor follow market data's stream meanwhile."""
    follower = executor.parts.follower
    thread = threading.Thread(target=follower.step, daemon=True)
    thread.start()
    yield
    marketdata.status = 503
    follower.end()
    thread.join(10)


def test_events_of_earlier_versions_are_read_as_they_are() -> None:
    terms = (
        '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY",'
        '"reserve_per_unit":"1","maker_fee_percent":"0.1"}'
    )
    fill = '{"trade_id":"paper-2-1","price":"1","quantity":"1","fee":"0","filled_at":"2026-11-22T10:00:00Z"}'
    accepted = OrderAccepted, f'{{"kind":"accepted","terms":{terms}}}'
    filled = OrderFilled, f'{{"kind":"filled","fill":{fill},"liquidity":"taker"}}'
    for kind, payload in (accepted, filled):
        content = event_of(payload).content
        assert isinstance(content, kind)
        assert getattr(content, "arrival", None) is None
        assert getattr(content, "rate", None) is None


def event_of(payload: str) -> LedgerEvent:
    return LedgerEvent("paper", 1, "accepted", "paper-2", BEGIN, payload, "", "")
