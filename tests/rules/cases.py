"""The alerts and their promtool cases. Tells what a case does from its series and checks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.repo import promql
from tests.repo.promql import ALERTS, Selector
from tests.yaml_file import parsed

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*_test.yml"))
RULE_FILES = sorted((promql.ROOT / "prometheus/rules").glob("*.yml"))
RULES = promql.rules()
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_OF_COUNTERS = ("increase", "rate", "irate")
_VALUE = re.compile(r"(?P<first>_|stale|[+-]?Inf|-?[\d.]+)(?P<step>[+-][\d.]+)?(?:x(?P<times>\d+))?")


@dataclass(frozen=True)
class Check:
    """One look at an alert. `at` is in seconds; `fires` is False when promtool expects no alert."""

    at: int
    fires: bool


@dataclass(frozen=True)
class Case:
    """One promtool test.

    `file` is where it stands. `evaluated` is the seconds between two evaluations of the rules. `told` is the
    test as YAML has it.
    """

    file: Path
    evaluated: int
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["name"])

    def checks(self, alert: str) -> list[Check]:
        """The looks at one alert, as written."""
        return [
            Check(seconds(check["eval_time"]), bool(check["exp_alerts"]))
            for check in self.told.get("alert_rule_test", ())
            if check["alertname"] == alert
        ]

    def series(self) -> Iterator[tuple[Selector, list[float | None]]]:
        """Each series with its samples. None is no sample."""
        for each in self.told["input_series"]:
            yield promql.selectors(each["series"])[0], samples(each["values"])

    def resets(self, counters: list[Selector]) -> list[int]:
        """The times in seconds at which one of these counters falls."""
        step = seconds(self.told["interval"])
        found = []
        for series, values in self.series():
            if any(chooses(counter, series) for counter in counters):
                known = [(index, value) for index, value in enumerate(values) if value is not None]
                found += [index * step for (_, before), (index, after) in itertools.pairwise(known) if after < before]
        return found


def _load(file: Path) -> list[Case]:
    # All as text, as promtool reads it: to YAML itself the values 0x80 are the number 128.
    told = yaml.load(file.read_text(), Loader=yaml.CBaseLoader)  # noqa: S506
    return [Case(file, seconds(told["evaluation_interval"]), case) for case in told["tests"]]


def seconds(text: str) -> int:
    """Seconds of a duration as Prometheus writes it: 1h30m, 90s."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))


def samples(text: str) -> list[float | None]:
    """The values of a series in promtool's notation; raises ValueError for a form that it does not know."""
    found: list[float | None] = []
    for word in text.split():
        parts = _VALUE.fullmatch(word)
        if parts is None:
            raise ValueError(f"{word} is no value that this reads")
        first, step, times = parts["first"], float(parts["step"] or 0), int(parts["times"] or 0)
        if first in ("_", "stale"):
            found += [None] * max(times, 1)
        else:
            found += [float(first) + step * index for index in range(times + 1)]
    return found


def chooses(selector: Selector, series: Selector) -> bool:
    """True when the selector of a rule takes this series."""
    labels = {name: value for name, _, value in series.matchers}
    return selector.metric == series.metric and all(
        _takes(labels.get(name, ""), sign, value) for name, sign, value in selector.matchers
    )


def _takes(label: str, sign: str, value: str) -> bool:
    equal = bool(re.fullmatch(value, label)) if sign.endswith("Re") else label == value
    return equal != ("Not" in sign)


def expressions(alert: str) -> list[str]:
    """The alert's expression and those of all recorded series that it reads."""
    found = [str(ALERTS[alert]["expr"])]
    for expression in found:
        named = {selector.metric for selector in promql.selectors(expression)}
        found += [rule["expr"] for rule in RULES if rule.get("record") in named and rule["expr"] not in found]
    return found


def read(alert: str) -> list[Selector]:
    """The selectors of scraped series in all of the alert's expressions."""
    recorded = {rule.get("record") for rule in RULES}
    found = [selector for expression in expressions(alert) for selector in promql.selectors(expression)]
    return [selector for selector in found if selector.metric not in recorded]


def counters(alert: str) -> list[Selector]:
    """The counters that the alert takes an increase or a rate of."""
    return [selector for selector in read(alert) if selector.function in _OF_COUNTERS]


def window(alert: str) -> int:
    """The longest range in seconds that one of the alert's expressions looks back over."""
    return max((seconds(each) for text in expressions(alert) for each in re.findall(r"\[(\w+)\]", text)), default=0)


def judges_shares(alert: str) -> bool:
    """True for a rule on a rate, a quantile, or a share of counted things: few of them say little."""
    text = " ".join(expressions(alert))
    return bool(re.search(r"\b(i?rate|histogram_quantile)\(", text)) or (" / " in text and "increase(" in text)


def asks_for_absence(alert: str) -> bool:
    """True for a rule that fires because a series is missing."""
    return any(re.search(r"\babsent(_over_time)?\(", text) for text in expressions(alert))


CASES = [case for file in FILES for case in _load(file)]


def defined(file: Path) -> list[str]:
    """The alerts of a file of rules, as written."""
    groups = parsed(file)["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]


def of(alert: str) -> list[Case]:
    """The cases that look at an alert."""
    return [case for case in CASES if case.checks(alert)]
