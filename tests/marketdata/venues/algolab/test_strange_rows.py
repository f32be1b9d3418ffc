"""Rows that can't be read, or make no sense, cost their own share's book until all rows came again."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.broker import (
    GONE,
    LONG,
    changed,
    heard,
    row,
    rows,
    running_broker,
    settled,
    trade,
    without,
)
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

THYAO, GARAN = "BIST:THYAO", "BIST:GARAN"
TIMINGS = AlgolabTimings(calls=0.02, logins=0.05, audits=3600.0, feed=FeedTimings(quiet=20.0, repair_pause=0.1))


BAD_ROWS = [
    *((field, value) for field in ("Price", "Quantity") for value in ("300,5", "NaN", "junk", -1, 1e300, [], GONE)),
    *(("Direction", value) for value in ("X", "", None, 1, GONE)),
    *(("Row", value) for value in (-1, "x", None, 1.5, GONE)),
]


@pytest.mark.parametrize(("field", "value"), BAD_ROWS)
def test_a_row_that_can_not_be_read_costs_its_own_book_which_is_asked_for_again(field: str, value: Any) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.say(changed(row, field, value))
        eventually(lambda: feed.store.faults() == {THYAO: "unreadable"}, LONG)
        eventually(feed.live, LONG)
        assert broker.depth_asked == ["THYAO", "GARAN", "THYAO"]
        assert feed.counters.books_lost["unreadable"] == 1
        assert feed.counters.attempts["open"] == 1


@pytest.mark.parametrize(
    "frame", ['{"Type":"D","Content":{"Symbol":"THYAO","Row":', '{"Type":"D","Content":["THYAO"]}']
)
def test_half_a_row_is_one_that_can_not_be_read(frame: str) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.say(frame)
        eventually(lambda: len(broker.depth_asked) > 2, LONG)
        eventually(feed.live, LONG)
        assert feed.counters.attempts["open"] == 1


def test_a_row_of_nobody_has_all_rows_asked_for_again_once_a_minute_and_costs_none() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.say(*['{"Type":"D","Content":null}'] * 5)
        eventually(lambda: broker.depth_asked == ["THYAO", "GARAN"] * 2, LONG)
        broker.say(*['{"Type":"D","Content":null}'] * 5)
        heard(broker, feed)
        assert feed.store.faults() == {}
        assert broker.depth_asked == ["THYAO", "GARAN"] * 2


HARMLESS = [
    *(row("THYAO", place) for place in (10, 25, 99)),
    row("THYAO", 0), row("THYAO", 0),
    *(row("THYAO", 0, Direction=told) for told in ("b", " B ", "Buy")),
    *(row("THYAO", 0, Date=told) for told in (None, "yesterday", "2026-01-01T10:00:00", 0)),
    row("THYAO", 0, Price="299.750", Quantity="100.0", Row="0"),
    row("THYAO", 5, Quantity=0, Price=0), row("THYAO", 9, Quantity=None, Price=None),
    row("THYAO", 2, OrderCount="many", Market=None),
    without(row("THYAO", 0), "Date"),
    *reversed(rows("THYAO")),
    row("AKBNK", 0, Price="junk"), trade("AKBNK", Price="junk"),
]  # fmt: skip


def test_harmless_oddities_of_rows_cost_no_book() -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        for frame in HARMLESS:
            broker.say(frame)
            time.sleep(0.03)
            assert feed.store.faults() == {}, frame
        heard(broker, feed)
        assert feed.store.faults() == {}
        assert feed.counters.oddities["row_beyond"] == 3
        assert broker.depth_asked == ["THYAO", "GARAN"]
        assert [level.price for level in feed.shown("THYAO")[0]] == [Decimal(f) for f in ("299.75", "299.5", "299.25")]


WRONG_ROWS = [
    row("THYAO", 0, Price=299.8),
    row("THYAO", 0, Price=301.0),
    row("THYAO", 0, Price=30.0),
    row("THYAO", 1, Quantity=0),
    row("THYAO", 1, Price=299.75),
]


@pytest.mark.parametrize("frame", WRONG_ROWS)
def test_rows_that_make_no_sense_cost_their_own_book_and_come_again(frame: str) -> None:
    with running_broker(timings=TIMINGS) as (broker, feed):
        settled(broker, feed)
        broker.say(frame)
        eventually(lambda: list(feed.store.faults()) == [THYAO], LONG)
        eventually(feed.live, LONG)
        assert broker.depth_asked == ["THYAO", "GARAN", "THYAO"]
        assert feed.counters.attempts["open"] == 1


def test_a_book_that_made_no_sense_from_the_beginning_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata.venues.algolab.books.FIRST_ROWS_SECONDS", 0.5)
    with running_broker(timings=TIMINGS, symbols=("THYAO", "GARAN", "AKBNK")) as (broker, feed):
        broker.books["THYAO"] = [each for each in rows("THYAO") if '"Row": 1' not in each]
        broker.books["GARAN"] = []
        feed.venue.connection.drop("to begin with rows that are missing")
        eventually(lambda: set(feed.store.faults()) == {THYAO, GARAN}, LONG)
        broker.books |= {symbol: rows(symbol) for symbol in ("THYAO", "GARAN")}
        eventually(feed.live, LONG)
