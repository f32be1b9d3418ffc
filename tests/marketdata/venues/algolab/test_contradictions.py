"""A share's ticks are held against its rows, and each share vouches for itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually

THYAO, GARAN = "BIST:THYAO", "BIST:GARAN"
LONG = 40.0
TIMINGS = AlgolabTimings(calls=0.02, logins=0.05, audits=3600.0, feed=FeedTimings(quiet=20.0, repair_pause=0.1))


@pytest.fixture
def feed() -> Iterator[Running]:
    with running_bist() as bist, running_feed(bist, timings=TIMINGS) as running:
        eventually(running.live, LONG)
        yield running


def _moves_until(bist: Bist, came_true: Callable[[], object]) -> None:
    """Lets the market move at a steady pace until a condition is true."""
    deadline = time.monotonic() + LONG
    while not came_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        bist.move(0.4)
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["stuck_rows", "lying_ticks"])
def test_rows_that_ticks_contradict_make_their_own_share_stale_and_no_other(feed: Running, fault: str) -> None:
    feed.bist.faults.arm(fault, symbol="THYAO", seconds=3600.0)
    _moves_until(feed.bist, lambda: feed.store.faults().get(THYAO, "").startswith("contradicted by its"))
    assert sum(feed.counters.contradictions.values()) == 1
    assert GARAN not in feed.store.faults()
    feed.bist.faults.clear()
    _moves_until(feed.bist, lambda: not feed.store.faults())
    assert feed.counters.repairs == 0
    feed.bist.quiet()
    eventually(feed.right, LONG)


@pytest.mark.slow
def test_nothing_but_messages_proves_no_share() -> None:
    with running_bist() as bist, running_feed(bist, timings=TIMINGS, stale_after=3.0) as feed:
        _moves_until(bist, feed.live)
        bist.faults.arm("maintenance", seconds=3600.0)
        _moves_until(bist, lambda: set(feed.store.faults()) == {THYAO, GARAN})
        assert feed.venue.state() != "live"
        bist.faults.clear()
        _moves_until(bist, lambda: not feed.store.faults())


@pytest.mark.slow
def test_what_one_share_brings_proves_no_other() -> None:
    with running_bist() as bist, running_feed(bist, timings=TIMINGS, stale_after=3.0) as feed:
        _moves_until(bist, feed.live)
        bist.faults.arm("stuck_rows", symbol="THYAO", seconds=3600.0)
        bist.faults.arm("stuck_ticks", symbol="THYAO", seconds=3600.0)
        _moves_until(bist, lambda: THYAO in feed.store.faults())
        assert GARAN not in feed.store.faults()


@pytest.mark.slow
def test_a_healthy_exchange_is_never_contradicted(feed: Running) -> None:
    looks, stale, ends = 0, 0, time.monotonic() + 10.0
    while time.monotonic() < ends:
        feed.bist.move(0.4)
        looks, stale = looks + 2, stale + len(feed.store.faults())
        time.sleep(0.05)
    assert sum(feed.counters.contradictions.values()) == 0
    assert stale * 100 < looks
