"""Calls to the broker keep their pace where it counts them, whatever it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.rest.rest_server import Handler
from tests.marketdata.venues.algolab.broker import Say, running_broker, said, scripted_broker
from tests.marketdata.venues.algolab.rig import running_feed
from tests.venue.algolab.rig import Bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

LONG = 40.0
NO = b'{"success":false,"message":"no","content":null}'


PACE = 0.25
AT_PACE = AlgolabTimings(calls=PACE, logins=0.05, audits=0.05, feed=FeedTimings(quiet=20.0))


def _slowly(seconds: float, body: bytes, status: int = 200) -> Say:
    def say(call: Handler) -> None:
        time.sleep(seconds)
        call.answer(status, body)

    return say


def _never(call: Handler) -> None:
    call.close_connection = True


def _halfway(call: Handler) -> None:
    call.send_response(200)
    call.send_header("Content-Length", "100")
    call.end_headers()
    call.wfile.write(b"{")
    call.close_connection = True


HASTE: dict[str, dict[str, Say]] = {
    "all well": {},
    "slow": {"GetEquityInfo": _slowly(0.35, NO), "LoginUser": _slowly(0.15, NO)},
    "no answer": {"GetEquityInfo": _never, "SessionRefresh": _never},
    "half an answer": {"GetEquityInfo": _halfway, "LoginUser": _halfway},
    "429": dict.fromkeys(("GetEquityInfo", "SessionRefresh", "LoginUser"), said(b"", 429)),
    "429 at once": dict.fromkeys(("GetEquityInfo", "LoginUser"), said(b"", 429, Retry_After="0")),
    "429 in the past": dict.fromkeys(
        ("GetEquityInfo", "LoginUser"), said(b"", 429, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")
    ),
    "429 nonsense": dict.fromkeys(("GetEquityInfo", "LoginUser"), said(b"", 429, Retry_After="-5")),
    "503": dict.fromkeys(("GetEquityInfo", "LoginUser"), said(b"", 503, Retry_After="0")),
    "500": dict.fromkeys(("GetEquityInfo", "SessionRefresh", "LoginUser", "LoginUserControl"), said(b"", 500)),
    "401": {"GetEquityInfo": said(NO, 401), "SessionRefresh": said(NO, 401)},
    "a refused login": {"LoginUser": said(NO), "SessionRefresh": said(b"", 401), "GetEquityInfo": said(b"", 401)},
    "a refused code": {"LoginUserControl": said(NO), "SessionRefresh": said(b"", 401), "GetEquityInfo": said(b"", 401)},
}


@pytest.mark.parametrize("haste", sorted(HASTE))
@pytest.mark.parametrize("login", ["ready", "by itself"])
def test_calls_never_arrive_closer_than_the_broker_allows(
    haste: str, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.LOOP_SECONDS", 0.05)
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.FIRST_REFRESH_SECONDS", 0.5)
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.REFRESH_SECONDS", 0.5)
    with scripted_broker() as broker:
        broker.answers.update(HASTE[haste])
        with running_feed(cast(Bist, broker), timings=AT_PACE, login=login) as feed:
            ends = time.monotonic() + 2.0
            while time.monotonic() < ends:
                feed.venue.resume()
                time.sleep(0.05)
        assert len([path for _, path in broker.asked if "sms" not in path]) >= 1
        assert broker.closest() >= PACE


def test_a_broker_that_answers_429_to_every_call_is_asked_ever_more_rarely() -> None:
    with scripted_broker() as broker:
        broker.answers["GetEquityInfo"] = said(b"", 429, Retry_After="0")
        with running_feed(cast(Bist, broker), timings=AlgolabTimings(calls=0.02, logins=0.05, audits=0.1)) as feed:
            eventually(lambda: broker.calls("GetEquityInfo") >= 3, LONG)
            came = [at for at, path in broker.asked if path.endswith("GetEquityInfo")]
            assert came[1] - came[0] >= 1.0
            assert came[2] - came[1] >= 2.0
            assert feed.venue.nets[0].failures <= len(came)


def test_a_call_that_only_waits_for_its_turn_does_not_tear_the_net() -> None:
    timings = AlgolabTimings(calls=45.0, logins=600.0, audits=0.1, feed=FeedTimings(quiet=20.0))
    with running_broker(timings=timings) as (_, feed):
        asked: Callable[[], dict[tuple[str, str], int]] = feed.venue.clients["broker"].counters.requests
        eventually(lambda: asked()["GetEquityInfo", "no_budget"] >= 1, 2 * LONG)
        eventually(lambda: feed.venue.state() == "live", LONG)
        assert feed.venue.nets[0].failures == 0
