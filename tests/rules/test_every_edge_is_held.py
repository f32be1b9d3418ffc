"""No edge of an alert can move by a hair without a case that fails: each has a case just before and just after it.

Prometheus' own promtool runs the cases of each alert against its rule with one edge moved, once for each edge and
direction. A rule that passes all its cases anyway has an edge that no case holds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.promql import ALERTS
from tests.rules import cases, shifted
from tests.rules.conftest import Tool

pytestmark = [pytest.mark.engine, pytest.mark.slow]
SHIFTS = {
    alert: list(shifted.shifts(rule, cases.of(alert)[0].evaluated)) for alert, rule in ALERTS.items() if cases.of(alert)
}
"""An alert without cases fails elsewhere."""
EDGED = [file for file in cases.RULE_FILES if any(SHIFTS.get(alert) for alert in cases.defined(file))]


@pytest.mark.parametrize("file", EDGED, ids=lambda file: file.stem)
def test_a_rule_whose_edge_moves_by_a_hair_fails_a_case(file: Path, promtool: Tool, tmp_path: Path) -> None:
    moved = {alert: SHIFTS[alert] for alert in cases.defined(file) if SHIFTS.get(alert)}
    for alert, shifts in moved.items():
        shifted.write(tmp_path / f"{alert}.yml", alert, shifts)
    done = promtool("test", "rules", *(f"/folder/{alert}.yml" for alert in moved), folder=tmp_path)
    failing = shifted.failing(done.stdout + done.stderr)
    assert failing & set(moved) == set(), "rules fail their cases as they are"
    passing = [
        f"{alert}: {shift.said}"
        for alert, shifts in moved.items()
        for number, shift in enumerate(shifts)
        if shifted.named(alert, number) not in failing
    ]
    assert passing == [], "all cases pass with these edges too: write one between each and the rule's own"
