"""Each stream vouches for itself: a book that its own stream no longer tells, or that another contradicts, is stale."""

from __future__ import annotations

import time

import pytest

from tests.marketdata.faults.rig import HASTIER, HASTY, PAIRS, Watched, watched
from tests.marketdata.truth import equal
from tests.venue.rig import eventually

BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"
LONG = 40.0


def _faults(it: Watched) -> dict[str, str]:
    return it.feed.store.faults()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["stuck_book", "lying_ticker"])
def test_a_book_that_its_ticker_contradicts_becomes_stale_with_its_reason_and_is_asked_for_again(fault: str) -> None:
    with watched(timings=HASTY, stale_after=30.0, behind=20.0) as it:
        it.arm(fault, pair="BTCTRY", seconds=12.0)
        eventually(lambda: _faults(it).get(BTCTRY) == "contradicted by its ticker", LONG)
        eventually(lambda: it.feed.counters.resyncs["contradicted"] >= 1, LONG)
        assert it.feed.counters.contradictions["ticker"] == 1
        assert not it.feed.store.quote(ETHUSDT).stale
        eventually(lambda: not _faults(it), LONG)
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


@pytest.mark.slow
def test_trades_that_stop_while_the_last_price_moves_are_stale_and_asked_for_again() -> None:
    with watched(timings=HASTY, stale_after=2.0) as it:
        it.arm("stuck_trades", pair="BTCTRY", seconds=10.0)
        eventually(lambda: it.feed.store.trades_age(BTCTRY)[1], LONG)
        assert not it.feed.store.quote(BTCTRY).stale
        eventually(lambda: it.feed.counters.contradictions["last"] == 1, LONG)
        eventually(lambda: not it.feed.store.trades_age(BTCTRY)[1], LONG)
        it.come_to_rest()


@pytest.mark.slow
def test_a_socket_that_brings_nothing_but_maintenance_frames_proves_no_book_and_is_replaced() -> None:
    with watched(timings=HASTIER) as it:
        sockets = it.venue.server.counters.upgrades["accepted"]
        it.arm("maintenance", seconds=60.0)
        eventually(lambda: set(_faults(it)) == {BTCTRY, ETHUSDT}, LONG)
        assert it.feed.venue.state() != "live"
        eventually(lambda: it.venue.server.counters.upgrades["accepted"] == sockets + 1, LONG)
        eventually(lambda: not _faults(it), LONG)
        it.come_to_rest()


@pytest.mark.slow
def test_what_other_pairs_bring_proves_no_book_and_an_agreeing_ticker_does() -> None:
    with watched() as it:
        it.arm("stuck_book", pair="BTCTRY", seconds=3600.0)
        it.arm("stuck_ticker", pair="BTCTRY", seconds=3600.0)
        eventually(lambda: BTCTRY in _faults(it), LONG)
        eventually(lambda: not it.feed.store.quote(ETHUSDT).stale, LONG)
        it.venue.server.faults.clear()
        eventually(lambda: not _faults(it), LONG)
        it.come_to_rest()


@pytest.mark.slow
def test_a_quiet_book_stays_fresh_while_its_ticker_agrees() -> None:
    with watched(stale_after=3.0) as it:
        it.venue.server.pause()
        eventually(lambda: equal(it.venue.server, it.feed.book_or_none, PAIRS), LONG)
        books = it.feed.counters.frames["432"]
        stale, ends = 0, time.monotonic() + 8.0
        while time.monotonic() < ends:
            stale += len(_faults(it))
            time.sleep(0.01)
        assert it.feed.counters.frames["432"] == books
        assert stale == 0
        it.venue.server.resume()


@pytest.mark.slow
def test_a_healthy_feed_is_never_contradicted() -> None:
    with watched(stale_after=5.0) as it:
        looks = stale = 0
        ends = time.monotonic() + 15.0
        while time.monotonic() < ends:
            looks, stale = looks + 2, stale + len(_faults(it))
            time.sleep(0.005)
        assert sum(it.feed.counters.contradictions.values()) == 0
        assert stale * 1000 < looks
