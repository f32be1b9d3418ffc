"""No edge of an alert can move by a hair without a case that fails: each has a case just before and just after it.

Prometheus' own promtool runs the cases of each alert against its rule with one edge moved, once for each edge and
direction. A rule that passes all its cases anyway has an edge that no case holds.
"""

from __future__ import annotations

import re

import pytest

from tests.rules import cases, shifted
from tests.rules.conftest import Tool

pytestmark = pytest.mark.engine
SHIFTS = {
    alert: list(shifted.shifts(rule, cases.of(alert)[0].evaluated))
    for alert, rule in cases.ALERTS.items()
    if cases.of(alert)
}
"""An alert without cases fails elsewhere."""
EDGED = sorted(alert for alert in SHIFTS if SHIFTS[alert])


@pytest.fixture(scope="module")
def failing(promtool: Tool, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all rules that fail a case."""
    folder = tmp_path_factory.mktemp("shifted")
    for alert in EDGED:
        shifted.write(folder / f"{alert}.yml", alert, SHIFTS[alert])
    done = promtool("test", "rules", *(f"/folder/{alert}.yml" for alert in EDGED), folder=folder)
    return set(re.findall(r"^ +alertname: (\w+), time:", done.stdout + done.stderr, re.MULTILINE))


@pytest.mark.parametrize("alert", EDGED)
def test_a_rule_whose_edge_moves_by_a_hair_fails_a_case(alert: str, failing: set[str]) -> None:
    assert alert not in failing, "the rule itself fails a case"
    passing = [shift.said for number, shift in enumerate(SHIFTS[alert]) if shifted.named(alert, number) not in failing]
    assert passing == [], f"all cases of {alert} pass with these edges too: write one between each and the rule's own"
