"""Trades come once each, what was missed is found or told, and bars say what they lack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, request

from common.wire import Candle
from marketdata.link.inbox import Arrival
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, scripted_venue
from tests.marketdata.venues.btcturk.rig import Following, all_on_join, bar, following, single_trade, trade, trade_list
from tests.venue.btcturk.rig import START, Venue
from tests.venue.rig import eventually

BTCTRY = "BTCTURK:BTCTRY"
NOW = START + 3_600.0
FIRST_MINUTE = int(START) // 60


def _joins_with(*replays: range) -> Callable[[dict[str, Any]], list[str]]:
    """An answer for a scripted venue whose trades, at each join, are the next of these."""
    left = list(replays)

    def answer(asked: dict[str, Any]) -> list[str]:
        if asked["channel"] == "trade" and asked["join"]:
            return [trade_list(asked["event"], left.pop(0) if len(left) > 1 else left[0])]
        return all_on_join(asked)

    return answer


def _ids(feed: Following) -> list[str]:
    return [str(int(kept.trade_id)) for kept in reversed(feed.store.trades(BTCTRY, 200).trades)]


def _candles(feed: Following) -> list[Candle]:
    return feed.candles.latest(BTCTRY, "1m", 100)


def _lose_trades(feed: Following) -> None:
    feed.venue.inbox.put([Arrival("lost", time.monotonic(), time.time(), b"trade:BTCTRY")])


@contextmanager
def _rest(venue: Venue, trades: range = range(0), klines: str = '{"s":"no_data"}') -> Iterator[tuple[str, list[str]]]:
    """The venue's REST side with trades and minute bars of the test's own; gives what was asked for."""
    inner, asked = rest_app(venue), []
    app = Flask("scripted")

    @app.before_request
    def note() -> None:
        asked.append(request.path)

    @app.get("/api/v2/trades")
    def latest_trades() -> dict[str, Any]:
        items = [trade("BTCTRY", number) for number in trades]
        data = [
            {"date": item["D"], "tid": item["I"], "price": item["P"], "amount": item["A"], "side": "buy"}
            for item in items
        ]
        return {"success": True, "data": data}

    @app.get("/v1/klines/history")
    def minutes() -> tuple[str, dict[str, str]]:
        return klines, {"Content-Type": "application/json"}

    @app.get("/<path:path>")
    def others(path: str) -> Any:
        return inner.test_client().get(f"/{path}", query_string=request.query_string.decode())

    with http_server(app) as url:
        yield url, asked


def test_a_replay_after_a_hole_brings_only_what_was_missed(venue: Venue) -> None:
    answer = _joins_with(range(60, 110), range(90, 140))
    with (
        _rest(venue) as (url, asked),
        scripted_venue(answer) as scripted,
        following(scripted.url, url, "BTCTRY", unix=lambda: NOW) as feed,
    ):
        eventually(lambda: len(_ids(feed)) == 50)
        scripted.say(single_trade("BTCTRY", 110))
        eventually(lambda: _ids(feed)[-1] == "110")
        _lose_trades(feed)
        eventually(lambda: _ids(feed) == [str(number) for number in range(60, 140)])
        assert (feed.counters.trade_gaps, feed.counters.resyncs["dropped"]) == (0, 1)
        assert "/api/v2/trades" not in asked
        assert sum(candle.volume for candle in _candles(feed) if candle.high == 100) == 80


def test_a_replay_that_does_not_reach_back_is_a_gap_and_rest_is_asked_once(venue: Venue) -> None:
    answer = _joins_with(range(50), range(300, 350))
    with (
        _rest(venue, trades=range(260, 310)) as (url, asked),
        scripted_venue(answer) as scripted,
        following(scripted.url, url, "BTCTRY", unix=lambda: NOW) as feed,
    ):
        eventually(lambda: len(_ids(feed)) == 50)
        _lose_trades(feed)
        eventually(lambda: len(_ids(feed)) == 140)
        assert feed.counters.trade_gaps == 1
        eventually(lambda: feed.counters.backfills["trades"] == 1)
        assert asked.count("/api/v2/trades") == 1
        assert _ids(feed) == [str(number) for number in (*range(50), *range(260, 350))]


def test_bars_that_lack_trades_say_so_until_the_venue_told_them(venue: Venue) -> None:
    times = [FIRST_MINUTE * 60 + 60 * number for number in range(8)]
    prices = ",".join(["7"] * len(times))
    told = f'{{"s":"ok","t":{times},"o":[{prices}],"h":[{prices}],"l":[{prices}],"c":[{prices}],"v":[{prices}]}}'
    answer = _joins_with(range(50), range(300, 350))
    with (
        _rest(venue, klines="not json") as (broken, _),
        scripted_venue(answer) as scripted,
        following(scripted.url, broken, "BTCTRY", unix=lambda: NOW) as feed,
    ):
        eventually(lambda: len(_ids(feed)) == 50)
        _lose_trades(feed)
        eventually(lambda: feed.counters.trade_gaps == 1 and feed.counters.backfill_failures["minutes"] > 1)
        assert not _candles(feed)[0].complete
        with _rest(venue, klines=told) as (good, _):
            feed.venue.clients["charts"].base_url = good
            eventually(lambda: len(_candles(feed)) == 8)
            eventually(lambda: [candle.complete for candle in _candles(feed)] == [True] * 7 + [False])
            assert all(candle.open == 7 for candle in _candles(feed))


def test_rest_trades_that_reach_back_heal_the_gap(venue: Venue) -> None:
    answer = _joins_with(range(50), range(60, 110))
    with (
        _rest(venue, trades=range(45, 95), klines="not json") as (url, _),
        scripted_venue(answer) as scripted,
        following(scripted.url, url, "BTCTRY", unix=lambda: NOW) as feed,
    ):
        eventually(lambda: len(_ids(feed)) == 50)
        _lose_trades(feed)
        eventually(lambda: _ids(feed) == [str(number) for number in range(110)])
        eventually(lambda: [candle.complete for candle in _candles(feed)] == [False, True, True])


def test_while_the_socket_is_gone_the_present_bar_is_not_complete(venue: Venue) -> None:
    with (
        _rest(venue, klines="not json") as (url, _),
        scripted_venue(_joins_with(range(50))) as scripted,
        following(scripted.url, url, "BTCTRY", unix=lambda: NOW) as feed,
    ):
        scripted_trade = single_trade("BTCTRY", 70)
        eventually(lambda: len(_ids(feed)) == 50)
        scripted.say(scripted_trade)
        eventually(lambda: _candles(feed)[-1].complete)
        feed.venue.connection.drop("test")
        eventually(lambda: not _candles(feed)[-1].complete)


def test_the_venues_own_bar_stands_in_for_a_minute_that_we_saw_only_in_part(venue: Venue) -> None:
    with (
        _rest(venue, klines="not json") as (url, _),
        scripted_venue(_joins_with(range(50))) as scripted,
        following(scripted.url, url, "BTCTRY", unix=lambda: START + 50) as feed,
    ):
        eventually(lambda: len(_ids(feed)) == 50)
        scripted.say(bar("BTCTRY", FIRST_MINUTE))
        eventually(lambda: any(candle.high == 4 for candle in _candles(feed)))
        assert not any(candle.complete for candle in _candles(feed) if candle.high == 4)
