"""Reads the rules and the dashboards: which expressions they hold, and which series an expression asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser

from tests import yaml_file

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Selector:
    """One series selector: metric, label matchers as written, and the function right around it ("" for none)."""

    metric: str
    matchers: frozenset[tuple[str, str, str]]
    function: str

    @property
    def labels(self) -> set[str]:
        return {name for name, _, _ in self.matchers}


def rules() -> list[dict[str, Any]]:
    """Every alerting and recording rule."""
    return [
        rule
        for file in sorted((ROOT / "prometheus/rules").glob("*.yml"))
        for group in yaml_file.parsed(file)["groups"]
        for rule in group["rules"]
    ]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RUNBOOK_PARTS = ("What the user feels.", "First commands.", "Likely causes.", "Wake someone")
"""The parts of every heading of the runbook, each in bold."""


def dashboards() -> dict[str, dict[str, Any]]:
    """Every committed dashboard by its file's name."""
    return {file.name: json.loads(file.read_text()) for file in sorted((ROOT / "grafana/dashboards").glob("*.json"))}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something: all but the headlines."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def with_values(expression: str, *, window: str = "1m") -> str:
    """A dashboard's expression with its variables filled in, as Grafana sends it with everything selected."""
    for variable, value in (("$__rate_interval", window), ("$job", ".+"), ("$instance", ".+")):
        expression = expression.replace(variable, value)
    return expression


def selectors(expression: str) -> list[Selector]:
    """Every series selector of a PromQL expression; raises ValueError when it does not parse."""
    return list(_walk(promql_parser.parse(expression), ""))


def _walk(node: Any, function: str) -> Iterator[Selector]:
    match node:
        case promql_parser.VectorSelector():
            matchers = frozenset((one.name, str(one.op), one.value) for one in node.matchers.matchers)
            yield Selector(node.name or "", matchers, function)
        case promql_parser.MatrixSelector():
            yield from _walk(node.vector_selector, function)
        case promql_parser.Call():
            for argument in node.args:
                yield from _walk(argument, node.func.name)
        case promql_parser.BinaryExpr():
            yield from _walk(node.lhs, "")
            yield from _walk(node.rhs, "")
        case promql_parser.AggregateExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            yield from _walk(node.expr, "")
        case promql_parser.ParenExpr():
            yield from _walk(node.expr, function)
