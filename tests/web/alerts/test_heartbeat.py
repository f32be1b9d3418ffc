from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.api.test_alerts import alert, batch, listed, post
from tests.web.conftest import Built, build
from tests.web.test_panels import html
from web.alerts.heartbeat import SILENT_SECONDS, AlertHeartbeat, alert_heartbeat
from web.settings import Settings

THEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WATCHDOG = {"labels": {"alertname": "Watchdog", "severity": "info"}, "fingerprint": "77", "annotations": {}}


def watchdog(**changes: Any) -> dict[str, Any]:
    return alert(**(WATCHDOG | changes))


def beat(console: Built) -> None:
    """Makes the call that Alertmanager makes each minute."""
    labels = {"alertname": "Watchdog"}
    body = batch(watchdog(), receiver="watchdog", groupKey='{}/{alertname="Watchdog"}:{}', groupLabels=labels)
    assert post(console, body).status_code == 200


def heard(console: Built, seconds_ago: float) -> datetime:
    """Stores a heartbeat that came some time ago; returns its time."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    console.parts.upstreams.desk.inbox.take([], "resolved", heartbeat_at=moment)
    console.read("inbox")
    return moment


def metrics(console: Built) -> str:
    console.read("inbox")
    return str(console.client.get("/metrics").get_data(as_text=True))


@pytest.mark.parametrize(
    ("received_at", "state"),
    [
        (None, AlertHeartbeat(received_at=None, age_seconds=None, silent=False)),
        (THEN, AlertHeartbeat(received_at=THEN, age_seconds=0.0, silent=False)),
        (
            THEN - timedelta(seconds=180),
            AlertHeartbeat(received_at=THEN - timedelta(seconds=180), age_seconds=180, silent=False),
        ),
        (
            THEN - timedelta(seconds=181),
            AlertHeartbeat(received_at=THEN - timedelta(seconds=181), age_seconds=181, silent=True),
        ),
        (
            THEN + timedelta(seconds=5),
            AlertHeartbeat(received_at=THEN + timedelta(seconds=5), age_seconds=0.0, silent=False),
        ),
    ],
)
def test_three_minutes_without_a_heartbeat_are_silence(received_at: datetime | None, state: AlertHeartbeat) -> None:
    assert alert_heartbeat(received_at, None, THEN) == state


@pytest.mark.parametrize(("awaited", "silent"), [(180, False), (181, True)])
def test_a_first_heartbeat_that_does_not_come_in_three_minutes_is_silence_too(awaited: float, silent: bool) -> None:
    state = alert_heartbeat(None, THEN - timedelta(seconds=awaited), THEN)
    assert state == AlertHeartbeat(received_at=None, age_seconds=None, silent=silent)


def test_the_watchdog_is_a_heartbeat_and_no_alert(alone: Built) -> None:
    beat(alone)
    answer = listed(alone)
    assert answer["alerts"] == []
    assert 0 <= answer["heartbeat"]["age_seconds"] < 60
    assert answer["heartbeat"]["silent"] is False
    exported = metrics(alone)
    assert 'web_inbox_alerts{status="firing"} 0.0' in exported
    assert 'web_alerts_received_total{status="firing"} 0.0' in exported
    assert "No alert has arrived." in html(alone, "alerts")


def test_alerts_in_the_same_call_stay_alerts_whatever_the_receiver(alone: Built) -> None:
    answer = post(alone, batch(alert(), watchdog(), receiver="watchdog"))
    assert answer.get_json()["stored"] == 1
    assert [each["name"] for each in listed(alone)["alerts"]] == ["ServiceDown"]
    assert listed(alone)["heartbeat"]["received_at"] is not None


def test_the_watchdog_is_known_by_its_name_at_any_receiver(alone: Built) -> None:
    post(alone, {"groupKey": "g", "alerts": [watchdog()]})
    assert listed(alone)["alerts"] == []
    assert listed(alone)["heartbeat"]["received_at"] is not None


@pytest.mark.parametrize("sent", [watchdog(status="resolved"), alert()])
def test_a_resolved_watchdog_or_any_other_alert_proves_nothing(alone: Built, sent: dict[str, Any]) -> None:
    post(alone, batch(sent, receiver="watchdog"))
    answer = listed(alone)
    assert answer["heartbeat"] == {"received_at": None, "age_seconds": None, "silent": False}
    assert "Watchdog" not in [each["name"] for each in answer["alerts"]]


def test_a_heartbeat_without_the_token_proves_nothing(alone: Built) -> None:
    assert post(alone, batch(watchdog()), {}).status_code == 401
    assert listed(alone)["heartbeat"]["received_at"] is None


def test_the_heartbeat_survives_a_restart_of_the_console(built: Built, settings: Settings) -> None:
    beat(built)
    assert listed(build(settings))["heartbeat"]["received_at"] == listed(built)["heartbeat"]["received_at"]


def age(console: Built) -> float:
    (line,) = [line for line in metrics(console).splitlines() if line.startswith("web_alert_heartbeat_age_seconds ")]
    return float(line.split()[1])


def test_the_age_is_exported_and_before_the_first_heartbeat_that_of_the_wait(alone: Built) -> None:
    assert 0 <= age(alone) < 60
    heard(alone, 142)
    assert 142 <= age(alone) < 202


def test_the_wait_for_the_first_heartbeat_goes_on_over_a_restart(built: Built, settings: Settings) -> None:
    _, since = built.parts.upstreams.desk.inbox.heard()
    assert since is not None
    assert build(settings).parts.upstreams.desk.inbox.heard() == (None, since)


def test_a_path_that_never_worked_is_silent_on_the_page(built: Built, settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data_dir / "alerts.sqlite")) as connection, connection:
        connection.execute("UPDATE awaited SET since = ?", ((datetime.now(UTC) - timedelta(seconds=200)).isoformat(),))
    built.read("inbox")
    assert "no heartbeat has ever arrived" in html(built, "alerts")
    assert "Alert path SILENT" in html(built, "glance")
    assert listed(built)["heartbeat"] == {"received_at": None, "age_seconds": None, "silent": True}


def test_before_the_first_heartbeat_the_path_is_not_proven(alone: Built) -> None:
    assert "Alert path" not in html(alone, "alerts")
    alone.read("inbox")
    assert "Alert path not proven yet" in html(alone, "alerts")
    assert '<a href="#alerts" data-state="warn">' in html(alone, "glance")
    assert "path not proven yet" in html(alone, "glance")


def test_a_heartbeat_proves_the_path(alone: Built) -> None:
    moment = heard(alone, 12)
    panel = html(alone, "alerts")
    assert "Alert path proven" in panel
    assert f'data-at="{moment.timestamp()}" data-stale-after="{SILENT_SECONDS}"' in panel
    assert '<a href="#alerts" data-state="good">' in html(alone, "glance")
    assert "Alert path" not in html(alone, "glance")


@pytest.mark.parametrize("name", ["alerts", "glance"])
def test_a_silent_path_is_loud_and_says_since_when(alone: Built, name: str) -> None:
    moment = heard(alone, 600)
    panel = html(alone, name)
    assert "Alert path SILENT" in panel
    assert f"{moment:%Y-%m-%d %H:%M:%S} UTC" in panel
    assert "no alert may reach this page" in panel
    assert '<a href="#alerts" data-state="good">' not in html(alone, "glance")
    assert listed(alone)["heartbeat"]["silent"] is True
