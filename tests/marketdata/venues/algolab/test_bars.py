"""Bars of shares: there is no history to fetch, so that time without a socket stays a gap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from common.bist.rules import ISTANBUL
from marketdata.link.inbox import Arrival
from marketdata.state.bars import Gap, Resolution
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.marketdata.venues.algolab.test_frames import TICK, with_
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

THYAO = "BIST:THYAO"
PATIENCE = 20.0


@pytest.fixture
def feed() -> Iterator[Running]:
    with running_bist() as bist, running_feed(bist) as running:
        eventually(running.live, PATIENCE)
        _pass_time(bist, 120)
        eventually(lambda: _newest(running), PATIENCE)
        yield running


def _pass_time(bist: Bist, seconds: float) -> None:
    for _ in range(int(seconds // 5)):
        bist.move(5.0)


def _newest(feed: Running) -> str:
    trades = feed.store.trades(THYAO, 1).trades
    return trades[0].trade_id if trades else ""


def _gaps(feed: Running, resolution: Resolution = "1m") -> list[Gap]:
    return feed.candles.chart(THYAO, resolution, 60).gaps


def test_a_trade_off_its_tick_is_a_gap(feed: Running) -> None:
    newest = feed.store.newest_trade(THYAO)
    assert newest is not None
    at = newest.venue_time.replace(microsecond=0) - timedelta(seconds=30)
    payload = with_(TICK, Symbol="THYAO", Price=2.4849, Date=at.astimezone(ISTANBUL).isoformat())
    feed.venue.inbox.put([Arrival("frame", time.monotonic(), feed.bist.clock(), payload)])
    eventually(lambda: Gap(at, at + timedelta(seconds=1)) in _gaps(feed), PATIENCE)
    assert feed.counters.left_out["T"] == 1


def test_time_without_a_socket_is_a_gap_and_stays_one(feed: Running) -> None:
    feed.venue.connection.drop("test")
    eventually(lambda: not feed.live(), PATIENCE)
    last, before = _newest(feed), feed.store.trades(THYAO, 1).trades[0].venue_time
    _pass_time(feed.bist, 120)
    eventually(feed.live, PATIENCE)
    _pass_time(feed.bist, 240)
    eventually(lambda: _newest(feed) != last and len(_gaps(feed)) == 2, PATIENCE)
    gap = _gaps(feed)[1]
    assert gap.start == before
    assert gap.end > gap.start
    lacking = [one for one in feed.candles.latest(THYAO, "1m", 60) if gap.start < one.start < gap.end]
    assert not any(one.complete for one in lacking)
    _pass_time(feed.bist, 600)
    eventually(lambda: feed.candles.latest(THYAO, "1m", 1)[0].start.timestamp() >= feed.bist.clock() - 180, PATIENCE)
    assert gap in _gaps(feed)
    assert gap.start in [one.start for one in _gaps(feed, "5m")]


def test_days_of_shares_begin_at_midnight_in_istanbul(feed: Running) -> None:
    (day,) = feed.candles.latest(THYAO, "1d", 5)
    local = day.start.astimezone(ISTANBUL)
    assert (local.hour, local.minute) == (0, 0)
    assert day.complete is False
    assert feed.candles.latest(THYAO, "4h", 5)[-1].start.astimezone(ISTANBUL).hour % 4 == 0
