"""The values in metrics, and in the answers of Prometheus about targets, rules and queries (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from canary.probes.body import Body, Found, Path, listed
from canary.probes.sentences import Missing, Noted


def _targets(body: Body, _: Path) -> Found:
    rows = body.rows("data", "activeTargets")
    return Missing("the body has no list of targets") if rows is None else Decimal(len(rows))


def _down(body: Body, _: Path) -> Found:
    rows = body.rows("data", "activeTargets")
    if rows is None:
        return Missing("the body has no list of targets")
    down = [row for row in rows if row.get("health") != "up"]
    return listed([f"{row.get('scrapeUrl')}: {row.get('lastError') or row.get('health')}" for row in down])


def _all_rules(body: Body) -> list[Mapping[str, Any]] | None:
    groups = body.rows("data", "groups")
    if groups is None:
        return None
    return [rule for group in groups for rule in group.get("rules") or () if isinstance(rule, dict)]


def _rules(body: Body, _: Path) -> Found:
    rules = _all_rules(body)
    return Missing("the body has no groups of rules") if rules is None else Decimal(len(rules))


def _faulty(body: Body, _: Path) -> Found:
    rules = _all_rules(body)
    if rules is None:
        return Missing("the body has no groups of rules")
    return listed([f"{one.get('name')}: {one.get('lastError')}" for one in rules if one.get("health") == "err"])


def _result(body: Body, _: Path) -> Found:
    rows = body.rows("data", "result") or []
    if len(rows) != 1:
        return Missing(f"the query gives {len(rows)} series, not one")
    value = rows[0].get("value")
    text = value[1] if isinstance(value, list) and len(value) == 2 else None
    try:
        number = Decimal(str(text))
    except ArithmeticError:
        return Missing("the query gives no number")
    return number if number.is_finite() else Missing(f"the query gives {text}")


def _series(body: Body, _: Path) -> Found:
    if body.answer.kind == "query":
        rows = body.rows("data", "result")
        return Missing("the body has no result") if rows is None else Decimal(len(rows))
    try:
        return Decimal(len(body.metrics().values))
    except ValueError as error:
        return Missing(str(error))


def _whole(body: Body, _: Path) -> Found:
    return body.answer.body.endswith("\n")


def _readable(body: Body, _: Path) -> Found:
    try:
        body.metrics()
    except ValueError as error:
        return Noted(False, f", {error}")
    return True


def _missing(body: Body, _: Path) -> Found:
    try:
        names = {series.partition("{")[0] for series in body.metrics().values}
    except ValueError as error:
        return Missing(str(error))
    return listed([name for name in body.declared.series if name not in names])


def _fell(body: Body, _: Path) -> Found:
    return listed([f"{one.series}: {one.before:g} to {one.after:g}" for one in body.answer.fell])


def _over(fold: Callable[[list[float]], float]) -> Callable[[Body, Path], Found]:
    def find(body: Body, path: Path) -> Found:
        wanted = str(path[0]) if len(path) == 1 else ""
        try:
            values = [value for series, value in body.metrics().values.items() if series.partition("{")[0] == wanted]
            return (
                Noted(Decimal(str(fold(values))), f", of {len(values)} series")
                if values
                else Missing(f"no series {wanted}")
            )
        except (ValueError, ArithmeticError) as error:
            return Missing(str(error))

    return find


METRIC_VALUES: Mapping[str, Callable[[Body, Path], Found]] = {
    "TARGETS": _targets,
    "DOWN": _down,
    "RULES": _rules,
    "FAULTY": _faulty,
    "RESULT": _result,
    "SERIES": _series,
    "WHOLE": _whole,
    "READABLE": _readable,
    "MISSING": _missing,
    "FELL": _fell,
    "SUM": _over(sum),
    "MIN": _over(min),
    "MAX": _over(max),
}
