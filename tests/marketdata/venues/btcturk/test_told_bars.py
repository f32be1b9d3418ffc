"""Bars that come late, cut or not at all are asked for again: not told is not the same as not happened."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Response, request

from common.wire import Candle
from marketdata.link.inbox import Arrival
from marketdata.state.bars import Gap
from marketdata.venues.btcturk.endpoints import MINUTES_PATH
from tests.common.local import http_server
from tests.marketdata.rig import frame, rest_app
from tests.marketdata.venues.btcturk.rig import QUICK, Following, following, trade
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

BTCTRY = "BTCTURK:BTCTRY"
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _clean(venue: Venue) -> Iterator[None]:
    yield
    venue.server.faults.clear()


@contextmanager
def _following(venue: Venue, rest_url: str) -> Iterator[Following]:
    with following(venue.url, rest_url, "BTCTRY", unix=lambda: venue.clock()) as feed:
        yield feed


def _minutes(feed: Following, limit: int = 2_000) -> list[Candle]:
    return feed.candles.latest(BTCTRY, "1m", limit)


def _gaps(feed: Following, limit: int = 1_400) -> list[Gap]:
    return feed.candles.chart(BTCTRY, "1m", limit).gaps


def _wrong(venue: Venue, feed: Following) -> list[datetime]:
    """Bars that say that they are complete and are not the venue's own."""
    view = venue.server.views["BTCTRY"]
    bars = venue.server.charts["BTCTRY"].bars("1", 0, int(venue.clock()), view.candles)
    theirs = {bar.start: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}
    spec = view.spec
    return [
        candle.start
        for candle in _minutes(feed)
        if candle.complete
        and theirs.get(int(candle.start.timestamp()))
        != (
            *(int(price / spec.tick) for price in (candle.open, candle.high, candle.low, candle.close)),
            int(candle.volume.scaleb(spec.amount_scale)),
        )
    ]


def _told_everything(feed: Following) -> bool:
    """True when the feed has every trade of the venue."""
    return feed.live() and not any(gap.end > gap.start for gap in _gaps(feed))


def _lose_trades(feed: Following) -> None:
    feed.venue.inbox.put([Arrival("lost", time.monotonic(), time.time(), b"trade:BTCTRY")])


def _pass_time(venue: Venue, seconds: float) -> None:
    for _ in range(int(seconds // 5)):
        venue.move(5.0)


def test_minutes_that_are_told_late_are_asked_for_again_and_never_shown_half(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("late_klines", seconds=600.0, count=10_000)
    with _following(venue, rest_url) as feed:
        eventually(lambda: feed.counters.backfills["minutes"] == 2, PATIENCE)
        assert _wrong(venue, feed) == []
        assert _gaps(feed, 30)[-1].start <= datetime.fromtimestamp(venue.clock() - 599, UTC)
        venue.server.faults.clear()
        eventually(lambda: _told_everything(feed), PATIENCE)
        assert _wrong(venue, feed) == []
        assert len(_minutes(feed)) >= 1_400


def test_an_answer_that_is_cut_is_completed_piece_by_piece(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("cut_klines", bars=400, count=3)
    with _following(venue, rest_url) as feed:
        eventually(lambda: len(_minutes(feed)) >= 1_400 and _told_everything(feed), PATIENCE)
        assert not venue.server.faults.armed()
        assert _wrong(venue, feed) == []


@pytest.mark.parametrize("column", ["t", "h"])
def test_a_minute_that_cannot_be_read_is_no_minute_without_a_trade(venue: Venue, column: str) -> None:
    app, spoilt = rest_app(venue), [True]

    @app.after_request
    def spoil(response: Response) -> Response:
        if spoilt and request.path == MINUTES_PATH and response.status_code == 200:
            columns = json.loads(response.get_data())
            if len(columns.get("t", [])) > 20:
                columns[column][-10] = None
                response.set_data(json.dumps(columns))
        return response

    with http_server(app) as url, _following(venue, url) as feed:
        eventually(lambda: feed.counters.left_out["klines"] > 0, PATIENCE)
        eventually(lambda: len(_minutes(feed)) > 1_000, PATIENCE)
        starts = {candle.start for candle in _minutes(feed)}
        missing = [gap for gap in _gaps(feed) if gap.end - gap.start == timedelta(minutes=1)]
        assert missing
        assert not starts.intersection(gap.start for gap in missing)
        spoilt.clear()
        eventually(lambda: _told_everything(feed), PATIENCE)
        assert {gap.start for gap in missing} <= {candle.start for candle in _minutes(feed)}
        assert _wrong(venue, feed) == []


def test_an_older_part_that_cannot_be_read_does_not_hold_up_what_is_newer(venue: Venue) -> None:
    app, asked = rest_app(venue), list[bool]()

    @app.after_request
    def spoil(response: Response) -> Response:
        if request.path == MINUTES_PATH:
            older = int(request.args["to"]) < venue.clock() - 600
            asked.append(older)
            columns = json.loads(response.get_data())
            told = {name: part[-100:] if isinstance(part, list) else part for name, part in columns.items()}
            response.set_data("{}" if older else json.dumps(told))
        return response

    with http_server(app) as url, _following(venue, url) as feed:
        eventually(lambda: True in asked, PATIENCE)
        eventually(lambda: False in asked[asked.index(True) :], PATIENCE)
        eventually(lambda: len(_minutes(feed)) >= 99, PATIENCE)


def test_no_bars_at_all_prove_nothing(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("cut_klines", bars=0, count=10_000)
    with _following(venue, rest_url) as feed:
        eventually(lambda: feed.counters.backfills["minutes"] == 2, PATIENCE)
        assert _gaps(feed)[0].start == datetime.fromtimestamp(venue.clock() - 1_400 * 60, UTC)
        venue.server.faults.clear()
        eventually(lambda: _told_everything(feed), PATIENCE)
        assert _wrong(venue, feed) == []


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_replay_of_few_trades_or_none_is_a_gap_until_the_venues_bars_tell(
    venue: Venue, rest_url: str, left: int
) -> None:
    with _following(venue, rest_url) as feed:
        eventually(lambda: _told_everything(feed), PATIENCE)
        newest = feed.store.trades(BTCTRY, 1).trades[0].venue_time
        feed.venue.connection.drop("test")
        eventually(lambda: not feed.live(), PATIENCE)
        venue.server.faults.arm("rest_status", endpoint="klines", status=500, count=10_000)
        venue.server.faults.arm("rest_status", endpoint="trades", status=500, count=10_000)
        venue.server.faults.arm("partial_replay", trades=left, count=20)
        _pass_time(venue, 240)
        eventually(lambda: feed.live() and feed.counters.trade_gaps > 0, PATIENCE)
        assert _gaps(feed)[-1].start == newest
        assert _wrong(venue, feed) == []
        venue.server.faults.clear()
        _pass_time(venue, 120)
        eventually(lambda: _told_everything(feed), PATIENCE)
        assert _wrong(venue, feed) == []


@pytest.mark.parametrize(
    ("kind", "bad"),
    [(422, {"P": "x"}), (422, {"P": "100.3"}), (422, {"A": None}), (421, {"P": None}), (421, {"P": "100.3"})],
)
def test_a_trade_that_cannot_be_used_is_a_gap_until_the_venues_bars_tell(
    venue: Venue, rest_url: str, kind: int, bad: dict[str, Any]
) -> None:
    with _following(venue, rest_url) as feed:
        eventually(lambda: _told_everything(feed), PATIENCE)
        venue.server.faults.arm("rest_status", endpoint="klines", status=500, count=10_000)
        newest = feed.store.trades(BTCTRY, 1).trades[0]
        known = feed.store.newest_trade(BTCTRY)
        assert known is not None
        of = {"channel": "trade", "event": "BTCTRY"}
        told = trade("BTCTRY", 0, start=int(venue.clock() * 1000)) | bad
        good = trade("BTCTRY", 0, str(known.price), start=int(known.venue_time.timestamp() * 1000))
        items = [told, good | {"I": known.trade_id, "A": str(known.quantity)}]
        body = told | {"PS": "BTCTRY"} if kind == 422 else {"symbol": "BTCTRY", "items": items}
        assert not _gaps(feed)
        payload = frame(kind, body | of).encode()
        feed.venue.inbox.put([Arrival("frame", time.monotonic(), venue.clock(), payload)])
        eventually(lambda: _gaps(feed), PATIENCE)
        assert [gap.start for gap in _gaps(feed)] == [newest.venue_time]
        venue.server.faults.clear()
        _pass_time(venue, 120)
        eventually(lambda: _told_everything(feed), PATIENCE)
        assert _wrong(venue, feed) == []


def test_a_first_replay_of_nothing_leaves_the_past_unknown(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("rest_status", endpoint="klines", status=500, count=10_000)
    venue.server.faults.arm("partial_replay", trades=0, count=20)
    with _following(venue, rest_url) as feed:
        eventually(feed.live, PATIENCE)
        eventually(lambda: _gaps(feed, 10)[-1].end == datetime.fromtimestamp(venue.clock(), UTC), PATIENCE)
        _pass_time(venue, 180)
        assert _wrong(venue, feed) == []


def test_a_venue_that_tells_nothing_new_is_asked_ever_more_rarely(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("cut_klines", bars=0, count=10_000)
    timings = replace(QUICK, history=replace(QUICK.history, minutes=0.05))
    with following(venue.url, rest_url, "BTCTRY", timings=timings, unix=lambda: venue.clock()) as feed:
        eventually(lambda: feed.counters.backfills["minutes"] == 1, PATIENCE)
        began = time.monotonic()
        eventually(lambda: feed.counters.backfills["minutes"] == 7, PATIENCE)
        assert time.monotonic() - began > 0.05 * (1 + 1 + 2 + 4 + 8 + 16)


def test_a_day_that_is_told_late_is_not_complete(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("late_klines", endpoint="ohlcs", seconds=3 * 86_400.0, count=10_000)
    with _following(venue, rest_url) as feed:
        eventually(lambda: len(feed.candles.latest(BTCTRY, "1d", 500)) >= 250, PATIENCE)
        days = feed.candles.latest(BTCTRY, "1d", 500)
        late = [day for day in days if day.start.timestamp() > venue.clock() - 4 * 86_400]
        assert not any(day.complete for day in late)
        eventually(lambda: feed.candles.chart(BTCTRY, "1d", 500).gaps, PATIENCE)


def test_longer_bars_reach_further_than_minutes_and_are_the_venues_own(venue: Venue, rest_url: str) -> None:
    with _following(venue, rest_url) as feed:
        eventually(lambda: len(feed.candles.latest(BTCTRY, "4h", 200)) == 200, PATIENCE)
        for resolution, name in (("15m", "15"), ("1h", "60"), ("4h", "240")):
            candles = feed.candles.latest(BTCTRY, resolution, 200)  # type: ignore[arg-type]
            assert [candle.complete for candle in candles] == [True] * 199 + [False]
            view, first = venue.server.views["BTCTRY"], int(candles[0].start.timestamp())
            bars = venue.server.charts["BTCTRY"].bars(name, first, int(venue.clock()), view.candles)
            assert [bar.start for bar in bars] == [int(candle.start.timestamp()) for candle in candles]
            assert [bar.high for bar in bars] == [int(candle.high / view.spec.tick) for candle in candles]
        assert len(feed.candles.latest(BTCTRY, "5m", 300)) >= 290


def test_the_history_that_cannot_be_fetched_is_a_torn_net(venue: Venue, rest_url: str) -> None:
    for endpoint in ("klines", "ohlcs"):
        venue.server.faults.arm("rest_status", endpoint=endpoint, status=500, count=10_000)
    with _following(venue, rest_url) as feed:
        [net] = [net for net in feed.venue.nets if net.name == "history"]
        eventually(lambda: feed.live() and net.torn, PATIENCE)
        assert feed.venue.state() == "degraded"
        assert "history failed" in (feed.venue.reason() or "")
        venue.server.faults.clear()
        eventually(lambda: feed.venue.state() == "live", PATIENCE)
