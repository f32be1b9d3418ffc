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
from marketdata.venues.algolab.vault import Vault
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


def test_after_a_session_that_proved_good_it_logs_in_at_once_but_never_in_a_loop(bist: Bist) -> None:
    with running_feed(bist, login="by itself", timings=replace(PATIENT, logins=600.0)) as feed:
        for number in range(1, QUICK_LOGINS):
            eventually(feed.live)
            bist.accounts.expire()
            eventually(lambda number=number: logins(feed) == number + 1)  # type: ignore[misc]
        eventually(feed.right)
        bist.accounts.expire()
        eventually(lambda: feed.session.status().state == "AUTH_REQUIRED")
        time.sleep(0.5)
        assert logins(feed) == QUICK_LOGINS
    with running_feed(bist, login="by itself") as feed:
        for number in range(1, QUICK_LOGINS + 2):
            eventually(feed.live)
            bist.accounts.expire()
            eventually(lambda number=number: logins(feed) == number + 1)  # type: ignore[misc]


def test_logins_that_are_refused_are_tried_ever_again_but_slowly(bist: Bist) -> None:
    wrong = replace(OURS, password="wrong")
    with running_feed(bist, login="by itself", credentials=wrong, timings=replace(TIMINGS, logins=0.3)) as feed:
        eventually(lambda: logins(feed) == QUICK_LOGINS)
        time.sleep(0.3 * SLOWER / 3)
        assert logins(feed) == QUICK_LOGINS
        assert feed.session.status().state == "REFUSED"
        eventually(lambda: logins(feed) == QUICK_LOGINS + 1)
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
        eventually(feed.right)


@pytest.fixture
def _unanswered_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pause after a call without an answer, shortened."""
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.UNANSWERED_SECONDS", 0.3)


@pytest.mark.usefixtures("_unanswered_soon")
def test_a_venue_that_gives_no_answer_to_a_login_is_asked_at_the_usual_pace(bist: Bist) -> None:
    bist.faults.arm("rest_status", status=500, endpoint="LoginUser", count=QUICK_LOGINS + 1)
    slowly = 30.0
    with running_feed(bist, login="by itself", timings=replace(TIMINGS, logins=slowly / SLOWER / 2)) as feed:
        began = time.monotonic()
        eventually(feed.live, 2 * slowly)
        assert logins(feed) == QUICK_LOGINS + 2
        assert time.monotonic() - began < slowly


@pytest.mark.usefixtures("_unanswered_soon")
def test_a_broker_that_starts_later_is_found_without_the_pause_between_logins(bist: Bist) -> None:
    """As when both start together: the pause of ten minutes would fail the test."""
    bist.faults.arm("rest_status", status=502, endpoint="LoginUser", count=2)
    with running_feed(bist, login="by itself", timings=replace(TIMINGS, logins=600.0)) as feed:
        eventually(feed.live)
        assert logins(feed) == 3


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


PACE = 0.7
AT_PACE = AlgolabTimings(calls=PACE, logins=600.0, feed=FeedTimings(quiet=20.0))
"""The broker's own limit, shortened; whoever waits for the pause between logins fails the test."""


@pytest.fixture
def strict() -> Iterator[Bist]:
    with running_bist(request_seconds=PACE) as running:
        yield running


def kept(file: Path, hash_: str) -> Path:
    Vault(file, OURS.api_key).save(hash_)
    return file


def test_a_kept_session_that_the_broker_no_longer_knows_is_replaced_at_the_pace(
    strict: Bist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket tells: a refresh would cost one more turn, and comes too late here."""
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.FIRST_REFRESH_SECONDS", 600.0)
    file = kept(tmp_path / "session.json", "of-a-broker-that-was-replaced")
    with running_feed(strict, login="by itself", session_file=file, timings=AT_PACE) as feed:
        eventually(feed.live)
        assert logins(feed) == 1
        assert strict.server.counters.answers["too_many"] == 0


def test_a_session_that_ends_under_way_is_replaced_at_the_pace(strict: Bist) -> None:
    with running_feed(strict, login="by itself", timings=AT_PACE) as feed:
        eventually(feed.live)
        strict.accounts.expire()
        eventually(lambda: logins(feed) == 2)
        eventually(feed.live)
        assert strict.server.counters.answers["too_many"] == 0


@pytest.mark.parametrize("call", ["LoginUser", "LoginUserControl", "SessionRefresh", "GetEquityInfo"])
def test_a_call_that_came_too_soon_is_made_again_at_the_paces_next_turn(
    strict: Bist, tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a process of ours that has just ended called last."""
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.FIRST_REFRESH_SECONDS", 2.0)
    strict.faults.arm("rest_status", status=429, endpoint=call)
    file = kept(tmp_path / "session.json", "of-a-broker-that-was-replaced")
    with running_feed(strict, login="by itself", session_file=file, timings=AT_PACE) as feed:
        eventually(feed.live)
        asked = feed.venue.clients["broker"].counters.requests
        eventually(lambda: asked()[call, "throttled"] == 1)
        eventually(lambda: asked()[call, "ok"] >= 1)


def test_a_proxy_that_refuses_a_call_does_not_end_the_session(bist: Bist) -> None:
    with running_feed(bist) as feed:
        eventually(feed.live)
        for status in (407, 451):
            bist.faults.arm("rest_status", status=status, count=1)
        asked = feed.venue.clients["broker"].counters.requests
        eventually(lambda: sum(count for (_, outcome), count in asked().items() if outcome == "rejected") >= 1)
        assert feed.session.status().state == "ACTIVE"
        assert feed.live()
