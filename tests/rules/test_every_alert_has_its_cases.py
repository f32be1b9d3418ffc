"""Every alert has a case for each side that its expression can have. The expression says which sides these are."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from tests.repo.promql import ALERTS, Selector
from tests.rules import cases

READING = sorted(alert for alert in ALERTS if cases.read(alert))
"""All alerts but those that fire always, which read no series."""
COUNTING = sorted(alert for alert in ALERTS if cases.counters(alert))
SHARING = sorted(alert for alert in ALERTS if cases.judges_shares(alert))
JUST = 2
"""Just before and just after an edge are at most so many evaluations apart."""


@pytest.mark.parametrize("alert", READING)
def test_an_alert_is_seen_just_before_and_just_after_its_edge(alert: str) -> None:
    apart = [
        (after.at - before.at) / case.evaluated
        for case in cases.of(alert)
        for before, after in itertools.pairwise(case.checks(alert))
        if not before.fires and after.fires
    ]
    assert min(apart, default=math.inf) <= JUST, f"no case has {alert} silent, and firing {JUST} evaluations later"


@pytest.mark.parametrize("alert", READING)
def test_an_alert_has_a_case_in_which_it_does_not_fire(alert: str) -> None:
    start = f"{alert} does not fire when "
    named = [case for case in cases.of(alert) if case.name.startswith(start)]
    assert named, f'no case is named "{start}…"'
    assert [case.name for case in named if any(check.fires for check in case.checks(alert))] == []


@pytest.mark.parametrize("alert", SHARING)
def test_an_alert_on_shares_or_rates_is_silent_on_low_traffic(alert: str) -> None:
    start = f"{alert} is silent on low traffic"
    named = [case for case in cases.of(alert) if case.name.startswith(start)]
    assert named, f'no case is named "{start} …"'
    assert [case.name for case in named if any(check.fires for check in case.checks(alert))] == []


@pytest.mark.parametrize("alert", COUNTING)
def test_an_alert_names_the_first_count_that_is_too_many(alert: str) -> None:
    """`increase` adds a little where scrapes do not fill its window, so more than 12 may be just twelve."""
    joined = r"(?:on \([^)]*\) )?(?:group_left \([^)]*\) )?\(?"
    above = [re.findall(rf"increase\([^()]*\)\)*\s*> {joined}[1-9]", text) for text in cases.expressions(alert)]
    assert [each for each in above if each] == [], "compare with >= and the next number"


@pytest.mark.parametrize("alert", COUNTING)
def test_an_alert_on_counters_is_seen_while_each_of_them_starts_anew(alert: str) -> None:
    """The reset has to be in the window of the rule when promtool looks."""
    missing = {counter.metric for counter in cases.counters(alert) if not _seen_over_a_reset(alert, counter)}
    assert missing == set(), f"no case of {alert} has these fall, and looks within {cases.window(alert)} s"


def _seen_over_a_reset(alert: str, counter: Selector) -> bool:
    return any(
        0 <= check.at - reset < cases.window(alert)
        for case in cases.of(alert)
        for reset in case.resets([counter])
        for check in case.checks(alert)
    )


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_is_seen_where_nothing_that_it_reads_is_exported(alert: str) -> None:
    """It is silent, unless it asks for absence itself or reads nothing at all."""
    metrics = {selector.metric for selector in cases.read(alert)}
    seen = [
        check
        for case in cases.of(alert)
        if not metrics & {series.metric for series, _ in case.series()}
        for check in case.checks(alert)
    ]
    fires = not metrics or cases.asks_for_absence(alert)
    assert seen, f"no case of {alert} is without {', '.join(sorted(metrics))}"
    assert any(check.fires for check in seen) == fires
