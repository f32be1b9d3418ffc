"""The alerts that hold each other back are read from Alertmanager's configuration; both sides tell of each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.tree import ROOT
from tests.yaml_file import parsed
from web.related import InhibitionsError, LabelMatcher, Relation, Relations, read_inhibitions, relations
from web.runbook import read_runbook

SEVERITIES = {name: chapter.severity for name, chapter in read_runbook().items()}
RELATED = relations(SEVERITIES, read_inhibitions())
RULES = parsed(ROOT / "alertmanager/alertmanager.yml")["inhibit_rules"]


def test_every_rule_is_told_on_the_pages_of_both_sides() -> None:
    assert len(read_inhibitions()) == len(RULES)
    assert sum(len(each.of) for each in RELATED.values()) >= len(RULES)
    for name, related in RELATED.items():
        for relation in related.of:
            for held in relation.alerts:
                assert any(name in each.alerts for each in RELATED[held].by), (name, held)


def test_an_alert_tells_what_it_holds_back_and_under_which_conditions() -> None:
    assert Relation((), "severity = warning; same service and instance") in RELATED["TargetDown"].of
    assert Relation(("CanaryFailing",), "") in RELATED["LedgerDown"].of
    assert Relation(("ContainerDown",), "container = postgres") in RELATED["LedgerDown"].of
    assert Relation(("InboxNotWritable", "TargetDown"), "service = web; this one with integration = webhook") in (
        RELATED["NotificationsFailing"].by
    )


def test_a_warning_is_held_back_by_a_target_that_is_down_and_a_critical_one_is_not() -> None:
    held = Relation(("TargetDown",), "same service and instance")
    assert held in RELATED["DescriptorsNearLimit"].by
    assert held not in RELATED["DiskFull"].by


def test_an_alert_that_no_rule_names_has_no_relation() -> None:
    assert relations({"Alone": "critical"}, read_inhibitions())["Alone"] == Relations()


@pytest.mark.parametrize(
    ("matcher", "accepted", "refused"),
    [
        (LabelMatcher("a", "=", "x"), "x", "xx"),
        (LabelMatcher("a", "!=", "x"), "y", "x"),
        (LabelMatcher("a", "=~", "x|y"), "y", "xy"),
        (LabelMatcher("a", "!~", "x|y"), "xy", "x"),
        (LabelMatcher("a", "!=", ""), "x", ""),
    ],
)
def test_a_matcher_decides_by_the_whole_value(matcher: LabelMatcher, accepted: str, refused: str) -> None:
    assert matcher.accepts(accepted)
    assert not matcher.accepts(refused)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "- a",
        "inhibit_rules: 7",
        "inhibit_rules: [{source_matchers: []}]",
        "inhibit_rules: [{source_matchers: [x], target_matchers: []}]",
        "inhibit_rules: [{source_matchers: [7], target_matchers: []}]",
    ],
)
def test_a_configuration_that_can_not_be_read_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "alertmanager.yml").write_text(text)
    with pytest.raises(InhibitionsError, match=r"alertmanager\.yml can't be read"):
        read_inhibitions(file)
    with pytest.raises(InhibitionsError, match="FileNotFoundError"):
        read_inhibitions(tmp_path / "none.yml")


def test_a_configuration_without_such_rules_relates_nothing(tmp_path: Path) -> None:
    (file := tmp_path / "alertmanager.yml").write_text("route: {}\n")
    assert read_inhibitions(file) == ()


def test_the_image_has_the_configuration() -> None:
    assert "COPY alertmanager/alertmanager.yml alertmanager/" in (ROOT / "web/Dockerfile").read_text().splitlines()
