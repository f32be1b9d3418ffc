"""The alerts that hold back others, read from Alertmanager's own configuration, once at the start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).parents[1] / "alertmanager" / "alertmanager.yml"
_MATCHER = re.compile(r'(?P<label>[A-Za-z_]\w*)\s*(?P<sign>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')


class InhibitionsError(Exception):
    """The configuration of Alertmanager is missing or can't be read; the message says what of it."""


@dataclass(frozen=True)
class LabelMatcher:
    """One matcher of a label, as in `service = "web"`.

    label: the name of the label.
    sign: =, !=, =~ or !~.
    value: the value, or the regular expression that the whole value must match.
    """

    label: str
    sign: str
    value: str

    def accepts(self, value: str) -> bool:
        """Returns true when a label of this value matches."""
        same = re.fullmatch(self.value, value) is not None if "~" in self.sign else value == self.value
        return same != self.sign.startswith("!")

    def __str__(self) -> str:
        """Returns the matcher in words; empty where it only asks that the label is there."""
        if self.sign == "!=" and not self.value:
            return ""
        return f"{self.label} {self.sign} {self.value}"


Matchers = tuple[LabelMatcher, ...]


@dataclass(frozen=True)
class Inhibition:
    """One rule of Alertmanager: while a source fires, it sends no messages about the targets.

    source: the matchers of the alert that holds back.
    target: the matchers of the alerts that are held back.
    equal: the labels that both must have with the same value.
    """

    source: Matchers
    target: Matchers
    equal: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """The alerts that hold back an alert by one rule, or that it holds back.

    alerts: their names; empty for every alert that fits.
    when: the further conditions in words; may be empty.
    """

    alerts: tuple[str, ...]
    when: str


@dataclass(frozen=True)
class Relations:
    """The alerts that hold an alert back, and those that it holds back.

    by: what holds it back.
    of: what it holds back.
    """

    by: tuple[Relation, ...] = ()
    of: tuple[Relation, ...] = ()


def read_inhibitions(file: Path = FILE) -> tuple[Inhibition, ...]:
    """Returns the rules of a configuration of Alertmanager. Raises `InhibitionsError`."""
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        return tuple(_inhibition(rule) for rule in told.get("inhibit_rules", ()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise InhibitionsError(f"{file} can't be read ({type(error).__name__}: {error})") from error


def relations(severities: Mapping[str, str], rules: Iterable[Inhibition]) -> dict[str, Relations]:
    """Returns the relations of every alert. `severities` has the severity of each alert by its name."""
    known = {name: {"alertname": name, "severity": severity} for name, severity in severities.items()}
    found = {}
    kept = tuple(rules)
    for name, labels in known.items():
        by = [_relation(rule.source, rule, rule.target, known) for rule in kept if _may_match(rule.target, labels)]
        of = [_relation(rule.target, rule, rule.source, known) for rule in kept if _may_match(rule.source, labels)]
        found[name] = Relations(tuple(by), tuple(of))
    return found


def _relation(others: Matchers, rule: Inhibition, own: Matchers, known: Mapping[str, Mapping[str, str]]) -> Relation:
    named = any(each.label == "alertname" for each in others)
    alerts = tuple(sorted(name for name, labels in known.items() if _may_match(others, labels))) if named else ()
    theirs = _in_words(others, {"alertname", "severity"} if named else {"alertname"})
    shared = [f"same {' and '.join(rule.equal)}"] if rule.equal else []
    ours = [f"this one with {text}" for text in _in_words(own, {"alertname", "severity"})]
    return Relation(alerts, "; ".join([*theirs, *shared, *ours]))


def _in_words(matchers: Matchers, without: set[str]) -> list[str]:
    return [text for each in matchers if each.label not in without and (text := str(each))]


def _may_match(matchers: Matchers, labels: Mapping[str, str]) -> bool:
    """Returns true when the labels that are known match; the others are not known before the alert fires."""
    return all(each.accepts(labels[each.label]) for each in matchers if each.label in labels)


def _inhibition(rule: Mapping[str, list[str]]) -> Inhibition:
    source, target = (tuple(map(_matcher, rule[side])) for side in ("source_matchers", "target_matchers"))
    return Inhibition(source, target, tuple(rule.get("equal", ())))


def _matcher(text: str) -> LabelMatcher:
    if (found := _MATCHER.fullmatch(text)) is None:
        raise TypeError(f"the form of the matcher {text!r} is not known")
    return LabelMatcher(found["label"], found["sign"], found["value"])
