"""Every alert leads to a heading of the runbook, and every heading there is of an alert and says all it should."""

import re
from pathlib import Path

import pytest

from common.wire import Message, decode
from executor.guardrails.limits import Overrides, changed
from executor.messages import KillSwitchRequest, LimitsRequest, TradingStateRequest
from tests.repo import promql
from tests.repo.promql import ALERTS

PAGES = sorted((promql.ROOT / "prometheus").glob("runbook*.md"))
HEADED = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FOUND = [section for page in PAGES for section in HEADED.findall(page.read_text())]
SECTIONS: dict[str, str] = dict(FOUND)
WRITES = re.findall(r"-X PUT \S+/v1/(\S+) -d '(.+)'$", "\n".join(SECTIONS.values()), re.MULTILINE)
REQUESTS: dict[str, type[Message]] = {
    "kill-switch": KillSwitchRequest,
    "trading-state": TradingStateRequest,
    "limits": LimitsRequest,
}
FILLED_IN = {"{{ $labels.instance | stripPort }}": "<container>", "{{ $labels.container }}": "<container>"}
"""The templates of a first command, and the gap of the runbook that each fills."""


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands(section: str) -> list[str]:
    """The first commands of a section, in their order."""
    commands = section.split("**First commands.**")[1].split("**Likely causes.**")[0]
    return re.findall(r"^    (\S.*)$", commands, re.MULTILINE)


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_the_runbook_link_of_an_alert_leads_to_its_heading(alert: str) -> None:
    page, _, anchor = ALERTS[alert]["annotations"]["runbook_url"].partition("#")
    assert anchor == alert.lower()
    assert anchor in _anchors(promql.ROOT / page)


def test_every_heading_is_of_an_alert_and_every_alert_has_one() -> None:
    assert sorted(heading for heading, _ in FOUND) == sorted(ALERTS)


@pytest.mark.parametrize("alert", sorted(SECTIONS))
def test_a_section_says_severity_effect_commands_causes_and_whom_to_wake(alert: str) -> None:
    section = SECTIONS[alert]
    assert section.strip().startswith(ALERTS[alert]["labels"]["severity"].capitalize())
    assert [part for part in promql.RUNBOOK_PARTS if f"**{part}**" not in section] == []
    assert len(_commands(section)) == 3


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_the_first_command_of_an_alert_is_the_first_one_of_its_heading(alert: str) -> None:
    told = ALERTS[alert]["annotations"]["first_command"]
    for template, gap in FILLED_IN.items():
        told = told.replace(template, gap)
    assert told == _commands(SECTIONS[alert])[0]
    assert not re.search(r"\s#\s", told), "a comment is not part of a command"


@pytest.mark.parametrize(("call", "body"), WRITES)
def test_a_call_of_the_runbook_is_one_that_the_executor_understands(call: str, body: str) -> None:
    asked = decode(REQUESTS[call], body.encode())
    if isinstance(asked, LimitsRequest):
        assert changed(Overrides(), asked.limits) is not None


def test_every_control_is_told_in_the_runbook() -> None:
    assert {call for call, _ in WRITES} == set(REQUESTS)
