from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import msgspec
import pytest

from tests.web.conftest import Built, build
from tests.web.console import ALERT_TOKEN
from web.alerts.alert import alert_of
from web.alerts.sent import WebhookAlert
from web.settings import Settings

GOOD = {"Authorization": f"Bearer {ALERT_TOKEN}"}


def alert(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "ServiceDown", "severity": "critical", "service": "web", "instance": "web:3003"},
        "annotations": {"summary": "web is down.", "runbook_url": "https://example.org/runbook#servicedown"},
        "startsAt": "2026-11-22T09:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "0123456789abcdef",
    } | changes


def batch(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ServiceDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "console",
        "groupLabels": {"alertname": "ServiceDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
    } | changes


def post(alone: Built, body: Any, headers: dict[str, str] = GOOD) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return alone.client.post("/api/alerts", data=data, headers=headers)


def listed(alone: Built, query: str = "") -> Any:
    return alone.client.get(f"/api/alerts{query}").get_json()


def test_a_webhook_call_lands_in_the_inbox(alone: Built) -> None:
    answer = post(alone, batch(alert()))
    assert (answer.status_code, answer.get_json()) == (200, {"market": "simulated", "stored": 1})
    (kept,) = listed(alone)["alerts"]
    assert listed(alone)["market"] == "simulated"
    wanted = {
        "name": "ServiceDown",
        "severity": "critical",
        "service": "web",
        "status": "firing",
        "summary": "web is down.",
        "starts_at": "2026-11-22T09:00:00.123000Z",
        "ends_at": None,
        "runbook_url": "https://example.org/runbook#servicedown",
    }
    assert {name: kept[name] for name in wanted} == wanted


def test_an_alert_that_resolves_stays_one_row(alone: Built) -> None:
    post(alone, batch(alert()))
    post(alone, batch(alert(status="resolved", endsAt="2026-11-22T09:30:00+03:00"), status="resolved"))
    (kept,) = listed(alone)["alerts"]
    assert (kept["status"], kept["ends_at"]) == ("resolved", "2026-11-22T06:30:00Z")


def test_the_inbox_survives_a_restart_of_the_console(built: Built, settings: Settings) -> None:
    post(built, batch(alert()))
    assert len(listed(build(settings))["alerts"]) == 1


def test_the_word_bearer_may_be_written_in_small_letters(alone: Built) -> None:
    assert post(alone, batch(alert()), {"Authorization": f"bearer {ALERT_TOKEN}"}).status_code == 200


def test_names_in_an_alert_become_no_labels_of_a_metric(alone: Built) -> None:
    post(alone, batch(alert(labels={"alertname": "Stranger", "service": "stranger", "severity": "stranger"})))
    alone.read("inbox")
    assert "tranger" not in alone.client.get("/metrics").get_data(as_text=True)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": ALERT_TOKEN}])
def test_without_the_token_nothing_is_taken(lasting: Built, headers: dict[str, str]) -> None:
    answer = post(lasting, batch(alert()), headers)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "UNAUTHORIZED"
    assert listed(lasting)["alerts"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 5000, "body"),
        (b"NaN", "body"),
        ([], "body"),
        ({}, "alerts"),
        (batch(alerts="none"), "alerts"),
        (batch(alerts=None), "alerts"),
        (batch(alert(), alert(status="burning")), "alerts[1].status"),
        (batch(alert(startsAt="yesterday")), "alerts[0].startsAt"),
        (batch(alert(fingerprint=None)), "alerts[0].fingerprint"),
        (batch(alert(labels={"alertname": 5})), "alerts[0].labels[...]"),
    ],
)
def test_bad_input_is_refused_with_the_field_named(lasting: Built, body: Any, field: str) -> None:
    answer = post(lasting, body)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"]["field"] == field
    assert listed(lasting)["alerts"] == []


def test_unknown_fields_and_missing_extras_are_no_reason_to_lose_an_alert(alone: Built) -> None:
    bare = {"status": "firing", "startsAt": "2026-11-22T09:00:00Z", "fingerprint": "1", "novelty": [1]}
    assert post(alone, {"groupKey": "g", "alerts": [bare], "version": "5"}).status_code == 200
    assert listed(alone)["alerts"][0]["name"] == "(no name)"


def test_a_large_batch_is_taken_and_a_larger_one_is_not(alone: Built) -> None:
    padding = "x" * 1500
    large = [alert(fingerprint=str(index), annotations={"summary": padding}) for index in range(400)]
    body = json.dumps(batch(*large)).encode()
    assert 500_000 < len(body) < 1024 * 1024
    assert post(alone, body).status_code == 200
    assert post(alone, body + b" " * 1024 * 1024).status_code == 413


def test_long_texts_are_cut_and_entries_are_bounded(alone: Built) -> None:
    labels = {f"label_{index:03}": "v" for index in range(100)} | {"alertname": "A" * 5000}
    assert post(alone, batch(alert(labels=labels))).status_code == 200
    (kept,) = listed(alone)["alerts"]
    assert len(kept["labels"]) == 64
    assert len(kept["name"]) == 2048


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_link_that_is_no_web_address_is_dropped(alone: Built, address: str) -> None:
    post(alone, batch(alert(annotations={"runbook_url": address}, generatorURL=address)))
    (kept,) = listed(alone)["alerts"]
    assert (kept["runbook_url"], kept["runbook_path"], kept["generator_url"]) == ("", "", "")


@pytest.mark.parametrize("place", ["prometheus/runbook.md#targetdown", "prometheus/runbook.md", "./RUNBOOK_2.md#a-b"])
def test_a_runbook_in_the_repository_is_shown_as_text_and_not_as_a_link(alone: Built, place: str) -> None:
    post(alone, batch(alert(annotations={"runbook_url": place, "dashboard_url": "/d/spark-overview"})))
    (kept,) = listed(alone)["alerts"]
    assert (kept["runbook_url"], kept["runbook_path"]) == ("", place)
    alone.read("inbox")
    html = alone.client.get("/").get_data(as_text=True)
    assert f'runbook: <span class="place">{place}</span>' in html
    assert f'href="{place}' not in html
    assert "/d/spark-overview" not in html


@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "../up.md",
        "a/../b.md",
        "a b.md",
        "a.md#Big",
        "a.md#",
        "a.md#x#y",
        "a.md\n",
        "mailto:a",
        "a.md?x",
        "",
    ],
)
def test_what_is_no_place_in_the_repository_is_not_shown(place: str) -> None:
    sent = msgspec.convert(alert(annotations={"runbook_url": place}), WebhookAlert)
    assert alert_of(sent, datetime.now(UTC)).runbook_path == ""


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar_are_kept(alone: Built, moment: str) -> None:
    assert post(alone, batch(alert(startsAt=moment))).status_code == 200
    alone.read("inbox")
    assert alone.client.get("/").status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "", "1.5", "9" * 30, "NaN", "\u0661"])
def test_a_limit_out_of_bounds_is_refused(lasting: Built, limit: str) -> None:
    answer = lasting.client.get("/api/alerts", query_string={"limit": limit})
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"]["field"] == "limit"


def test_the_newest_come_first_and_the_limit_holds(alone: Built) -> None:
    for index in range(3):
        post(alone, batch(alert(fingerprint=str(index))))
    assert [each["fingerprint"] for each in listed(alone, "?limit=2")["alerts"]] == ["2", "1"]


def test_received_alerts_are_counted_by_status(alone: Built) -> None:
    post(alone, batch(alert(), alert(fingerprint="2", status="resolved")))
    alone.read("inbox")
    metrics = alone.client.get("/metrics").get_data(as_text=True)
    assert 'web_alerts_received_total{status="firing"} 1.0' in metrics
    assert 'web_inbox_alerts{status="resolved"} 1.0' in metrics


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic wrong"])
def test_a_wrong_token_at_the_webhook_is_counted_at_its_own_door(alone: Built, header: str) -> None:
    assert post(alone, batch(alert()), {"Authorization": header}).status_code == 401
    counted = alone.client.get("/metrics").get_data(as_text=True)
    assert 'spark_wrong_tokens_total{door="alerts",token="wrong"} 1.0' in counted


def test_the_age_of_the_comparison_with_alertmanager_is_told_and_is_infinite_before_the_first(alone: Built) -> None:
    def age() -> float:
        alone.read("inbox")
        text = str(alone.client.get("/metrics").get_data(as_text=True))
        (line,) = [line for line in text.splitlines() if line.startswith("web_alerts_compared_age_seconds ")]
        return float(line.split()[1])

    assert age() == inf
    alone.parts.upstreams.desk.inbox.reconcile([], "resolved", datetime.now(UTC) - timedelta(seconds=90))
    assert 90 <= age() < 120
    alone.parts.upstreams.desk.inbox.looked(datetime.now(UTC))
    assert age() >= 90


def test_the_room_for_the_inbox_is_told(alone: Built) -> None:
    assert "spark_data_free_bytes" in alone.client.get("/metrics").get_data(as_text=True)
