"""What the executor makes of market data's answers, over a real socket."""

from __future__ import annotations

import pytest

from common.client import JsonClient
from executor.quotes import Quotes
from tests.executor.standin import BTCTRY, Clock, MarketData


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotes(marketdata: MarketData, clock: Clock) -> Quotes:
    return Quotes(JsonClient(marketdata.url, 1.0), "simulated", clock)


def test_a_look_gives_book_instrument_and_an_age_that_grows(quotes: Quotes, clock: Clock) -> None:
    view = quotes.look(BTCTRY)
    assert view.book is not None
    assert view.instrument is not None
    assert (str(view.book.asks[0].price), str(view.instrument.lot_size)) == ("100.1", "0.0001")
    assert view.age_seconds(clock.now + 2) == pytest.approx(2.1)


def test_instruments_are_asked_for_twice_a_minute_and_outlive_an_outage(
    quotes: Quotes, marketdata: MarketData, clock: Clock
) -> None:
    for _ in range(3):
        quotes.look(BTCTRY)
    assert marketdata.requests.count("/v1/instruments") == 1
    clock.now += 31
    marketdata.status = 500
    view = quotes.look(BTCTRY)
    assert marketdata.requests.count("/v1/instruments") == 2
    assert (view.book, view.instrument is None) == (None, False)


def test_an_unknown_symbol_is_told_and_does_not_hammer_market_data(quotes: Quotes, marketdata: MarketData) -> None:
    for _ in range(3):
        assert not quotes.look("BTCTURK:NOPETRY").listed
    assert marketdata.requests.count("/v1/instruments") == 1


def test_market_data_that_does_not_answer_gives_no_book(clock: Clock) -> None:
    nobody = Quotes(JsonClient("http://127.0.0.1:1", 0.2), "simulated", clock)
    assert nobody.look(BTCTRY).book is None
    assert "does not answer" in str(nobody.reason())


def test_readiness_asks_for_one_fresh_quote(quotes: Quotes, marketdata: MarketData) -> None:
    assert quotes.reason() is None
    marketdata.put(BTCTRY, [], [], stale=True)
    assert quotes.reason() == "all 1 quotes are stale"
    marketdata.books.clear()
    assert quotes.reason() == "market data has no quotes yet"
    marketdata.status = 503
    assert "answered 503" in str(quotes.reason())
