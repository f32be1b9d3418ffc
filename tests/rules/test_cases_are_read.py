"""Series of promtool and edges of rules are read as promtool and Prometheus read them."""

from __future__ import annotations

import pytest

from tests.repo import promql
from tests.rules import cases, shifted


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2", [1, 2]),
        ("3x2", [3, 3, 3]),
        ("0x2", [0, 0, 0]),
        ("1+2x2", [1, 3, 5]),
        ("-1-0.5x1", [-1, -1.5]),
        ("_x2 4 stale 5", [None, None, 4, None, 5]),
    ],
)
def test_a_series_is_read_as_promtool_reads_it(text: str, values: list[float | None]) -> None:
    assert cases.samples(text) == values


def test_a_series_in_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        cases.samples("1 NaN")


@pytest.mark.parametrize(
    ("selector", "taken"),
    [('x{a="1"}', True), ('x{a!="1"}', False), ('x{a=~"1|2"}', True), ('x{a!~".+"}', False), ("y", False), ("x", True)],
)
def test_a_selector_takes_the_series_that_prometheus_would_give_it(selector: str, taken: bool) -> None:
    (rule,), (series,) = promql.selectors(selector), promql.selectors('x{a="1"}')
    assert cases.chooses(rule, series) == taken


@pytest.mark.parametrize(
    ("expression", "moved"),
    [
        ("a > 20", ["a > -1 + 20", "a > 1 + 20"]),
        ("increase(a[5m]) >= 3", ["increase(a[5m]) >= -1.2 + 3", "increase(a[5m]) >= 1.2 + 3"]),
        ("a > on (b) 2 * c:ratio", ["a > on (b) 0.95 * 2 * c:ratio", "a > on (b) 1.05 * 2 * c:ratio"]),
        ("time() - a > (26 * 3600)", ["time() - a > -4680 + (26 * 3600)", "time() - a > 4680 + (26 * 3600)"]),
        ('a == 1 and b{c=~"<3"} != 0', []),
    ],
)
def test_an_edge_moves_down_and_up_by_a_hair(expression: str, moved: list[str]) -> None:
    assert [shift.rule["expr"] for shift in shifted.shifts({"expr": expression}, 5)] == moved


def test_a_time_moves_by_two_evaluations() -> None:
    shifts = list(shifted.shifts({"expr": "a == 1", "for": "1m"}, 5))
    assert [shift.rule["for"] for shift in shifts] == ["50s", "70s"]


def test_a_rule_fails_by_a_check_of_its_alert_or_its_expression_but_not_by_one_that_cannot_be_read() -> None:
    said = """
    alertname: Waits_1, time: 1m30s,
        exp:[]
    expr: "count without () (a\\n > 50) # AtOnce_0", time: 1m,
        exp: {b="1"} 1E+00
    expr: "count without () (a >) # AtOnce_1", time: 1m, err: 1:21: parse error
    """
    assert shifted.failing(said) == {"Waits_1", "AtOnce_0"}
