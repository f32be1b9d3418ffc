"""Messages of Prometheus' API: the rules of alerts, and the values of an expression over a time."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of an alert, as Prometheus runs it.

    name: the name of the alert.
    query: its expression.
    duration: seconds for which it must hold before the alert fires.
    last_error: why it could not be evaluated last; empty when it could.
    """

    name: str
    query: str
    duration: float = 0.0
    last_error: str = msgspec.field(name="lastError", default="")


class ValueSeries(msgspec.Struct, frozen=True, kw_only=True):
    """One series of an answer.

    labels: its labels.
    values: its values with their times, in seconds since 1970 in UTC; a value is a text, such as 0.5, NaN or +Inf.
    """

    labels: Mapping[str, str] = msgspec.field(name="metric")
    values: tuple[tuple[float, str], ...]


class RuleGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group of rules.

    rules: its alerts.
    """

    rules: tuple[AlertRule, ...]


class RuleGroups(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of rules that have what was asked for.

    groups: the groups.
    """

    groups: tuple[RuleGroup, ...]


class RulesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question for rules.

    data: the rules.
    """

    data: RuleGroups


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a query over a time.

    result: its series.
    """

    result: tuple[ValueSeries, ...]


class RangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a query over a time.

    data: the result.
    """

    data: Matrix
