"""REST brings the day's figures until the socket has sent them, and the difference between the two clocks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import request

from common.clock import SYSTEM_CLOCK, Clock
from common.wire import Instrument
from marketdata.nets import SafetyNet
from marketdata.venues.btcturk.notes import Notes
from marketdata.venues.btcturk.subscriptions import Followed
from marketdata.venues.btcturk.ticker_loader import (
    CLOCK_SECONDS,
    EVERY_SECONDS,
    FAILED_SECONDS,
    UNKNOWN_SECONDS,
    TickerLoader,
)
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, scripted_venue
from tests.marketdata.venues.btcturk.rig import following, ticker
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

BTCTRY = "BTCTURK:BTCTRY"


def test_the_venues_clock_is_compared_with_ours(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, "BTCTRY", unix=lambda: venue.clock() - 7.0) as feed:
        eventually(lambda: feed.counters.backfills["clock"] == 1)
        assert 6.9 < feed.counters.clock_offset_seconds < 7.1


def test_a_pair_whose_ticker_is_silent_has_the_days_figures_by_rest(rest_url: str) -> None:
    with scripted_venue(lambda _request: []) as silent, following(silent.url, rest_url, "BTCTRY") as feed:
        eventually(lambda: feed.store.quote(BTCTRY).last is not None)
        assert feed.store.quote(BTCTRY).daily_change_percent is not None


def test_what_the_socket_told_is_not_replaced_by_what_rest_tells(rest_url: str) -> None:
    def answer(request: dict[str, object]) -> list[str]:
        return [ticker("BTCTRY", "123")] if request["channel"] == "ticker" else []

    with scripted_venue(answer) as talking, following(talking.url, rest_url, "BTCTRY") as feed:
        eventually(lambda: feed.store.quote(BTCTRY).last == Decimal(123))
        eventually(lambda: feed.counters.backfills["tickers"] == 1)
        eventually(lambda: feed.counters.backfills["days"] == 1)
        assert feed.store.quote(BTCTRY).last == Decimal(123)


def test_a_venue_that_does_not_tell_is_counted_and_asked_again_later(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("rest_status", endpoint="time", status=500, count=1)
    with following(venue.url, rest_url, "BTCTRY") as feed:
        eventually(lambda: feed.counters.backfills["tickers"] == 1)
        assert feed.counters.backfill_failures["clock"] == 1


def test_an_answer_that_leaves_a_pair_out_is_no_answer_for_it(venue: Venue) -> None:
    asked: list[str] = []
    app = rest_app(venue)

    @app.before_request
    def leave_out() -> Any:
        asked.append(request.path)
        return {"success": True, "data": []} if request.path == "/api/v2/ticker" else None

    with http_server(app) as url, following(venue.url, url, "BTCTRY") as feed:
        eventually(lambda: feed.store.quote(BTCTRY).last is not None)
        eventually(lambda: feed.counters.backfill_failures["tickers"] == 1)
        known, net, api = feed.venue.instruments()[BTCTRY], SafetyNet("tickers"), feed.venue.clients["api"]
        followed = Followed(("BTCTRY",), "obdiff", lambda: {"BTCTRY": known})
        now = [0.0]
        clock = Clock(lambda: now[0], SYSTEM_CLOCK.unix)
        loader = TickerLoader(api, Notes(), followed, counters=feed.counters, net=net, clock=clock)
        for moment in (0.0, FAILED_SECONDS - 1, FAILED_SECONDS):
            now[0] = moment
            loader.step()
        assert feed.counters.backfill_failures["tickers"] == 3
        assert "/api/v2/ticker" in asked
        assert not net.failures
        resting = replace(followed, resting=lambda: {"BTCTRY"})
        loader = TickerLoader(api, Notes(), resting, counters=feed.counters, net=net, clock=clock)
        before = asked.count("/api/v2/ticker")
        for moment in (100.0, 99.0 + EVERY_SECONDS):
            now[0] = moment
            loader.step()
        assert asked.count("/api/v2/ticker") == before + 1


def test_the_venues_clock_is_asked_for_each_minute_because_ours_may_jump_at_any_time(
    venue: Venue, rest_url: str
) -> None:
    with following(venue.url, rest_url, "BTCTRY") as feed:
        eventually(lambda: feed.counters.backfills["tickers"] == 1)
        known, net, api = feed.venue.instruments()[BTCTRY], SafetyNet("tickers"), feed.venue.clients["api"]
        off = [0.0]
        clock = Clock(SYSTEM_CLOCK.monotonic, lambda: venue.clock() + off[0])
        followed = Followed(("BTCTRY",), "obdiff", lambda: {"BTCTRY": known})
        loader = TickerLoader(api, Notes(), followed, counters=feed.counters, net=net, clock=clock)
        assert loader.step() == CLOCK_SECONDS
        off[0] = -3600.0
        assert loader.step() == CLOCK_SECONDS
        assert feed.counters.clock_offset_seconds > 3590
        assert (feed.counters.backfills["clock"], feed.counters.backfills["tickers"]) == (3, 2)


def test_while_no_pair_is_known_an_answer_could_leave_out_any_so_none_is_asked_for(venue: Venue) -> None:
    asked: list[str] = []
    app = rest_app(venue)
    app.before_request(lambda: asked.append(request.path))
    with http_server(app) as url, following(venue.url, url, "BTCTRY") as feed:
        eventually(lambda: feed.counters.backfills["tickers"] == 1)
        known, net, api = feed.venue.instruments()[BTCTRY], SafetyNet("tickers"), feed.venue.clients["api"]
        known_now: dict[str, Instrument] = {}
        followed = Followed(("BTCTRY",), "obdiff", lambda: known_now)
        loader = TickerLoader(api, Notes(), followed, counters=feed.counters, net=net, clock=SYSTEM_CLOCK)
        assert (loader.step(), asked.count("/api/v2/ticker")) == (UNKNOWN_SECONDS, 1)
        known_now["BTCTRY"] = known
        assert (loader.step(), asked.count("/api/v2/ticker")) == (CLOCK_SECONDS, 2)
