"""After any end of a socket the books are stale until a new one has brought them; then they are the venue's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.marketdata.faults.rig import HASTIER, HASTY_LINK, PATIENT_LINK, Watched, watched
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow


def _came_back(it: Watched, dials: int = 2) -> None:
    """A new socket was opened, with every book on it."""
    eventually(lambda: it.venue.server.counters.upgrades["accepted"] >= dials and it.feed.live())


@pytest.mark.parametrize("fault", ["partial_frame", "half_open", "silence"])
def test_a_socket_that_says_no_more_is_stale_in_time_and_replaced(fault: str) -> None:
    with watched(timings=HASTIER, link=HASTY_LINK) as it:
        it.arm(fault, pair="BTCTRY")
        eventually(lambda: all(it.feed.store.quote(name).stale for name in it.feed.store.symbols))
        _came_back(it)
        it.come_to_rest()
        assert it.watcher.stale > 0


@pytest.mark.parametrize(("code", "cause"), [(1000, "normal"), (1001, "going_away"), (1006, "lost"), (1012, "restart")])
def test_a_socket_that_is_closed_is_replaced_whatever_the_code(code: int, cause: str) -> None:
    with watched() as it:
        it.arm("close", pair="BTCTRY", code=code)
        _came_back(it)
        it.come_to_rest()
        assert it.feed.counters.closes[cause] == 1


def test_a_socket_that_is_reset_is_replaced() -> None:
    with watched() as it:
        it.arm("reset", pair="BTCTRY")
        _came_back(it)
        it.come_to_rest()


def test_an_upgrade_that_is_never_answered_is_given_up() -> None:
    with watched(link=replace(PATIENT_LINK, socket=1.0)) as it:
        it.venue.server.faults.arm("no_upgrade_answer")
        it.arm("reset", pair="BTCTRY")
        eventually(lambda: it.feed.counters.attempts["timeout"] == 1)
        _came_back(it)
        it.come_to_rest()


def test_a_refused_upgrade_is_waited_out() -> None:
    with watched() as it:
        it.venue.server.faults.arm("refuse_upgrade", status=429, retry_after=1)
        it.arm("reset", pair="BTCTRY")
        eventually(lambda: it.feed.counters.attempts["throttled"] == 1)
        assert all(it.feed.store.quote(name).stale for name in it.feed.store.symbols)
        _came_back(it)
        it.come_to_rest()


def test_instruments_that_cannot_be_had_at_first_delay_the_feed_and_no_more() -> None:
    def before(venue: Venue) -> None:
        venue.server.faults.arm("rest_status", endpoint="exchangeinfo", status=500, count=3)
        venue.server.faults.arm("slow_rest", endpoint="exchangeinfo", seconds=0.2)

    with watched(before=before) as it:
        it.come_to_rest()
        assert it.feed.venue.readiness["instruments"]() is None
