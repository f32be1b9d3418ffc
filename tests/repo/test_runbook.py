"""Every alert leads to a heading of the runbook, and every heading there is of an alert and says all it should."""

import re
from pathlib import Path

import pytest

from tests.repo import promql

RUNBOOK = promql.ROOT / "prometheus/runbook.md"
ALERTS = {rule["alert"]: rule for rule in promql.rules() if "alert" in rule}
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL))
PARTS = ("**What the user feels.**", "**First commands.**", "**Likely causes.**", "**Wake someone**")


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_the_runbook_link_of_an_alert_leads_to_its_heading(alert: str) -> None:
    page, _, anchor = ALERTS[alert]["annotations"]["runbook_url"].partition("#")
    assert anchor == alert.lower()
    assert anchor in _anchors(promql.ROOT / page)


def test_every_heading_is_of_an_alert() -> None:
    assert set(SECTIONS) == set(ALERTS)


@pytest.mark.parametrize("alert", sorted(SECTIONS))
def test_a_section_says_severity_effect_commands_causes_and_whom_to_wake(alert: str) -> None:
    section = SECTIONS[alert]
    assert section.strip().startswith(ALERTS[alert]["labels"]["severity"].capitalize())
    assert [part for part in PARTS if part not in section] == []
    commands = section.split("**First commands.**")[1].split("**Likely causes.**")[0]
    assert len(re.findall(r"^    \S", commands, re.MULTILINE)) == 3
