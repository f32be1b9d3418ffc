"""The inbox says what Alertmanager's list says, whatever messages came, came late, twice or never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.api.test_alerts import alert, batch, post
from tests.web.conftest import Built
from tests.web.console import Surroundings
from web.alerts.judge import COMPLETE_SECONDS, SILENT_SECONDS


def sent(fingerprint: str, **changes: Any) -> dict[str, Any]:
    """An alert in a message, of the labels that the list gives it."""
    labels = {"alertname": fingerprint, "severity": "warning", "service": "web"}
    return alert(fingerprint=fingerprint, labels=labels, **changes)


def shown(console: Built) -> dict[str, str]:
    """The status of each alert in the inbox."""
    rows = console.client.get("/api/alerts?limit=1000").get_json()["alerts"]
    return {row["fingerprint"]: row["status"] for row in rows}


def happened(console: Built, fingerprint: str) -> list[str]:
    """The events of an alert, the first thing first."""
    history = console.client.get(f"/api/alerts/{fingerprint}").get_json()["history"]
    return [entry["what"] for entry in reversed(history)]


def compared(console: Built) -> dict[str, str]:
    console.read("alerts")
    return shown(console)


def test_an_alert_whose_message_never_came_is_shown(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("lost")
    assert compared(built) == {"lost": "firing"}
    (row,) = built.client.get("/api/alerts").get_json()["alerts"]
    assert (row["name"], row["severity"], row["service"]) == ("lost", "warning", "web")
    assert row["summary"] == "lost fires."


def test_an_alert_whose_end_was_never_told_ends(built: Built) -> None:
    post(built, batch(sent("ended")))
    assert shown(built) == {"ended": "firing"}
    assert compared(built) == {"ended": "resolved"}
    assert happened(built, "ended") == ["fired", "resolved"]


def test_an_alert_that_comes_with_another_start_and_another_group_is_one_row(
    built: Built, around: Surroundings
) -> None:
    post(built, batch(sent("moved", startsAt="2026-11-22T09:00:00Z"), groupKey="one"))
    post(built, batch(sent("moved", startsAt="2026-11-22T10:00:00Z"), groupKey="two"))
    around.alertmanager.fire("moved")
    assert compared(built) == {"moved": "firing"}
    (row,) = built.client.get("/api/alerts").get_json()["alerts"]
    assert row["starts_at"] == "2026-11-22T09:00:00Z"
    assert happened(built, "moved") == ["fired"]


def test_a_late_firing_revives_nothing(built: Built) -> None:
    old = {"startsAt": "2026-11-22T09:00:00Z"}
    post(built, batch(sent("over", **old)))
    post(built, batch(sent("over", status="resolved", endsAt="2026-11-22T09:05:00Z", **old)))
    post(built, batch(sent("over", **old)))
    assert shown(built) == {"over": "resolved"}
    post(built, batch(sent("over", startsAt="2026-11-22T09:06:00Z")))
    assert shown(built) == {"over": "firing"}


def test_the_late_end_of_the_time_before_ends_nothing(built: Built) -> None:
    post(built, batch(sent("again", startsAt="2026-11-22T10:00:00Z")))
    late = {"startsAt": "2026-11-22T09:00:00Z", "endsAt": "2026-11-22T09:05:00Z"}
    post(built, batch(sent("again", status="resolved", **late)))
    assert shown(built) == {"again": "firing"}


def test_what_prometheus_no_longer_tells_of_is_unknown_and_not_resolved(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("unheard")
    assert compared(built) == {"unheard": "firing"}
    around.alertmanager.watchdog_told_at = datetime.now(UTC) - timedelta(seconds=SILENT_SECONDS + 1)
    assert compared(built) == {"unheard": "firing"}
    around.alertmanager.firing.clear()
    assert compared(built) == {"unheard": "unknown"}
    post(built, batch(sent("unheard", status="resolved", endsAt="2026-11-22T09:05:00Z")))
    assert shown(built) == {"unheard": "unknown"}
    built.read("inbox")
    page = built.client.get("/").get_data(as_text=True)
    assert page.count("Prometheus SILENT") == 2
    assert "1</b> unknown" in page
    around.alertmanager.watchdog = False
    assert compared(built) == {"unheard": "unknown"}


def test_what_was_unknown_fires_again_once_it_is_told(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("back")
    compared(built)
    around.alertmanager.firing.clear()
    around.alertmanager.watchdog = False
    assert compared(built) == {"back": "unknown"}
    around.alertmanager.watchdog = True
    assert compared(built) == {"back": "unknown"}, "it may come again within the next seconds"
    around.alertmanager.fire("back")
    assert compared(built) == {"back": "firing"}
    assert happened(built, "back") == ["fired", "unheard", "heard"]


def test_an_alertmanager_that_has_just_started_ends_nothing(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("kept")
    compared(built)
    around.alertmanager.firing.clear()
    around.alertmanager.watchdog = False
    around.alertmanager.started_at = datetime.now(UTC) - timedelta(seconds=COMPLETE_SECONDS - 5)
    assert compared(built) == {"kept": "firing"}
    around.alertmanager.started_at -= timedelta(seconds=6)
    around.alertmanager.watchdog = True
    assert compared(built) == {"kept": "resolved"}


def test_what_is_held_back_is_said_with_the_silence(built: Built, around: Surroundings) -> None:
    status = around.alertmanager.fire("quiet")["status"]
    compared(built)
    status["silencedBy"] = ["5b4f"]
    compared(built)
    status["silencedBy"], status["inhibitedBy"] = [], ["another"]
    compared(built)
    status["inhibitedBy"] = []
    compared(built)
    whole = ["fired", "silenced", "unsilenced", "inhibited", "uninhibited"]
    assert happened(built, "quiet") == whole
    (silenced,) = [
        entry for entry in built.client.get("/api/alerts/quiet").get_json()["history"] if entry["what"] == "silenced"
    ]
    assert silenced["note"] == "5b4f"


def test_a_change_that_came_while_the_list_was_on_its_way_is_not_undone(built: Built, around: Surroundings) -> None:
    desk = built.parts.upstreams.desk
    around.alertmanager.fire("old")
    compared(built)
    asked_at = datetime.now(UTC)
    post(built, batch(sent("new")))
    post(built, batch(sent("old", status="resolved", endsAt=datetime.now(UTC).isoformat())))
    listed = [row for row in desk.inbox.newest(10) if row.fingerprint == "old"]
    desk.inbox.reconcile(listed, "resolved", asked_at)
    assert shown(built) == {"new": "firing", "old": "resolved"}


def test_an_alertmanager_that_does_not_answer_changes_nothing_and_is_said(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("kept")
    compared(built)
    around.alertmanager.server.stop()
    assert compared(built) == {"kept": "firing"}
    built.read("inbox")
    page = built.client.get("/").get_data(as_text=True)
    assert "Not compared with Alertmanager" in page
    assert 'web_upstream_errors_total{upstream="alertmanager"} 1.0' in built.client.get("/metrics").get_data(
        as_text=True
    )


def test_a_storm_of_flaps_of_one_alert_is_one_row_with_a_short_history(built: Built) -> None:
    post(built, batch(sent("critical", startsAt="2026-11-22T08:00:00Z")))
    begun = datetime(2026, 11, 22, 9, tzinfo=UTC)
    for number in range(60):
        start, end = begun + timedelta(minutes=number), begun + timedelta(minutes=number, seconds=30)
        post(built, batch(sent("flap", startsAt=start.isoformat())))
        post(built, batch(sent("flap", status="resolved", startsAt=start.isoformat(), endsAt=end.isoformat())))
    assert shown(built) == {"flap": "resolved", "critical": "firing"}
    assert len(happened(built, "flap")) == 30


def test_an_alert_that_is_not_kept_is_404(lasting: Built) -> None:
    answer = lasting.client.get("/api/alerts/none")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("body", [b"[]x", b"{}", b'[{"fingerprint":1}]'])
def test_an_answer_that_is_no_list_changes_nothing(built: Built, around: Surroundings, body: bytes) -> None:
    around.alertmanager.fire("kept")
    compared(built)
    around.alertmanager.answered = body
    assert compared(built) == {"kept": "firing"}
