"""Names, times and fields that are written otherwise than usual are read, and cost only what can't be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata.events import BookDiff, BookSnapshot, CandleUpdate, Ticker, Trades, Unreadable
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.btcturk.answers import order_book, server_time, tickers, trades
from marketdata.venues.btcturk.bar_answers import days, minutes
from marketdata.venues.btcturk.frames import parse
from tests.marketdata.venues.btcturk.test_frames import FRAMES
from tests.marketdata.venues.btcturk.test_oddframes import changed


@pytest.mark.parametrize("field", ["LA", "DP", "B", "A", "BA", "AA"])
@pytest.mark.parametrize("value", ["junk", "1,5", {}, [], "NaN", "1e99"])
def test_a_field_of_a_ticker_that_cannot_be_read_costs_itself_and_is_named(field: str, value: Any) -> None:
    (usual,) = parse(FRAMES["ticker"]).events
    frame = parse(changed("ticker", lambda body: body.update({field: value})))
    (ticker,) = frame.events
    assert isinstance(ticker, Ticker)
    assert isinstance(usual, Ticker)
    assert [row.of for row in frame.left_out] == ["402"] * bool(frame.left_out)
    assert (ticker.last, field == "LA") in ((None, True), (usual.last, False))
    assert (ticker.daily_change_percent, field == "DP") in ((None, True), (usual.daily_change_percent, False))
    assert ticker.best is not None


def test_a_ticker_that_tells_nothing_is_unreadable() -> None:
    frame = changed("ticker", lambda body: [body.pop(name) for name in ("LA", "DP", "A", "B")])
    assert parse(frame).events == (Unreadable("field"),)


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.lower(): _lower(part) for name, part in value.items()}
    return [_lower(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_names_of_fields_may_be_written_in_small_letters(name: str) -> None:
    frame = json.dumps(_lower(json.loads(FRAMES[name]))).encode()
    assert parse(frame).events == parse(FRAMES[name]).events


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_what_stands_around_a_frame_changes_nothing(name: str) -> None:
    usual = parse(FRAMES[name]).events
    assert parse(FRAMES[name][:-1] + b',{"new":[1]},7]').events == usual
    assert parse(b"\xef\xbb\xbf" + FRAMES[name] + b"\r\n").events == usual


@pytest.mark.parametrize("gone", [("channel",), ("channel", "event"), ("event",), ("type",)])
@pytest.mark.parametrize("name", ["obdiff_whole", "obdiff_changes"])
def test_a_book_frame_need_not_name_its_stream(name: str, gone: tuple[str, ...]) -> None:
    (found,) = parse(changed(name, lambda body: [body.pop(field) for field in gone])).events
    assert isinstance(found, BookSnapshot | BookDiff)
    (usual,) = parse(FRAMES[name]).events
    assert isinstance(usual, BookSnapshot | BookDiff)
    assert (found.pair, found.sequence, found.asks, found.bids) == (usual.pair, usual.sequence, usual.asks, usual.bids)


def test_a_whole_book_of_another_pair_than_its_stream_is_no_book() -> None:
    frame = changed("obdiff_whole", lambda body: body.update(PS="BTCTRY"))
    assert parse(frame).events == (Unreadable("field"),)


STAMPS: tuple[Any, ...] = (1790133600, 1790133600.0, "1790133600", 1790133600000, "1790133600000.0", 1790133600000000)
STAMPS += (1790133600000000000, "2026-09-23T03:20:00Z", "2026-09-23T06:20:00+03:00")


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_time_is_the_same_in_every_unit(stamp: Any) -> None:
    (event,) = parse(changed("trade", lambda body: body.update(D=stamp))).events
    assert isinstance(event, Trades)
    assert event.trades[0].venue_time == datetime(2026, 9, 23, 3, 20, tzinfo=UTC)
    (update,) = parse(changed("tradeview", lambda body: body.update(D=stamp))).events
    assert isinstance(update, CandleUpdate)
    assert update.bar.start == 1790133600


@pytest.mark.parametrize("stamp", [0, "0", -1, 5, 1e300, "soon", "2026-09-23T03:20:00", True, "", None, [], 10**20])
def test_what_is_no_time_makes_no_trade(stamp: Any) -> None:
    (event,) = parse(changed("trade", lambda body: body.update(D=stamp))).events
    assert isinstance(event, Unreadable)


def _in_small_letters(body: str) -> bytes:
    return json.dumps(_lower(json.loads(body))).encode()


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_time_by_rest_is_the_same_in_every_unit(stamp: Any) -> None:
    at = 1790133600
    row = {"pair": "BTCTRY", "time": stamp, "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}
    assert [bar.start for bar in days(json.dumps([row]).encode()).rows] == [at]
    columns = {name: [1] for name in "ohlcv"}
    assert [bar.start for bar in minutes(json.dumps({"s": "ok", "t": [stamp], **columns}).encode()).rows] == [at]
    trade = {"date": stamp, "tid": "9", "price": "5", "amount": 0.1, "side": "sell"}
    told, _ = trades("BTCTRY", json.dumps({"success": True, "data": [trade]}).encode())
    assert [one.venue_time.timestamp() for one in told.trades] == [at]
    assert server_time(json.dumps({"serverTime": stamp}).encode()) == at


@pytest.mark.parametrize("stamp", [None, "", "soon", -5, [], {}, 1e300, "2026-09-23T03:20:00"])
def test_a_clock_that_cannot_be_read_says_so(stamp: Any) -> None:
    with pytest.raises(UnusableAnswer, match="time"):
        server_time(json.dumps({"serverTime": stamp}).encode())


@pytest.mark.parametrize("percent", [None, "n/a", "NaN", {}, 1e300, "1,5"])
@pytest.mark.parametrize("pair", ["BTCTRY", "btctry", "BTC_TRY", "BTC/TRY", " btc-try "])
def test_a_ticker_by_rest_is_that_of_its_pair_whatever_its_change_is(pair: str, percent: Any) -> None:
    row = {"pair": pair, "last": 5.5, "dailyPercent": percent}
    found = tickers(json.dumps({"success": True, "data": [row]}).encode(), lambda _pair: None)
    assert [(one.pair, str(one.last), one.daily_change_percent) for one in found.rows] == [("BTCTRY", "5.5", None)]


def test_answers_with_names_in_small_letters_say_the_same() -> None:
    book = '{"success":true,"data":{"bids":[["9","1"]],"asks":[["10","2"]]}}'
    assert order_book(_in_small_letters(book.replace("bids", "BIDS"))) == order_book(book.encode())
    row = '{"success":true,"data":[{"pair":"BTCTRY","last":5.5,"dailyPercent":1.25}]}'
    assert tickers(_in_small_letters(row), lambda _: None) == tickers(row.encode(), lambda _: None)
    bars = '{"S":"ok","T":[60],"O":[1],"H":[1],"L":[1],"C":[1],"V":[1]}'
    assert [bar.start for bar in minutes(bars.encode()).rows] == [60]


@pytest.mark.parametrize("success", ["null", '"true"', "1", None])
def test_only_an_answer_that_says_it_failed_has_failed(success: str | None) -> None:
    said = "" if success is None else f'"success":{success},'
    assert order_book(f'{{{said}"data":{{"bids":[["9","1"]],"asks":[]}}}}'.encode()).sides[0][0].price == 9
