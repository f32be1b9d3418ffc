"""The expression of every alert is taken apart as PromQL's own parser does it; odd ones compare nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from tests.repo import promql
from web.expressions import AlertCondition, conditions

ALERTS = {rule["alert"]: rule["expr"] for rule in promql.rules() if "alert" in rule}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
WITHOUT_A_NUMBER = {
    "GatewayCannotConnect": "its comparison is inside a function",
    "InstrumentNotTrading": "it joins two series",
    "RecentCause": "it asks only whether another alert fired",
    "Watchdog": "it always fires",
}


def parsed(expression: str) -> str:
    """The expression as the parser writes it, so that two spellings of one are equal."""
    return str(promql_parser.parse(expression).prettify())


def branches(node: Any) -> Iterator[Any]:
    """The operands of `or` in a tree."""
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "or":
        yield from branches(node.lhs)
        yield from branches(node.rhs)
    else:
        yield node


def compared(node: Any) -> tuple[str, str] | None:
    """The left side of a branch's comparison and its sign, by the tree."""
    match node:
        case promql_parser.ParenExpr():
            return compared(node.expr) if len(list(branches(node.expr))) == 1 else None
        case promql_parser.BinaryExpr():
            if str(node.op) in ("and", "unless"):
                return compared(node.lhs)
            if str(node.op) in COMPARISONS:
                return str(node.lhs.prettify()), str(node.op)
    return None


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_is_taken_apart_as_the_parser_does_it(alert: str) -> None:
    wanted = [compared(each) for each in branches(promql_parser.parse(ALERTS[alert]))]
    found = [(parsed(each.value), each.sign) if each.value else None for each in conditions(ALERTS[alert])]
    assert found == wanted


def test_the_alerts_without_a_number_are_these() -> None:
    found = {name for name, expression in ALERTS.items() if not any(each.value for each in conditions(expression))}
    assert found == set(WITHOUT_A_NUMBER)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("a > 1", AlertCondition("a > 1", "a", ">", "1", 1.0)),
        ("a - b >= 2 * 1024", AlertCondition("a - b >= 2 * 1024", "a - b", ">=", "2 * 1024", 2048.0)),
        ("a < on (x) (b)", AlertCondition("a < on (x) (b)", "a", "<", "on (x) (b)", None)),
        ("(a > 1) unless b == 2", AlertCondition("(a > 1) unless b == 2", "a", ">", "1", 1.0, "unless b == 2")),
        ("(a > 1 and c) unless b", AlertCondition("(a > 1 and c) unless b", "a", ">", "1", 1.0, "and c unless b")),
        ('a{x="or > 1"} == 0', AlertCondition('a{x="or > 1"} == 0', 'a{x="or > 1"}', "==", "0", 0.0)),
        ("a\n  != -1.5e3", AlertCondition("a != -1.5e3", "a", "!=", "-1.5e3", -1500.0)),
    ],
)
def test_a_comparison_has_its_value_its_sign_and_its_limit(expression: str, wanted: AlertCondition) -> None:
    assert conditions(expression) == (wanted,)


@pytest.mark.parametrize(
    "text",
    ["", "vector(1)", "absent(up)", "a > bool 1", "1 > a", "(a > 1 or b > 2) and c", "x(a > 1)", '{"', ")))", "> 1"],
)
def test_what_compares_no_value_has_none(text: str) -> None:
    assert [each.value for each in conditions(text)] == [""]


def test_each_side_of_or_is_a_condition() -> None:
    assert [(each.value, each.limit) for each in conditions("a > 1 or (b < 2) or absent(c)")] == [
        ("a", "1"),
        ("b", "2"),
        ("", ""),
    ]


@pytest.mark.parametrize(
    ("expression", "below", "words"),
    [("a < 1", True, "below"), ("a <= 1", True, "at most"), ("a == 0", True, ""), ("a == 1", False, ""),
     ("a > 1", False, "above"), ("a >= 1", False, "at least"), ("a != 1", False, "other than")],
)  # fmt: skip
def test_a_comparison_says_from_which_side_it_fires(expression: str, below: bool, words: str) -> None:
    (condition,) = conditions(expression)
    assert (condition.is_from_below, condition.in_words) == (below, words)
