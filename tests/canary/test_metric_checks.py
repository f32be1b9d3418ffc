"""The conditions of metrics, and of Prometheus's answers about targets, rules and queries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canary.observation import FallenCounter
from tests.canary.build import NOW, check
from tests.canary.probing import only, reason, told
from tests.canary.servers import METRICS


def test_whole_metrics_pass_and_their_size_is_kept() -> None:
    got = check(
        "web", "metrics", body=METRICS.decode(), size=len(METRICS), headers={"date": f"{NOW:%a, %d %b %Y %T} GMT"}
    )
    assert (got.ok, got.size) == (True, len(METRICS)), got.reason


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("", "[METRICS_BYTES] (0 B) > 4000"),
        (METRICS.decode().rstrip("\n"), "[WHOLE] (false) == true"),
        (METRICS.decode() + 'up{a="b\n', "[READABLE] (false, "),
        (METRICS.decode() + "up one\n", "[READABLE] (false, ValueError"),
        (METRICS.decode().replace("spark_build_info", "another"), '[MISSING] (spark_build_info) == "none"'),
    ],
)
def test_metrics_that_are_empty_cut_unreadable_or_without_a_series_fail(body: str, part: str) -> None:
    assert part in (reason("metrics", body, headers={}) or "")


def test_a_counter_that_fell_fails_with_both_values() -> None:
    fell = (FallenCounter(series='orders_total{a="b"}', before=7.0, after=3.0),)
    assert reason("metrics", METRICS.decode(), fell=fell) == '[FELL] (orders_total{a="b"}: 7 to 3) == "none"'


def prometheus(name: str, data: object, **changes: Any) -> str | None:
    return reason(name, json.dumps({"status": "success", "data": data}), "prometheus", **changes)


def test_a_target_that_prometheus_can_not_scrape_is_named_with_its_error() -> None:
    up = [{"health": "up", "scrapeUrl": f"http://a:{port}/metrics"} for port in range(8)]
    down = {"health": "down", "scrapeUrl": "http://web:3003/metrics", "lastError": "connection refused"}
    kind = {"kind": "targets"}
    assert prometheus("scraped", {"activeTargets": up}, **kind) is None
    assert prometheus("scraped", {"activeTargets": [*up, down]}, **kind) == (
        '[DOWN] (http://web:3003/metrics: connection refused) == "none"'
    )
    assert prometheus("scraped", {"activeTargets": up[:7]}, **kind) == "[TARGETS] (7) >= 8"


def test_a_rule_that_fails_is_named_and_rules_that_are_not_loaded_are_missed() -> None:
    rules = [{"name": f"Alert{n}", "health": "ok"} for n in range(60)]
    bad = {"name": "Broken", "health": "err", "lastError": "no such thing"}
    kind = {"kind": "rules"}
    assert prometheus("rules", {"groups": [{"rules": rules}]}, **kind) is None
    assert prometheus("rules", {"groups": [{"rules": [*rules, bad]}]}, **kind) == (
        '[FAULTY] (Broken: no such thing) == "none"'
    )
    assert prometheus("rules", {"groups": []}, **kind) == "[RULES] (0) >= 60"


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ([{"value": [1, "0"]}], None),
        ([{"value": [1, "1"]}], "[RESULT] (1) == 0"),
        ([{"value": [1, "NaN"]}], "[RESULT] (the query gives NaN) == 0"),
        ([], "[RESULT] (the query gives 0 series, not one) == 0"),
        ([{"value": [1, "0"]}] * 2, "[RESULT] (the query gives 2 series, not one) == 0"),
        ([{"value": "0"}], "[RESULT] (the query gives no number) == 0"),
    ],
)
def test_a_query_must_give_one_number(result: object, told: str | None) -> None:
    assert prometheus("ledger", {"result": result}, kind="query") == told


@pytest.mark.parametrize(
    ("condition", "outcome", "text"),
    [
        ("[SUM].up == 3", "met", "[SUM].up (3, of 2 series) == 3"),
        ("[MAX].up == 2", "met", "[MAX].up (2, of 2 series) == 2"),
        ("[MIN].up == 2", "failed", "[MIN].up (1, of 2 series) == 2"),
        ("[MIN].down == 2", "unknown", "[MIN].down (no series down) == 2"),
        ("[SERIES] == 2", "met", "[SERIES] (2) == 2"),
    ],
)
def test_a_users_own_probe_of_metrics_reads_any_series(condition: str, outcome: str, text: str) -> None:
    body = 'up{a="1"} 1\nup{a="2"} 2\n'
    assert told(only("mine", "metrics", condition), body=body) == [(outcome, text)]
