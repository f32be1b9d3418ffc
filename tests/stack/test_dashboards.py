"""Every query of every panel, and every rule, asked of the live Prometheus."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.repo.promql import dashboards, panels, with_values
from tests.stack.stack import Stack

# What is rightly empty in a healthy stack: nothing was denied, nothing failed.
MAY_BE_EMPTY = (
    "executor_denials_total",
    'status=~"5..',
    "executor_backup_age_seconds",
    "canary_certificate_remaining_seconds",
)

EVALUATED_SECONDS = 180.0
"""The slowest group of rules is evaluated once a minute, and tests come in any order: some before its first time."""

QUERIES = sorted(
    {
        (f"{file}: {panel['title']}", with_values(target["expr"]))
        for file, board in dashboards().items()
        for panel in panels(board)
        for target in panel["targets"]
    }
)


def result(stack: Stack, expression: str) -> list[Any]:
    answer = stack.get("prometheus", f"/api/v1/query?{urlencode({'query': expression})}")
    assert answer["status"] == "success"
    return list(answer["data"]["result"])


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[f"{where} {n}" for n, (where, _) in enumerate(QUERIES)])
def test_a_panels_query_returns_data(healthy: Stack, where: str, expression: str) -> None:
    healthy.order("executor-1", f"panel-{uuid.uuid4().hex}")
    if any(word in expression for word in MAY_BE_EMPTY):
        result(healthy, expression)
        return
    healthy.wait(lambda: result(healthy, expression) != [], EVALUATED_SECONDS, f"data for {where}: {expression}")


def rules(stack: Stack) -> list[dict[str, Any]]:
    groups = stack.get("prometheus", "/api/v1/rules")["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_rule_is_loaded_and_evaluates_well(healthy: Stack) -> None:
    def not_evaluated() -> list[str]:
        return [rule["name"] for rule in rules(healthy) if rule["health"] == "unknown"]

    healthy.wait(lambda: not_evaluated() == [], EVALUATED_SECONDS, lambda: f"an evaluation of {not_evaluated()}")
    assert len([rule for rule in rules(healthy) if rule["type"] == "alerting"]) >= 10
    assert {rule["name"]: rule.get("lastError") for rule in rules(healthy) if rule["health"] != "ok"} == {}
