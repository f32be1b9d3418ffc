"""A silence is made in Alertmanager by name, is made again when it was lost, and stays ended when it was ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.alerts.people import NOBODY, acknowledge, expire, history, kept, silence, whats
from tests.web.alerts.test_desk import compared
from tests.web.conftest import Built, build
from tests.web.console import Surroundings
from web.alerts.acts import MOST_SILENCES
from web.settings import Settings


def test_a_silence_matches_all_labels_and_is_named_in_alertmanager_and_in_the_history(
    firing: Built, around: Surroundings
) -> None:
    answer = silence(firing, "fire")
    assert answer.status_code == 200
    (made,) = around.alertmanager.holding()
    assert {(each["name"], each["value"]) for each in made["matchers"]} == {
        ("alertname", "fire"),
        ("severity", "critical"),
        ("service", "web"),
    }
    assert all(each["isEqual"] and not each["isRegex"] for each in made["matchers"])
    assert (made["createdBy"], made["comment"]) == ("Ada", "the disk is being changed")
    length = datetime.fromisoformat(made["endsAt"]) - datetime.fromisoformat(made["startsAt"])
    assert length == timedelta(hours=1)
    assert answer.get_json()["silence"]["silence_id"] == made["id"]
    assert answer.get_json()["alert"]["silenced_by"] == [made["id"]]
    compared(firing)
    compared(firing)
    what, by, note = history(firing, "fire")[-1]
    assert (what, by) == ("silenced", "Ada")
    assert note.startswith(f"{made['id']}, until ")
    assert note.endswith(" UTC: the disk is being changed")
    assert whats(firing, "fire") == ["fired", "silenced"]


def test_a_silence_is_ended_by_name(firing: Built, around: Surroundings) -> None:
    made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    answer = expire(firing, made, by="Grace", reason="done")
    assert answer.get_json() == {"market": "simulated", "silence_id": made, "expired": True}
    assert around.alertmanager.holding() == []
    compared(firing)
    assert history(firing, "fire")[-1] == ("unsilenced", "Grace", f"{made}: done")
    assert whats(firing, "fire") == ["fired", "silenced", "unsilenced"]
    compared(firing)
    assert around.alertmanager.holding() == [], "it was ended, not lost"


def test_a_silence_that_somebody_made_elsewhere_can_be_ended_too(firing: Built, around: Surroundings) -> None:
    around.alertmanager.silences[NOBODY] = {
        "id": NOBODY,
        "status": {"state": "active"},
        "endsAt": datetime.now(UTC) + timedelta(hours=1),
        "matchers": [{"name": "service", "value": "web"}],
    }
    compared(firing)
    assert expire(firing, NOBODY).status_code == 200
    compared(firing)
    assert whats(firing, "fire") == ["fired", "silenced", "unsilenced"]


def test_a_silence_that_alertmanager_lost_is_made_again_once(firing: Built, around: Surroundings) -> None:
    lost = silence(firing, "fire").get_json()["silence"]
    around.alertmanager.lose_silences()
    compared(firing)
    compared(firing)
    (made,) = around.alertmanager.holding()
    assert made["id"] != lost["silence_id"]
    assert made["endsAt"] == lost["ends_at"], "it ends when the first one would have ended"
    assert (made["createdBy"], made["comment"]) == ("Ada", "the disk is being changed")
    assert kept(firing, "fire")["silenced_by"] == [made["id"]]
    what, by, note = history(firing, "fire")[-1]
    assert (what, by) == ("silenced", "Ada")
    assert note.startswith(f"{made['id']}, made again after Alertmanager lost it, until ")
    assert whats(firing, "fire") == ["fired", "silenced", "silenced"]


def test_it_is_made_again_by_a_console_that_was_started_meanwhile(
    firing: Built, around: Surroundings, settings: Settings
) -> None:
    silence(firing, "fire")
    around.alertmanager.lose_silences()
    compared(build(settings))
    assert len(around.alertmanager.holding()) == 1


def test_what_somebody_ended_in_alertmanager_is_not_made_again(firing: Built, around: Surroundings) -> None:
    made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    around.alertmanager.end_silence(made)
    compared(firing)
    around.alertmanager.lose_silences()
    compared(firing)
    assert around.alertmanager.holding() == []


def test_an_end_that_alertmanager_forgot_is_told_again(firing: Built, around: Surroundings) -> None:
    made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    before = dict(around.alertmanager.silences[made])
    expire(firing, made)
    around.alertmanager.silences[made] = before
    compared(firing)
    assert around.alertmanager.holding() == []


def test_an_end_that_was_moved_in_alertmanager_holds_for_the_one_that_is_made_again(
    firing: Built, around: Surroundings
) -> None:
    made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    longer = datetime.now(UTC) + timedelta(hours=5)
    around.alertmanager.silences[made]["endsAt"] = longer
    compared(firing)
    around.alertmanager.lose_silences()
    compared(firing)
    (again,) = around.alertmanager.holding()
    assert datetime.fromisoformat(again["endsAt"]) == longer


def test_one_whose_time_is_over_is_not_made_again(firing: Built, around: Surroundings) -> None:
    silence(firing, "fire", seconds=60)
    inbox = firing.parts.upstreams.desk.inbox
    (made,) = inbox.silences(datetime.now(UTC))
    assert inbox.silences(made.ends_at - timedelta(seconds=1)) == [made]
    assert inbox.silences(made.ends_at) == []


def test_a_silence_that_can_not_be_made_again_does_not_keep_the_list_from_being_compared(
    firing: Built, around: Surroundings
) -> None:
    silence(firing, "fire")
    around.alertmanager.lose_silences()
    around.alertmanager.refuses = (400, b'"too many silences"')
    around.alertmanager.fire("another")
    assert compared(firing) == {"fire": "firing", "another": "firing"}
    around.alertmanager.refuses = None
    compared(firing)
    assert len(around.alertmanager.holding()) == 1


def test_without_alertmanager_nothing_is_silenced_and_the_reason_is_told(firing: Built, around: Surroundings) -> None:
    around.alertmanager.refuses = (400, b'"start time must be before end time"')
    error = silence(firing, "fire").get_json()["error"]
    told = 'Alertmanager made no silence: 400 "start time must be before end time"'
    assert (error["code"], error["message"]) == ("UNAVAILABLE", told)
    assert expire(firing, NOBODY).status_code == 503
    around.alertmanager.stop()
    try:
        assert silence(firing, "fire").status_code == 503
        assert acknowledge(firing, "fire").status_code == 200, "this one needs no Alertmanager"
    finally:
        around.alertmanager.server.start()
    assert whats(firing, "fire") == ["fired", "acknowledged"]


def test_a_silence_that_the_inbox_can_not_keep_is_taken_back(firing: Built, around: Surroundings) -> None:
    desk = firing.parts.upstreams.desk
    with desk.inbox._connection() as connection:
        connection.execute("DROP TABLE silences")
        connection.execute("CREATE TABLE silences (id TEXT, ends_at TEXT, body BLOB CHECK (body IS NULL))")
    assert silence(firing, "fire").status_code == 503
    assert len(around.alertmanager.silences) == 1
    assert around.alertmanager.holding() == []


def test_an_alert_whose_labels_were_cut_is_not_silenced_by_others(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("cut", note="x" * 3000)
    compared(built)
    answer = silence(built, "cut")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "LABELS_UNKNOWN")
    assert around.alertmanager.silences == {}


@pytest.mark.slow
def test_so_many_silences_and_no_more(firing: Built) -> None:
    for _ in range(MOST_SILENCES):
        made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    assert silence(firing, "fire").get_json()["error"]["code"] == "TOO_MANY_SILENCES"
    expire(firing, made)
    assert silence(firing, "fire").status_code == 200
