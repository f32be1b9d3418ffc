"""The durations of the rules are divided, and nothing else of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.faults import sped
from tests.repo.tree import ROOT

PRODUCT = ROOT / "prometheus"


def test_a_duration_is_divided_and_keeps_its_least_length() -> None:
    assert sped.divided("5m", 4, 20) == "75s"
    assert sped.divided("1m", 4, 20) == "20s"
    assert sped.divided("10s", 4, 20) == "10s"
    assert sped.divided("1m", 1, 20) == "60s"


def test_a_range_is_divided_wherever_it_stands() -> None:
    text = 'sum by (service) (rate(errors_total{status=~"5.."}[5m])) > 0.01 and max_over_time(age_seconds[30s]) > 900'
    short = 'sum by (service) (rate(errors_total{status=~"5.."}[75s])) > 0.01 and max_over_time(age_seconds[20s]) > 900'
    assert sped.expression(text, 4, 5) == short


def test_what_alertmanager_counts_each_minute_keeps_a_range_of_more_than_a_minute() -> None:
    text = "increase(alertmanager_notifications_failed_total[90s]) > 0"
    assert sped.expression(text, 4, 5) == text


def test_a_range_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood"):
        sped.expression("max_over_time((a + b)[5m:1m])", 4, 5)
    with pytest.raises(ValueError, match="no duration"):
        sped.divided("1m30s", 4, 5)


def test_every_rule_of_the_product_is_divided_and_else_unchanged(tmp_path: Path) -> None:
    sped.write(PRODUCT, tmp_path / "rules", 4)
    for file in sorted((PRODUCT / "rules").glob("*.yml")):
        own, short = (yaml.safe_load((folder / file.name).read_text()) for folder in (file.parent, tmp_path / "rules"))
        for group, divided in zip(own["groups"], short["groups"], strict=True):
            assert group["name"] == divided["name"]
            for rule, quick in zip(group["rules"], divided["rules"], strict=True):
                rest = {"expr", "for", "keep_firing_for"}
                assert {name: rule[name] for name in rule if name not in rest} == {
                    name: quick[name] for name in quick if name not in rest
                }
                assert set(rule) == set(quick)
                if "for" in rule:
                    assert sped.seconds(quick["for"]) == max(5, round(sped.seconds(rule["for"]) / 4))


@pytest.mark.slow
def test_a_factor_of_one_changes_no_duration(tmp_path: Path) -> None:
    sped.write(PRODUCT, tmp_path / "rules", 1)
    for file in sorted((PRODUCT / "rules").glob("*.yml")):
        own, same = (yaml.safe_load((folder / file.name).read_text()) for folder in (file.parent, tmp_path / "rules"))
        for group, divided in zip(own["groups"], same["groups"], strict=True):
            for rule, quick in zip(group["rules"], divided["rules"], strict=True):
                ranges = [[sped.seconds(each[1]) for each in _ranges(text["expr"])] for text in (rule, quick)]
                assert ranges[0] == ranges[1]


def _ranges(text: str) -> list[tuple[str, str]]:
    return [(each["metric"], each["number"] + each["unit"]) for each in sped.RANGE.finditer(text)]
