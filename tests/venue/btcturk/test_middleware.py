"""REST under its limits and its faults."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import Venue, running_venue
from venue.btcturk.ratelimits import LimitRules, Quota

RULES = LimitRules(
    {"ticker": Quota(3, 60.0, 60.0), "ohlcs": Quota(2, 60.0, 60.0), "graph": Quota(4, 600.0, 600.0)},
    Quota(15, 60.0, 60.0),
)


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0, rules=RULES) as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app().test_client()


def test_one_request_too_many_gets_the_venues_429(http: FlaskClient, venue: Venue) -> None:
    for path in ("/api/v2/ticker", "/api/v2/ticker/currency?symbol=TRY", "/api/v2/ticker?pairSymbol=BTCTRY"):
        assert http.get(path).status_code == 200
        assert "Retry-After" not in http.get("/api/v2/trades?pairSymbol=BTCTRY").headers
    answer = http.get("/api/v2/ticker")
    assert answer.status_code == 429
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.get_json() == {
        "message": "TOO_MANY_REQUESTS",
        "success": False,
        "code": 429,
        "details": "Quota exceeded. Maximum allowed: 3 per 1m.",
        "limit": "3",
        "period": "1m",
        "policy": "ip",
    }
    assert venue.server.limits.worst_windows()["ticker"] == 4
    assert 'venue_requests_limited_total{endpoint="ticker",venue="btcturk"} 1.0' in http.get("/metrics").text


def test_each_address_has_its_own_limit(http: FlaskClient) -> None:
    statuses = [
        http.get("/api/v2/ticker", environ_base={"REMOTE_ADDR": address}).status_code
        for address in ("10.0.0.1",) * 4 + ("10.0.0.2",)
    ]
    assert statuses == [200, 200, 200, 429, 200]


def test_the_chart_host_has_a_total_beside_the_limits_of_its_calls(http: FlaskClient) -> None:
    klines, ohlcs = "/v1/klines/history?symbol=BTCTRY&resolution=1D&from=1", "/v1/ohlcs?pair=BTCTRY"
    assert [http.get(ohlcs).status_code for _ in range(3)] == [200, 200, 429]
    assert [http.get(klines).status_code for _ in range(2)] == [200, 200]
    refused = http.get(klines)
    assert (refused.status_code, refused.get_json()["period"]) == (429, "10m")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_answers_wrongly_as_often_as_asked_for(http: FlaskClient, venue: Venue, status: int) -> None:
    venue.server.faults.arm("rest_status", endpoint="trades", status=status, count=2, retry_after=9)
    trades = "/api/v2/trades?pairSymbol=BTCTRY"
    assert http.get("/api/v2/ticker").status_code == 200
    answers = [http.get(trades) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["9", "9", None]


def test_a_slow_call_takes_its_time_and_answers(http: FlaskClient, venue: Venue) -> None:
    venue.server.faults.arm("slow_rest", seconds=0.3, endpoint="ticker")
    before = time.monotonic()
    assert http.get("/api/v2/ticker").status_code == 200
    assert time.monotonic() - before >= 0.3
