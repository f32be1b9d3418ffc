"""Prometheus accepts the configuration, every alert passes its cases, and every message is whole."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.repo.promql import ALERTS
from tests.rules import cases
from tests.rules.conftest import ROOT, Tool
from tests.yaml_file import parsed

_JOBS: list[dict[str, Any]] = parsed(ROOT / "prometheus/prometheus.yml")["scrape_configs"]
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url", "value", "limit", "first_command"}


def test_prometheus_accepts_the_configuration_and_the_rules(promtool: Tool) -> None:
    done = promtool("check", "config", "--lint=all", "--lint-fatal", "prometheus/prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_rule_is_defined_twice(promtool: Tool) -> None:
    done = promtool(
        "check", "rules", "--lint=all", "--lint-fatal", *(f"prometheus/rules/{file.name}" for file in cases.RULE_FILES)
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", cases.FILES, ids=lambda file: file.stem)
def test_the_alerts_fire_when_they_should_and_only_then(promtool: Tool, file: Path) -> None:
    done = promtool("test", "rules", f"tests/rules/{file.name}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_really_fails_a_wrong_expectation(promtool: Tool) -> None:
    """The guard of the guards: were a case never evaluated, all of the above would pass for ever."""
    done = promtool("test", "rules", "tests/rules/wrong_on_purpose.yml")
    assert done.returncode != 0


def _checks(alert: str) -> list[dict[str, Any]]:
    return [check for case in cases.CASES for check in case.told["alert_rule_test"] if check["alertname"] == alert]


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_is_seen_to_fire(alert: str) -> None:
    assert any(check["exp_alerts"] for check in _checks(alert))


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_says_how_bad_what_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == ANNOTATIONS
    assert rule["annotations"]["summary"].endswith("."), "the summary is a full sentence"
    assert "$value" in rule["annotations"]["description"]
    assert "{{" not in rule["annotations"]["limit"], "the limit is the rule's own, so it is the same each time"


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_that_fires_carries_its_service(alert: str) -> None:
    """Without it, a rule that inhibits by equal services would silence it for any service."""
    for check in _checks(alert):
        for expected in check["exp_alerts"]:
            assert expected["exp_labels"].get("service")


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_a_message_of_an_alert_has_its_value_its_limit_and_a_command_without_a_gap(alert: str) -> None:
    """The texts that the templates make of the labels and the value, as promtool was told to expect it."""
    for check in _checks(alert):
        for expected in check["exp_alerts"]:
            told = expected["exp_annotations"]
            assert str(told["value"]).strip()
            assert not re.search(r"<[a-z]+>|no value", f"{told['value']} {told['first_command']}")


def test_every_scraped_target_is_missed_when_it_leaves_the_list() -> None:
    scraped = set()
    for job in parsed(ROOT / "prometheus/prometheus.yml")["scrape_configs"]:
        for group in job["static_configs"]:
            assert set(group["labels"]) == {"service", "replica"}
            for target in group["targets"]:
                labels = {"job": job["job_name"], **group["labels"], "instance": target}
                scraped.add(", ".join(f'{name}="{value}"' for name, value in labels.items()))
    expression = ALERTS["TargetDown"]["expr"]
    missed = {part.partition("})")[0] for part in expression.split("absent(up{")[1:]}
    assert missed == scraped


@pytest.mark.parametrize("job", _JOBS, ids=lambda job: str(job["job_name"]))
def test_every_scrape_has_its_limits_and_the_alert_knows_them(job: dict[str, Any]) -> None:
    limits = ("label_limit", "label_name_length_limit", "label_value_length_limit", "body_size_limit", "sample_limit")
    assert [name for name in limits if not job.get(name)] == []
    kind = "=" if job["job_name"] == "spark" else "!="
    named = f'scrape_samples_scraped{{job{kind}"spark"}} > 0.8 * {job["sample_limit"]}'
    assert named in ALERTS["ScrapeNearLimit"]["expr"]
