"""An acknowledgement has a name and an end, and ends with its alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.alerts.people import acknowledge, act, history, kept, whats
from tests.web.alerts.test_desk import compared, sent
from tests.web.api.test_alerts import batch, post
from tests.web.conftest import Built, build
from tests.web.console import Surroundings
from web.settings import Settings


def test_an_acknowledgement_has_its_name_reason_and_time_and_is_in_the_history(firing: Built) -> None:
    before = datetime.now(UTC)
    answer = acknowledge(firing, "fire", seconds=3600)
    assert answer.status_code == 200
    given = answer.get_json()["alert"]["acknowledged"]
    assert (given["by"], given["reason"]) == ("Ada", "the disk is being changed")
    until = datetime.fromisoformat(given["until"])
    assert timedelta(0) <= until - before - timedelta(hours=1) < timedelta(seconds=30)
    (_, (what, by, note)) = history(firing, "fire")
    assert (what, by) == ("acknowledged", "Ada")
    assert note == f"until {until:%Y-%m-%d %H:%M} UTC: the disk is being changed"


def test_an_acknowledgement_needs_no_reason_and_holds_four_hours(firing: Built) -> None:
    body = {"by": "Ada"}
    assert act(firing, "POST", "/api/alerts/fire/acknowledge", body).status_code == 200
    given = kept(firing, "fire")["acknowledged"]
    assert datetime.fromisoformat(given["until"]) - datetime.fromisoformat(given["at"]) == timedelta(hours=4)


def test_it_outlives_lists_messages_silence_of_prometheus_and_a_restart(
    firing: Built, around: Surroundings, settings: Settings
) -> None:
    acknowledge(firing, "fire")
    compared(firing)
    post(firing, batch(sent("fire")))
    assert kept(firing, "fire")["acknowledged"]["by"] == "Ada"
    around.alertmanager.firing.clear()
    around.alertmanager.watchdog = False
    assert compared(firing) == {"fire": "unknown"}
    assert kept(build(settings), "fire")["acknowledged"]["by"] == "Ada"


@pytest.mark.parametrize("by_message", [True, False])
def test_it_ends_with_the_alert_and_does_not_hold_for_the_next_time(
    firing: Built, around: Surroundings, by_message: bool
) -> None:
    acknowledge(firing, "fire")
    ended = datetime.now(UTC)
    around.alertmanager.firing.clear()
    if by_message:
        post(firing, batch(sent("fire", status="resolved", endsAt=ended.isoformat())))
    else:
        compared(firing)
    assert kept(firing, "fire")["status"] == "resolved"
    assert kept(firing, "fire")["acknowledged"] is None
    around.alertmanager.fire("fire")["startsAt"] = datetime.now(UTC)
    compared(firing)
    assert kept(firing, "fire")["acknowledged"] is None
    assert whats(firing, "fire") == ["fired", "acknowledged", "resolved", "fired"]


@pytest.mark.parametrize("reachable", [True, False])
def test_it_ends_at_its_time_also_while_alertmanager_is_away(
    firing: Built, around: Surroundings, reachable: bool
) -> None:
    acknowledge(firing, "fire", seconds=60)
    desk = firing.parts.upstreams.desk
    later = datetime.now(UTC) + timedelta(seconds=61)
    if reachable:
        desk.inbox.reconcile(desk.inbox.newest(10), "resolved", later)
    else:
        desk.inbox.looked(later)
    assert kept(firing, "fire")["acknowledged"] is None
    assert history(firing, "fire")[-1] == ("unacknowledged", "", "its time is over")


def test_it_is_taken_back_by_name(firing: Built) -> None:
    acknowledge(firing, "fire")
    assert act(firing, "DELETE", "/api/alerts/fire/acknowledge", {"by": "Grace"}).status_code == 200
    assert kept(firing, "fire")["acknowledged"] is None
    assert history(firing, "fire")[-1] == ("unacknowledged", "Grace", "")
    assert act(firing, "DELETE", "/api/alerts/fire/acknowledge", {"by": "Grace"}).status_code == 200
    assert len(history(firing, "fire")) == 3, "there was nothing to take back"


def test_what_has_ended_can_not_be_acknowledged(firing: Built, around: Surroundings) -> None:
    around.alertmanager.firing.clear()
    compared(firing)
    answer = acknowledge(firing, "fire")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "ALERT_RESOLVED")
