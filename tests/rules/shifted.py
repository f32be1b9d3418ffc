"""Rules whose edges are moved by a hair. Cases that hold an edge on both sides refuse each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rules import cases

SHARE = 0.05
"""An edge that is a measure moves by so much of itself."""
COUNT = 1.2
"""An edge that is a count moves by one, and by what `increase` may add to one."""
LONGEST = 12 * 3600
"""Cases over more seconds than these are left out: days of samples for each rule take minutes."""
_COMPARED = re.compile(
    r"(?<![=!<>])(?:<=|>=|<|>)(?!=)\s*"
    r"(?:(?:on|ignoring)\s*\([^)]*\)\s*)?(?:group_(?:left|right)\s*(?:\([^)]*\)\s*)?)?"
)
_NUMBER = re.compile(r"\(?(\d[\d.e]*(?:\s*\*\s*\d[\d.e]*)*)(?!\s*[*+]|[\w.])")
_QUOTED = re.compile(r'"[^"]*"')
_JOINT = re.compile(r"\b(?:and|or|unless)\b")
"""A comparison stands between two of these words."""
_TIMES = ("for", "keep_firing_for")


@dataclass(frozen=True)
class Shift:
    """A rule with one edge moved. `said` names the edge and its new place; `rule` is the whole rule."""

    said: str
    rule: dict[str, Any]


def shifts(rule: dict[str, Any], evaluated: int) -> Iterator[Shift]:
    """Each comparison of the rule, its `for` and its `keep_firing_for`, moved down and up.

    `evaluated` is the seconds between two evaluations: a time moves by two of them.
    """
    expression = str(rule["expr"])
    plain = _QUOTED.sub(lambda found: " " * len(found[0]), expression)
    for compared in _COMPARED.finditer(plain):
        place = compared.end()
        left, right = _JOINT.split(plain[: compared.start()])[-1], _JOINT.split(plain[place:])[0]
        for moved in _moved(left, right):
            said = " ".join(f"{expression[compared.start() : place]} {moved}{right}".split())
            yield Shift(said, rule | {"expr": expression[:place] + moved + expression[place:]})
    for key in _TIMES:
        if key in rule:
            for change in (-2 * evaluated, 2 * evaluated):
                time = f"{cases.seconds(rule[key]) + change}s"
                yield Shift(f"{key} {time} in place of {rule[key]}", rule | {key: time})


def _moved(left: str, right: str) -> tuple[str, str]:
    """The texts before the right side that move it down and up."""
    number = _NUMBER.match(right)
    if number is None and "ratio" in right:
        return f"{1 - SHARE} * ", f"{1 + SHARE} * "
    hair = _hair(left, number[1] if number else "0")
    return f"-{hair:.6g} + ", f"{hair:.6g} + "


def _hair(left: str, right: str) -> float:
    edge = 1.0
    for factor in right.split("*"):
        edge *= float(factor)
    rate = re.search(r"\brate\([^\[]*\[(\w+)\]", left)
    if "histogram_quantile" in left or " / " in left:
        return edge * SHARE
    if rate:
        return max(edge * SHARE, COUNT / cases.seconds(rate[1]))
    if edge == 0 or re.search(r"\b(increase|changes|sum_over_time)\(", left):
        return max(edge * SHARE, COUNT)
    return edge * SHARE


def write(file: Path, alert: str, moved: list[Shift]) -> None:
    """Writes promtool's file with the cases of an alert, and beside it the rules: its own, and one for each shift.

    The rule of a shift is called by the alert's name and the shift's place in the list: `TargetDown_0`.
    """
    rules = file.with_suffix(".rules.yml")
    names = [alert] + [named(alert, number) for number in range(len(moved))]
    told = yaml.safe_load(next(source for source in cases.RULE_FILES if alert in cases.defined(source)).read_text())
    for group in told["groups"]:
        there = alert in {rule.get("alert") for rule in group["rules"]}
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") in (None, alert)]
        if there:
            group["rules"] += [shift.rule | {"alert": name} for name, shift in zip(names[1:], moved, strict=True)]
    rules.write_text(yaml.safe_dump(told))
    short = [case for case in cases.of(alert) if max(check.at for check in case.checks(alert)) <= LONGEST]
    tests = [_asked_of(case.told, alert, names) for case in short]
    told = {"rule_files": [rules.name], "evaluation_interval": f"{short[0].evaluated}s", "tests": tests}
    file.write_text(yaml.safe_dump(told))


def named(alert: str, number: int) -> str:
    """The name of the rule of an alert's shift."""
    return f"{alert}_{number}"


def _asked_of(told: dict[str, Any], alert: str, names: list[str]) -> dict[str, Any]:
    checks = [check for check in told["alert_rule_test"] if check["alertname"] == alert]
    return told | {"alert_rule_test": [check | {"alertname": name} for name in names for check in checks]}
