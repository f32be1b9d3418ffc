"""What the executor makes of market data's answers, over a real socket."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from common.client import JsonClient
from executor.market.copy import MarketCopy
from executor.market.follow import MarketFollower
from executor.market.proof_time import ProofTime
from executor.market.reach import Reach
from executor.quotes import QuoteClient
from executor.timing import StageMetrics
from tests.executor.standin import BTCTRY, USDTTRY, MarketData, Monotonic

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


@pytest.fixture
def quotes(marketdata: MarketData, clock: Monotonic) -> QuoteClient:
    return _client(marketdata.url, clock)


def _client(url: str, clock: Monotonic, reach: Reach | None = None) -> QuoteClient:
    stages, reach = StageMetrics(CollectorRegistry()), reach or Reach(clock)
    return QuoteClient(JsonClient(url, 0.5), "simulated", clock, stages, _nothing(), reach)


def _nothing() -> MarketCopy:
    return MarketCopy("simulated", ProofTime(), lambda _: None)


def _try(url: str, reach: Reach, clock: Monotonic) -> None:
    """Has a follower of this address try once."""
    follower = MarketFollower(JsonClient(url, 0.5), _nothing(), ProofTime(), reach, clock, depth=1)
    follower.step()


def test_a_look_gives_book_instrument_and_an_age_that_grows(quotes: QuoteClient, clock: Monotonic) -> None:
    view = quotes.look(BTCTRY)
    assert view.book is not None
    assert view.instrument is not None
    assert (str(view.book.asks[0].price), str(view.instrument.lot_size)) == ("100.1", "0.0001")
    assert view.age_seconds(clock.now + 2) == pytest.approx(2.1)


def test_instruments_are_asked_for_every_five_seconds_and_outlive_an_outage(
    quotes: QuoteClient, marketdata: MarketData, clock: Monotonic
) -> None:
    for _ in range(3):
        quotes.look(BTCTRY)
    assert marketdata.requests.count("/v1/instruments") == 1
    clock.now += 5.1
    marketdata.status = 500
    view = quotes.look(BTCTRY)
    assert marketdata.requests.count("/v1/instruments") == 2
    assert (view.book, view.instrument is None) == (None, False)


def test_a_changed_instrument_is_seen_within_ten_seconds(
    quotes: QuoteClient, marketdata: MarketData, clock: Monotonic
) -> None:
    def seen() -> tuple[str, str]:
        instrument = quotes.look(BTCTRY).instrument
        assert instrument is not None
        return str(instrument.tick_size), instrument.state

    assert seen() == ("0.01", "trading")
    marketdata.rules[BTCTRY] = {"tick_size": "0.5", "state": "halted", "reason": "the venue's status is 'HALTED'"}
    clock.now += 4.9
    assert seen() == ("0.01", "trading")
    clock.now += 0.2
    assert seen() == ("0.5", "halted")


def test_an_unknown_symbol_is_told_and_does_not_hammer_market_data(quotes: QuoteClient, marketdata: MarketData) -> None:
    for _ in range(3):
        assert not quotes.look("BTCTURK:NOPETRY").listed
    assert marketdata.requests.count("/v1/instruments") == 1


def test_market_data_that_does_not_answer_gives_no_book(clock: Monotonic) -> None:
    nobody = _client(NOBODY, clock)
    assert nobody.look(BTCTRY).book is None
    assert "does not answer" in str(nobody.trouble())


def test_nobody_waits_for_market_data_that_did_not_answer_its_follower(
    marketdata: MarketData, clock: Monotonic
) -> None:
    reach = Reach(clock)
    quotes = _client(marketdata.url, clock, reach)
    _try(NOBODY, reach, clock)
    assert quotes.look(BTCTRY).book is None
    assert "does not answer" in str(quotes.trouble())
    assert "does not answer" in str(quotes.marks().absence)
    assert marketdata.requests == []
    clock.now += 4.9
    assert quotes.look(BTCTRY).book is None
    clock.now += 0.2
    assert quotes.look(BTCTRY).book is not None


def test_market_data_is_asked_again_once_its_follower_got_any_answer(marketdata: MarketData, clock: Monotonic) -> None:
    reach = Reach(clock)
    quotes = _client(marketdata.url, clock, reach)
    _try(NOBODY, reach, clock)
    marketdata.status = 503
    _try(marketdata.url, reach, clock)
    marketdata.status = 200
    assert quotes.look(BTCTRY).book is not None


def test_readiness_asks_for_one_fresh_quote(quotes: QuoteClient, marketdata: MarketData) -> None:
    assert quotes.trouble() is None
    del marketdata.books[USDTTRY]
    marketdata.put(BTCTRY, [], [], stale=True)
    assert quotes.trouble() == "all 1 quotes are stale"
    marketdata.books.clear()
    assert quotes.trouble() == "market data has no quotes yet"
    marketdata.status = 503
    assert "answered 503" in str(quotes.trouble())
