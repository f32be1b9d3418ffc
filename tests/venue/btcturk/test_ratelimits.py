"""The venue's limits: fixed windows for requests, a rolling one for new sockets, and the worst windows."""

from __future__ import annotations

import pytest

from venue.btcturk.ratelimits import QUOTAS, LimitRules, Quota, VenueLimits

RULES = LimitRules({"ticker": Quota(3, 60.0, 60.0)}, Quota(2, 60.0, 60.0))


def test_the_window_starts_with_its_first_request() -> None:
    limits = VenueLimits(RULES)
    assert [limits.request("ticker", "a", at) for at in (50.0, 109.0, 109.5)] == [None] * 3
    assert [limits.request("ticker", "a", at) for at in (110.0, 110.1, 110.2)] == [None] * 3


def test_one_request_too_many_blocks_until_the_block_ends() -> None:
    limits = VenueLimits(RULES)
    for at in (0.0, 1.0, 2.0):
        assert limits.request("ticker", "a", at) is None
    assert limits.request("ticker", "a", 10.0) == 60.0
    assert limits.request("ticker", "a", 69.0) == pytest.approx(1.0)
    assert limits.request("ticker", "b", 69.0) is None
    assert limits.request("ticker", "a", 70.0) is None
    assert limits.refused["ticker"] == 2


def test_new_sockets_are_counted_in_a_rolling_minute_and_then_refused() -> None:
    limits = VenueLimits(RULES)
    assert [limits.dial("a", at) for at in (0.0, 50.0, 61.0)] == [None] * 3
    assert limits.dial("a", 62.0) == 60.0
    assert limits.dial("a", 121.0) == pytest.approx(1.0)
    assert limits.dial("b", 121.0) is None
    assert limits.dial("a", 122.0) is None
    assert limits.refused["dial"] == 2


def test_the_worst_window_slides() -> None:
    limits = VenueLimits(LimitRules({"ticker": Quota(100, 10.0, 10.0)}))
    for at in (0.0, 8.0, 9.0, 11.0, 12.0, 30.0):
        limits.request("ticker", "a", at)
    limits.request("ticker", "b", 11.0)
    assert limits.worst_windows()["ticker"] == 4
    assert limits.worst_windows() == {"ticker": 4, "dial": 0}


def test_the_published_limits_are_the_defaults() -> None:
    assert (QUOTAS["ticker"].limit, QUOTAS["orderbook"].limit, QUOTAS["ohlcs"].limit) == (600, 180, 120)
    assert QUOTAS["graph"] == Quota(600, 600.0, 600.0)
    assert LimitRules().dials == Quota(15, 60.0, 60.0)


def test_a_period_is_written_as_the_venue_does() -> None:
    assert [Quota(1, period, 1.0).period_text for period in (60.0, 600.0, 1.0)] == ["1m", "10m", "1s"]
