"""Rules whose edges are moved by a hair. Cases that hold an edge on both sides refuse each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rules import cases
from tests.rules.cases import Case

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
    """Writes promtool's file with the cases of an alert, asked of its own rule and of the rule of each shift.

    The rule of a shift is called by the alert's name and the shift's place in the list: `TargetDown_0`. Rules that fire
    at once are asked by their expressions, at the times of the checks alone. A rule that waits has to be evaluated all
    the time: those stand in a file of rules beside the cases.
    """
    rules = file.with_suffix(".rules.yml")
    told = yaml.safe_load(next(source for source in cases.RULE_FILES if alert in cases.defined(source)).read_text())
    asked: dict[str, dict[str, Any]] = {}
    for group in told["groups"]:
        own = [rule for rule in group["rules"] if rule.get("alert") == alert]
        asked.update((alert, rule) for rule in own)
        group["rules"] = [rule for rule in group["rules"] if "alert" not in rule]
        if own and _waits(own[0]):
            group["rules"] += own + [shift.rule | {"alert": named(alert, place)} for place, shift in enumerate(moved)]
    asked |= {named(alert, place): shift.rule for place, shift in enumerate(moved)}
    rules.write_text(yaml.safe_dump(told))
    short = [case for case in cases.of(alert) if max(check.at for check in case.checks(alert)) <= LONGEST]
    tests = [_asked_of(case, alert, asked) for case in short]
    told = {"rule_files": [rules.name], "evaluation_interval": f"{short[0].evaluated}s", "tests": tests}
    file.write_text(yaml.safe_dump(told))


def named(alert: str, number: int) -> str:
    """The name of the rule of an alert's shift."""
    return f"{alert}_{number}"


def failing(said: str) -> set[str]:
    """The names of the rules of which promtool says that a case fails. An expression that it cannot read is none."""
    return set(re.findall(r'^ +(?:alertname: |expr: ".* # )(\w+)"?, time: \w+, *$', said, re.MULTILINE))


def _waits(rule: dict[str, Any]) -> bool:
    return any(key in rule for key in _TIMES)


def _asked_of(case: Case, alert: str, asked: dict[str, dict[str, Any]]) -> dict[str, Any]:
    told = dict(case.told)
    checks = [check for check in told.pop("alert_rule_test") if check["alertname"] == alert]
    if _waits(asked[alert]):
        return told | {"alert_rule_test": [check | {"alertname": name} for name in asked for check in checks]}
    looks = [_look(check, case.evaluated, name, rule) for name, rule in asked.items() for check in checks]
    return told | {"promql_expr_test": looks}


def _look(check: dict[str, Any], evaluated: int, name: str, rule: dict[str, Any]) -> dict[str, Any]:
    """A check of a rule that fires at once: which series its expression has when the rule is evaluated last.

    The rule's name is in a comment. Each series is 1, whatever its value: a case asks for labels and texts.
    """
    last = cases.seconds(check["eval_time"]) // evaluated * evaluated
    found = []
    for alert in check["exp_alerts"]:
        labels = {label: value for label, value in alert["exp_labels"].items() if label not in rule["labels"]}
        found.append(
            {"labels": f"{{{', '.join(f'{label}={json.dumps(labels[label])}' for label in labels)}}}", "value": 1}
        )
    return {"expr": f"count without () ({rule['expr']}) # {name}", "eval_time": f"{last}s", "exp_samples": found}
