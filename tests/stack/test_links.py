"""Every link of every alert, taken from the running Prometheus, as Alertmanager's messages write it, is followed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
import urllib3

from tests.repo.promql import RUNBOOK_PARTS
from tests.stack.stack import ROOT, Stack

DASHBOARDS = ROOT / "grafana" / "dashboards"
NAMES = ("runbook", "dashboard", "console", "silence")
RENDER = """
set -e
while IFS= read -r data; do
  printf '%s' "$data" >/tmp/links.json
  amtool template render --template.glob='/etc/alertmanager/templates/*.tmpl' \\
    --template.glob=/etc/alertmanager/rendered/words.tmpl --template.data=/tmp/links.json --template.text="$0"
done
rm -f /tmp/links.json
"""
SERVICE = "executor"


@dataclass(frozen=True)
class Links:
    """The links of an alert as a message has them; all are addresses of doors."""

    alert: str
    runbook: str
    dashboard: str
    console: str
    silence: str


def message(rule: dict[str, Any]) -> dict[str, Any]:
    """The data of a message about one alert that fires."""
    labels = {"alertname": rule["name"], "service": SERVICE, **rule["labels"]}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": rule["annotations"],
        "startsAt": "2026-11-29T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    return {
        "receiver": "console",
        "status": "firing",
        "alerts": [alert],
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": rule["annotations"],
        "externalURL": "",
    }


def links_of(stack: Stack) -> list[Links]:
    """The links of every alert that Prometheus runs, rendered by the running Alertmanager."""
    groups = stack.get("prometheus", "/api/v1/rules?type=alert")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    data = "".join(json.dumps(message(rule)) + "\n" for rule in rules)
    text = " ".join(f'{{{{ template "spark.{name}" . }}}}' for name in NAMES) + "\n"
    command = ("docker", "compose", "exec", "-T", "alertmanager", "sh", "-c", RENDER, text)
    lines = [line for line in stack.run(*command, given=data).stdout.splitlines() if line.strip()]
    return [Links(rule["name"], *line.split()) for rule, line in zip(rules, lines, strict=True)]


def followed(stack: Stack, address: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return stack.http.request("GET", address, headers=headers)


@pytest.fixture
def links(healthy: Stack) -> list[Links]:
    found = links_of(healthy)
    assert len(found) >= 60
    return found


def test_every_runbook_link_opens_a_page_with_all_sections_and_the_alerts_values(
    healthy: Stack, links: list[Links]
) -> None:
    wrong = {}
    for each in links:
        answer = followed(healthy, each.runbook)
        html = answer.data.decode()
        wanted = [f'<h2 id="chapter-title">Runbook: {each.alert}</h2>', *(f"<strong>{name}" for name in RUNBOOK_PARTS)]
        missing = [text for text in wanted if text not in html]
        unknown = [text for text in ("The values are not known", "could not evaluate") if text in html]
        if answer.status != 200 or missing or unknown:
            wrong[each.runbook] = (answer.status, missing, unknown)
    assert wrong == {}


def test_every_console_link_opens_the_inbox(healthy: Stack, links: list[Links]) -> None:
    for address in {each.console for each in links}:
        answer = followed(healthy, address)
        assert (answer.status, b'id="alerts"' in answer.data) == (200, True), address


def test_every_dashboard_link_leads_to_a_dashboard_of_grafana(healthy: Stack, links: list[Links]) -> None:
    known = {json.loads(file.read_text())["uid"] for file in DASHBOARDS.glob("*.json")}
    runs = "grafana" in healthy.running_services()
    for address in {each.dashboard for each in links}:
        door, _, uid = address.partition("/d/")
        uid = re.split(r"[/?#]", uid)[0]
        assert uid in known, address
        if runs:
            assert door == healthy.url("grafana")
            login = urllib3.make_headers(basic_auth=f"admin:{healthy.secret('grafana/admin_password')}")
            answer = followed(healthy, f"{door}/api/dashboards/uid/{uid}", **login)
            assert (answer.status, json.loads(answer.data).get("dashboard", {}).get("uid")) == (200, uid), address


def test_every_silence_link_opens_alertmanager_with_a_filter_that_it_understands(
    healthy: Stack, links: list[Links]
) -> None:
    for each in links:
        page, _, place = each.silence.partition("#")
        wanted = re.fullmatch(r"/silences/new\?filter=\{(alertname=\"\w+\",service=\"[\w-]+\")\}", unquote(place))
        assert wanted is not None, each.silence
        assert f'alertname="{each.alert}"' in wanted[1]
        filters = urlencode({"filter": wanted[1].split(",")}, doseq=True)
        assert healthy.ask("GET", "alertmanager", f"/api/v2/alerts?{filters}").status == 200
    for page in {each.silence.partition("#")[0] for each in links}:
        assert followed(healthy, page).status == 200
