"""The metric of critical alerts that nobody looks after: who counts, for how long, and how many at most."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.web.alerts.people import acknowledge, act, expire, silence
from tests.web.conftest import Built
from tests.web.console import Surroundings
from web.alerts.acts import unheeded

SERIES = re.compile(r'^spark_alert_unacknowledged_seconds\{alert="(.*)",alert_service="(.*)"\} (\S+)$', re.MULTILINE)


def waiting(console: Built) -> dict[tuple[str, str], float]:
    """Seconds by name and service of the alert."""
    console.read("alerts")
    console.read("inbox")
    text = console.client.get("/metrics").get_data(as_text=True)
    return {(name, service): float(value) for name, service, value in SERIES.findall(text)}


def test_a_critical_alert_waits_since_it_fired_until_somebody_acknowledges_it(firing: Built) -> None:
    ((named, seconds),) = waiting(firing).items()
    assert named == ("fire", "web")
    assert 60 <= seconds < 120
    acknowledge(firing, "fire")
    assert waiting(firing) == {}
    act(firing, "DELETE", "/api/alerts/fire/acknowledge")
    assert len(waiting(firing)) == 1


def test_a_silenced_one_does_not_wait(firing: Built) -> None:
    made = silence(firing, "fire").get_json()["silence"]["silence_id"]
    assert waiting(firing) == {}
    expire(firing, made)
    assert len(waiting(firing)) == 1


def test_one_that_another_alert_holds_back_does_not_wait(firing: Built, around: Surroundings) -> None:
    around.alertmanager.firing[0]["status"]["inhibitedBy"] = ["another"]
    assert waiting(firing) == {}


def test_an_acknowledgement_whose_time_is_over_counts_no_more_even_before_it_is_ended(firing: Built) -> None:
    acknowledge(firing, "fire", seconds=60)
    firing.read("inbox")
    contents = firing.state.inbox.reading.value
    assert contents is not None
    (alert,) = contents.critical
    assert alert.acknowledged is not None
    assert unheeded([alert], alert.acknowledged.until - timedelta(seconds=1)) == []
    assert len(unheeded([alert], alert.acknowledged.until)) == 1


@pytest.mark.parametrize("labels", [{"severity": "warning"}, {"alertname": "CriticalNotAcknowledged"}])
def test_a_warning_and_the_alert_about_such_alerts_do_not_wait(
    built: Built, around: Surroundings, labels: dict[str, str]
) -> None:
    around.alertmanager.fire("any", **({"severity": "critical"} | labels))
    assert waiting(built) == {}


def test_what_has_ended_waits_no_more(firing: Built, around: Surroundings) -> None:
    around.alertmanager.firing.clear()
    assert waiting(firing) == {}


def test_what_is_left_of_the_time_before_a_start_does_not_wait_before_the_list_is_complete(
    firing: Built, around: Surroundings
) -> None:
    around.alertmanager.firing.clear()
    around.alertmanager.started_at = datetime.now(UTC) - timedelta(seconds=5)
    assert waiting(firing) == {}


def test_of_several_instances_the_longest_counts(firing: Built, around: Surroundings) -> None:
    older = around.alertmanager.fire("twin", alertname="fire", severity="critical", instance="web:2")
    older["startsAt"] = datetime.now(UTC) - timedelta(hours=1)
    assert waiting(firing)[("fire", "web")] >= 3600


def test_at_most_fifty_are_told_those_that_wait_longest(built: Built, around: Surroundings) -> None:
    for number in range(60):
        alert = around.alertmanager.fire(f"storm{number:02}", severity="critical")
        alert["startsAt"] -= timedelta(minutes=number)
    told = waiting(built)
    assert len(told) == 50
    assert min(told) == ("storm10", "web")


def test_a_label_fits_the_limits_of_a_scrape(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("long", severity="critical", alertname="\U0001f525" * 300, service='"\n\\' * 300)
    ((name, service),) = waiting(built)
    assert len(name.encode()) <= 256
    assert len(service.encode()) <= 256
