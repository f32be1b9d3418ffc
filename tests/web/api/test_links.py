"""Every alert of the rules leads somewhere: its page has all sections, and every link on that page is answered."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.repo import promql
from tests.web.alerts.test_desk import compared
from tests.web.api.test_runbook import page
from tests.web.conftest import Built
from tests.web.console import Surroundings

ALERTS = {rule["alert"]: rule for rule in promql.rules() if "alert" in rule}
PANELS = ("state", "acting", "chart", "chapter", "history", "related")


def addresses(html: str) -> set[str]:
    """Every address that a page leads to or is made of."""
    return {unescape(each) for each in re.findall(r'(?:href|src)="([^"]+)"', html)}


def answered(console: Built, address: str) -> bool:
    """Returns true when an address of the console answers, and has the place that the address names."""
    path, _, place = address.partition("#")
    if not path:
        return True
    answer = console.client.get(path)
    return answer.status_code == 200 and (not place or f'id="{place}"' in answer.get_data(as_text=True))


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_the_page_of_an_alert_has_its_heading_and_every_section(lasting: Built, alert: str) -> None:
    html = page(lasting, alert)
    assert f'<h2 id="chapter-title">Runbook: {alert}</h2>' in html
    assert [name for name in PANELS if f' id="{name}"' not in html] == []
    assert [name for name in promql.RUNBOOK_PARTS if f"<strong>{name}</strong>" not in html] == []
    assert html.count("data-copy>Copy</button>") >= 3
    within = {each[1:] for each in addresses(html) if each.startswith("#")}
    assert [place for place in within if f'id="{place}"' not in html] == []


def test_every_link_of_every_page_is_answered(lasting: Built) -> None:
    found = {address for alert in ALERTS for address in addresses(page(lasting, alert))}
    ours = {address for address in found if address.startswith(("/", "#"))}
    assert {f"/runbook/{alert}" for alert in ("TargetDown", "MatcherFailing")} <= ours
    assert [address for address in sorted(ours) if not answered(lasting, address)] == []
    assert {address for address in found - ours if not address.startswith(("http://", "https://"))} == set()


@pytest.mark.slow
def test_every_alert_that_fires_leads_from_the_inbox_to_its_page(built: Built, around: Surroundings) -> None:
    for name, rule in ALERTS.items():
        if name != "Watchdog":
            around.alertmanager.fire(name, severity=rule["labels"]["severity"])["annotations"] = rule["annotations"]
    compared(built)
    listed = {each["name"]: each["links"] for each in built.client.get("/api/alerts?limit=1000").get_json()["alerts"]}
    assert {name: links["runbook"] for name, links in listed.items()} == {
        name: f"/runbook/{name}" for name in ALERTS if name != "Watchdog"
    }
    assert all(answered(built, address) for links in listed.values() for address in links.values())
