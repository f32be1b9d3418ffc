"""The running feed gets a session by itself or from a person, and never logs in in a loop when the broker ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from marketdata.venues.algolab.session_keeper import QUICK_LOGINS, SLOWER
from tests.marketdata.venues.algolab.rig import OURS, QUICK, TIMINGS, Running, running_feed
from tests.venue.algolab.rig import QUICK as VENUE_QUICK
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

PATIENT = AlgolabTimings(calls=0.02, logins=60.0, feed=FeedTimings(quiet=20.0))


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


def logins(feed: Running) -> int:
    """Returns how often the broker was asked to begin a login."""
    asked = feed.venue.clients["broker"].counters.requests()
    return sum(count for (call, _), count in asked.items() if call == "LoginUser")


def test_where_a_text_message_can_be_read_the_feed_logs_in_by_itself(bist: Bist) -> None:
    with running_feed(bist, login="by itself") as feed:
        eventually(feed.live)
        assert logins(feed) == 1
        assert feed.trouble() is None


def test_where_a_person_has_to_read_it_nothing_is_dialled_or_asked_until_then(bist: Bist) -> None:
    with running_feed(bist, login="by hand") as feed:
        eventually(lambda: feed.venue.connection.status().state == "waiting")
        time.sleep(0.3)
        assert logins(feed) == 0
        assert bist.server.counters.upgrades["accepted"] + bist.server.counters.upgrades["unauthorized"] == 0
        assert (feed.trouble() or "").startswith("AUTH_REQUIRED")
        feed.session.login()
        feed.session.sms(bist.accounts.phone() or "")
        eventually(feed.live)
        assert feed.trouble() is None


def test_a_session_that_ends_is_not_followed_by_a_login(bist: Bist) -> None:
    with running_feed(bist) as feed:
        eventually(feed.live)
        bist.accounts.expire()
        eventually(lambda: feed.session.status().state == "AUTH_REQUIRED")
        eventually(lambda: feed.store.quote("BIST:THYAO").stale)
        dials = dict(bist.server.counters.upgrades)
        time.sleep(0.5)
        assert logins(feed) == 0
        assert dict(bist.server.counters.upgrades) == dials, "nothing is dialled without a session"
        feed.session.login()
        feed.session.sms(bist.accounts.phone() or "")
        eventually(feed.right)


def test_by_itself_it_logs_in_again_after_a_while_and_not_before(bist: Bist) -> None:
    with running_feed(bist, login="by itself", timings=PATIENT) as feed:
        eventually(feed.live)
        bist.accounts.expire()
        eventually(lambda: feed.session.status().state == "AUTH_REQUIRED")
        time.sleep(0.5)
        assert logins(feed) == 1
    with running_feed(bist, login="by itself") as feed:
        eventually(feed.live)
        bist.accounts.expire()
        eventually(lambda: logins(feed) == 2)
        eventually(feed.right)


def test_logins_that_are_refused_are_tried_ever_again_but_slowly(bist: Bist) -> None:
    wrong = replace(OURS, password="wrong")
    with running_feed(bist, login="by itself", credentials=wrong, timings=replace(TIMINGS, logins=0.3)) as feed:
        eventually(lambda: logins(feed) == QUICK_LOGINS)
        time.sleep(0.3 * SLOWER / 3)
        assert logins(feed) == QUICK_LOGINS
        assert feed.session.status().state == "REFUSED"
        eventually(lambda: logins(feed) == QUICK_LOGINS + 1, 20.0)
        assert bist.server.counters.answers["refused"] == QUICK_LOGINS + 1


def test_sessions_that_the_socket_does_not_take_slow_the_logins_too(bist: Bist) -> None:
    bist.faults.arm("refuse_upgrade", status=401, count=0)
    bist.faults.arm("rest_status", status=500, endpoint="SessionRefresh", count=0)
    with running_feed(bist, login="by itself", timings=replace(TIMINGS, logins=0.3)) as feed:
        eventually(lambda: logins(feed) == QUICK_LOGINS)
        eventually(lambda: feed.session.status().state == "AUTH_REQUIRED")
        time.sleep(0.3 * SLOWER / 3)
        assert logins(feed) == QUICK_LOGINS
        assert bist.server.counters.upgrades["fault"] == QUICK_LOGINS
        bist.faults.clear()
        eventually(feed.right, 20.0)


def test_a_venue_that_gives_no_answer_to_a_login_is_asked_at_the_usual_pace(bist: Bist) -> None:
    bist.faults.arm("rest_status", status=500, endpoint="LoginUser", count=QUICK_LOGINS + 1)
    slowly = 30.0
    with running_feed(bist, login="by itself", timings=replace(TIMINGS, logins=slowly / SLOWER / 2)) as feed:
        began = time.monotonic()
        eventually(feed.live, 2 * slowly)
        assert logins(feed) == QUICK_LOGINS + 2
        assert time.monotonic() - began < slowly


def test_a_restart_takes_the_kept_session_up(bist: Bist, tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    with running_feed(bist, login="by itself", session_file=file) as feed:
        eventually(feed.live)
    with running_feed(bist, login="by hand", session_file=file) as feed:
        eventually(feed.live)
        assert logins(feed) == 0


def test_a_stop_of_the_service_does_not_end_the_session(bist: Bist, tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    for number in range(3):
        with running_feed(bist, login="by hand", session_file=file) as feed:
            if not number:
                feed.session.login()
                feed.session.sms(bist.accounts.phone() or "")
            eventually(feed.live)
        assert feed.counters.sessions_lost == 0
        assert file.exists()


def test_heartbeats_keep_the_socket() -> None:
    with (
        running_bist(timings=replace(VENUE_QUICK, heartbeat=0.4, missed_heartbeats=10)) as strict,
        running_feed(strict, link=replace(QUICK, heartbeat=0.1)) as feed,
    ):
        eventually(feed.live)
        time.sleep(6.0)
        assert strict.server.counters.closures["no_heartbeat"] == 0
        assert feed.counters.attempts["open"] == 1


def test_a_missed_heartbeat_costs_the_socket_and_no_more() -> None:
    with (
        running_bist(timings=replace(VENUE_QUICK, heartbeat=0.3, missed_heartbeats=1)) as strict,
        running_feed(strict, link=replace(QUICK, heartbeat=30.0)) as feed,
    ):
        eventually(lambda: strict.server.counters.closures["no_heartbeat"] >= 1)
        eventually(lambda: feed.counters.attempts["open"] >= 2)
        assert feed.session.status().state == "ACTIVE"


def test_the_feed_subscribes_before_the_venue_hangs_up_on_it(bist: Bist) -> None:
    with running_feed(bist, symbols=("THYAO", "GARAN")) as feed:
        eventually(feed.live)
        assert bist.server.counters.subscriptions == 5, "ticks of two shares and the liveness symbol, two books"
        assert bist.server.counters.closures["nothing_subscribed"] == 0
