"""Prices of BTCTurk's events are on the tick of their pair; one that is off it is refused, wherever it comes from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from marketdata.events import BookDiff, BookSnapshot, CandleUpdate, Ticker, Trades
from marketdata.venues.btcturk.frames import parse
from marketdata.venues.btcturk.steps import on_tick, stepped
from tests.marketdata.rig import book_change, scripted_venue, whole_book
from tests.marketdata.venues.btcturk.rig import all_on_join, following, single_trade
from tests.marketdata.venues.btcturk.rig import ticker as ticker_frame
from tests.marketdata.venues.btcturk.test_oddframes import changed
from tests.venue.rig import eventually

TICK = Decimal("0.001")
NOISY, OFF = "6.0229997634888", "6.0225"


def _event(name: str, change: Any) -> Any:
    (event,) = parse(changed(name, change)).events
    return event


def _set(**values: Any) -> Any:
    return lambda body: body.update(values)


@pytest.mark.parametrize("side", ["AO", "BO"])
def test_a_level_is_put_on_its_tick_or_left_out(side: str) -> None:
    levels = [{"P": NOISY, "A": "1"}, {"P": OFF, "A": "2"}, {"P": "7", "A": "3"}]
    found = stepped(_event("obdiff_whole", _set(**{"AO": [], "BO": [], side: levels})), TICK)
    assert isinstance(found.event, BookSnapshot)
    assert [str(level.price) for level in found.event.asks + found.event.bids] == ["6.023", "7"]
    assert [(row.of, row.row) for row in found.left_out] == [("431", "BTCUSDT")]


def test_a_book_of_which_every_level_is_off_its_tick_is_no_book() -> None:
    assert stepped(_event("obdiff_whole", _set(AO=[{"P": OFF, "A": "2"}])), TICK).event is None


def test_a_change_is_put_on_its_tick_or_left_out_but_for_a_deletion() -> None:
    changes = [{"CP": code, "P": price, "A": "1"} for code, price in ((1, NOISY), (0, OFF), (1, OFF), (3, OFF))]
    found = stepped(_event("obdiff_changes", _set(AO=changes, BO=[])), TICK)
    assert isinstance(found.event, BookDiff)
    assert [(change.kind, str(change.price)) for change in found.event.asks] == [(1, "6.023"), (3, OFF)]
    assert found.off_tick == 2


def test_a_trade_is_put_on_its_tick_or_left_out() -> None:
    found = stepped(_event("trade", _set(P=NOISY)), TICK)
    assert isinstance(found.event, Trades)
    assert str(found.event.trades[0].price) == "6.023"
    found = stepped(_event("trade", _set(P=OFF)), TICK)
    assert (found.event, [row.of for row in found.left_out]) == (None, ["422"])


@pytest.mark.parametrize("name", ["LA", "B", "A"])
def test_a_ticker_is_put_on_its_tick_and_only_its_best_prices_may_be_off_it(name: str) -> None:
    """The best prices are never published: they are held against the book, which a wrong one contradicts."""
    on = {"LA": "6.1", "B": "6.1", "A": "6.2"}
    event = stepped(_event("ticker", _set(**on | {name: NOISY})), TICK).event
    assert isinstance(event, Ticker)
    assert event.best is not None
    assert "6.023" in [str(price) for price in (event.last, event.best.bid, event.best.ask)]
    found = stepped(_event("ticker", _set(**on | {name: OFF})), TICK)
    assert [row.of for row in found.left_out] == (["402"] if name == "LA" else [])
    assert found.off_tick == (0 if name == "LA" else 1)
    assert isinstance(found.event, Ticker)
    assert (found.event.last is None) == (name == "LA")
    assert found.event.best is not None
    assert (OFF in [str(price) for price in (found.event.best.bid, found.event.best.ask)]) == (name != "LA")


def test_a_bar_is_put_on_its_tick_or_left_out() -> None:
    event = stepped(_event("tradeview", _set(O=NOISY, H=NOISY, L=NOISY, C=NOISY)), TICK).event
    assert isinstance(event, CandleUpdate)
    assert [str(price) for price in event.bar[1:5]] == ["6.023"] * 4
    found = stepped(_event("tradeview", _set(O="6", H=OFF, L="6", C="6")), TICK)
    assert (found.event, [row.of for row in found.left_out]) == (None, ["428"])


@pytest.mark.parametrize("name", ["obdiff_whole", "obdiff_changes", "trade", "trade_list", "ticker", "tradeview"])
def test_an_event_on_its_tick_is_seen_quickly_and_stays_as_it_is(name: str) -> None:
    event = _event(name, lambda _body: None)
    assert on_tick(event, Decimal("0.1"))
    assert stepped(event, Decimal("0.1")).event == event
    assert not on_tick(event, Decimal("1e-30"))


def test_no_price_off_its_tick_is_published_whatever_the_stream_that_brings_it(rest_url: str) -> None:
    """The venue tells a tick of 1 for BTCTRY."""

    def answer(request: dict[str, Any]) -> list[str]:
        if request["join"] and request["channel"] == "obdiff":
            return [whole_book("BTCTRY", 10, {"101.000001": "1", "101.5": "5"}, {"99": "1", "99.5": "20"})]
        return all_on_join(request)

    with scripted_venue(answer) as venue, following(venue.url, rest_url, "BTCTRY") as feed:
        eventually(feed.live)
        venue.say(book_change("BTCTRY", 11, [(1, "100.5", "7")], [(1, "98.0000001", "3")]))
        venue.say(ticker_frame("BTCTRY", "100.0000001"))
        venue.say(single_trade("BTCTRY", 6, "100.5"))
        venue.say(single_trade("BTCTRY", 7, "100.00001"))
        eventually(lambda: feed.counters.frames["422"] == 2)
        book = feed.book("BTCTRY")
        assert [str(level.price) for level in (*book.bids, *book.asks)] == ["99", "98", "101"]
        assert feed.store.quote("BTCTURK:BTCTRY").last == 100
        prices = {str(trade.price) for trade in feed.store.trades("BTCTURK:BTCTRY", 50).trades}
        assert prices == {"100"}
        assert (feed.counters.oddities["off_tick"], feed.counters.left_out["431"]) == (1, 2)
        assert feed.counters.left_out["422"] == 1
