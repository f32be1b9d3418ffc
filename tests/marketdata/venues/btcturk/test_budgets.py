"""However many threads hammer a call, the venue measures no more than it allows; a 429 is followed by silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from common.clock import SYSTEM_CLOCK
from marketdata.rest.budget import Budget, Limit
from marketdata.rest.client import RestClient, RetryPolicy
from marketdata.rest.replies import RestError, Throttled
from marketdata.venues.btcturk import endpoints
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, CHART_ENDPOINTS, LIMITS
from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.venue.btcturk.rig import Venue, running_venue
from venue.btcturk.ratelimits import QUOTAS, LimitRules, Quota

pytestmark = pytest.mark.slow

QUICKER = 60
"""All periods are this much shorter, on both sides; the counts are the published ones."""
SECONDS = 2.5
THREADS = 8
SPAN = {"from": "1789999000", "to": "1790000000"}
CALLS = {
    "ticker": (endpoints.TICKER_PATH, {}),
    "time": (endpoints.TIME_PATH, {}),
    "orderbook": (endpoints.ORDER_BOOK_PATH, {"pairSymbol": "BTCTRY", "limit": "1"}),
    "trades": (endpoints.TRADES_PATH, {"pairSymbol": "BTCTRY", "last": "1"}),
    "exchangeinfo": (endpoints.EXCHANGE_INFO_PATH, {}),
    "ohlcs": (endpoints.DAYS_PATH, {"pair": "BTCTRY"} | SPAN),
    "klines": (
        endpoints.MINUTES_PATH,
        {"symbol": "BTCTRY", "resolution": "1"} | SPAN,
    ),
}
MEASURED = {"klines": "graph"}


@contextmanager
def quick_venue() -> Iterator[tuple[Venue, str]]:
    quotas = {name: Quota(one.limit, one.period / QUICKER, one.block / QUICKER) for name, one in QUOTAS.items()}
    with running_venue(rules=LimitRules(quotas=quotas)) as venue, http_server(rest_app(venue)) as url:
        yield venue, url


def client_of(url: str) -> RestClient:
    limits = {name: Limit(one.calls, one.seconds / QUICKER) for name, one in LIMITS.items()}
    return RestClient(
        url,
        API_ENDPOINTS | CHART_ENDPOINTS,
        budget=Budget(limits, monotonic=time.monotonic),
        clock=SYSTEM_CLOCK,
        retries=RetryPolicy(deadline=2 * SECONDS, attempts=1),
    )


def hammer(client: RestClient, endpoint: str, until: float) -> None:
    path, params = CALLS[endpoint]
    while time.monotonic() < until:
        try:
            client.get(endpoint, path, params)
        except RestError:
            time.sleep(0.01)


@pytest.mark.parametrize("endpoint", sorted(CALLS))
def test_eight_threads_that_hammer_a_call_stay_below_the_published_limit_in_every_window(endpoint: str) -> None:
    with quick_venue() as (venue, url):
        client, until = client_of(url), time.monotonic() + SECONDS
        threads = [threading.Thread(target=hammer, args=(client, endpoint, until)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS * 4)
        name = MEASURED.get(endpoint, endpoint)
        assert 0 < venue.server.limits.worst_windows()[name] <= QUOTAS[name].limit
        assert sum(venue.server.limits.refused.values()) == 0


def test_a_429_is_followed_by_silence_until_retry_after() -> None:
    with quick_venue() as (venue, url):
        client = client_of(url)
        venue.server.faults.arm("rest_status", endpoint="ticker", status=429, retry_after=2, count=1)
        with pytest.raises(Throttled):
            client.get("ticker", *CALLS["ticker"])
        told = time.monotonic()
        before = venue.server.limits.worst_windows()["ticker"]
        client.get("ticker", *CALLS["ticker"])
        assert time.monotonic() - told >= 1.9
        assert venue.server.limits.worst_windows()["ticker"] <= before + 1
