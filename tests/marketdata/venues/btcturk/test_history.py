"""The past is there soon after the start, is the venue's own, and is fetched again until it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from common.wire import Candle
from marketdata.rest.client import RetryPolicy
from tests.marketdata.venues.btcturk.rig import QUICK, Following, following
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

BTCTRY = "BTCTURK:BTCTRY"


def _days(feed: Following) -> list[Candle]:
    return feed.candles.latest(BTCTRY, "1d", 1_000)


def _minutes(feed: Following) -> list[Candle]:
    return feed.candles.latest(BTCTRY, "1m", 2_000)


def _venues_own(venue: Venue, resolution: str, start: float, end: float) -> list[tuple[float, ...]]:
    view = venue.server.views["BTCTRY"]
    bars = venue.server.charts["BTCTRY"].bars(resolution, int(start), int(end), view.candles)
    return [(bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


def _in_ticks(venue: Venue, candles: list[Candle]) -> list[tuple[float, ...]]:
    spec = venue.server.views["BTCTRY"].spec
    return [
        (
            candle.start.timestamp(),
            *(int(price / spec.tick) for price in (candle.open, candle.high, candle.low, candle.close)),
            int(candle.volume.scaleb(spec.amount_scale)),
        )
        for candle in candles
    ]


def _venue_time(venue: Venue) -> Callable[[], float]:
    return lambda: venue.clock()


def test_days_and_minutes_are_the_venues_own(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, "BTCTRY", unix=_venue_time(venue)) as feed:
        eventually(lambda: len(_days(feed)) >= 250 and len(_minutes(feed)) >= 1_000)
        days, minutes = _days(feed)[:-1], _minutes(feed)
        assert all(candle.complete for candle in days)
        closed = [candle for candle in minutes if candle.complete]
        assert len(closed) >= 1_000
        span = (days[0].start.timestamp(), days[-1].start.timestamp())
        assert _in_ticks(venue, days) == _venues_own(venue, "1D", *span)
        span = (closed[0].start.timestamp(), closed[-1].start.timestamp())
        assert _in_ticks(venue, closed) == _venues_own(venue, "1", *span)


@pytest.mark.slow
def test_after_the_minute_has_closed_our_bars_and_the_venues_agree(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, "BTCTRY", unix=_venue_time(venue)) as feed:
        eventually(lambda: feed.live() and len(_minutes(feed)) >= 1_000)
        for _ in range(30):
            venue.move(5.0)
        last = venue.server.views["BTCTRY"].trades[-1].trade_id
        eventually(lambda: feed.store.trades(BTCTRY, 1).trades[0].trade_id == last)
        end = venue.clock() // 60 * 60 - 60
        recent = [candle for candle in _minutes(feed) if end - 120 < candle.start.timestamp() <= end]
        assert recent
        eventually(lambda: all(c.complete for c in _minutes(feed) if end - 120 < c.start.timestamp() <= end))
        recent = [candle for candle in _minutes(feed) if end - 120 < candle.start.timestamp() <= end]
        assert _in_ticks(venue, recent) == _venues_own(venue, "1", end - 119, end)


def test_a_venue_that_refuses_is_asked_again_until_it_answers(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("rest_status", endpoint="ohlcs", status=500, count=2)
    venue.server.faults.arm("rest_status", endpoint="klines", status=500, count=2)
    with following(venue.url, rest_url, "BTCTRY", unix=_venue_time(venue)) as feed:
        eventually(lambda: len(_days(feed)) >= 250 and len(_minutes(feed)) >= 1_000)
        assert (feed.counters.backfill_failures["days"], feed.counters.backfill_failures["minutes"]) == (2, 2)


def test_a_venue_that_is_slow_with_the_past_does_not_hold_the_books_up(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("slow_rest", endpoint="ohlcs", seconds=1.0)
    retries = RetryPolicy(deadline=0.2, connect=0.2, read=0.2, attempts=1)
    timings = replace(QUICK, rest=retries)
    with following(venue.url, rest_url, "BTCTRY", timings=timings, unix=_venue_time(venue)) as feed:
        eventually(feed.live)
        eventually(lambda: feed.counters.backfill_failures["days"] >= 1)
        assert not feed.store.quote(BTCTRY).stale
        eventually(lambda: len(_days(feed)) >= 250)
