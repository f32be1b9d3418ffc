"""Uptime by service and day: rounds that were met, and the time in which nobody looked."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.history.entries import DAY, microseconds, services_up, spans
from canary.history.uptime import totals
from canary.observation import Observation
from canary.verdict import judge
from tests.canary.build import LIMITS, check, container, observation
from tests.canary.histories import START, after, entry, filled, uptime

MINUTE = 60.0


def up(**changes: Any) -> dict[str, bool]:
    seen: Observation = observation(**changes)
    return services_up(seen, judge(seen, LIMITS))


def test_a_service_is_up_when_all_its_checks_and_its_container_are_met() -> None:
    assert up() == {"web": True}
    assert up(checks=(check(), check("web", "page", status=500))) == {"web": False}
    assert up(containers=(container(state="exited"),)) == {"web": False}
    assert up(containers=(container(restart_count=11),)) == {"web": False}
    assert up(containers=(container("venue"),)) == {"venue": True}


def test_a_service_without_a_probe_is_up_by_its_container_and_a_one_shot_is_none() -> None:
    seen = (container(), container("postgres"), container("init", one_shot=True, state="exited", health=None))
    assert up(containers=seen) == {"web": True, "postgres": True}


def test_one_of_two_containers_that_is_down_makes_the_service_down() -> None:
    seen = (container(), container(name="spark-web-2", health="unhealthy"))
    assert up(containers=seen) == {"web": False}


def test_a_round_that_cannot_tell_counts_for_no_service_but_a_failed_check_does() -> None:
    assert up(containers=None) == {}
    assert up(containers=None, checks=(check(status=500),)) == {"web": False}
    assert up(containers=(container(health="starting"),)) == {}


def test_a_slow_stack_is_up() -> None:
    assert up(samples=()) == {"web": True}


def test_rounds_and_the_time_that_they_stand_for_are_counted(tmp_path: Path) -> None:
    verdicts = ["PASS"] * 6 + ["FAIL"] * 2
    file = filled(tmp_path, *(entry(after(seconds=15 * n), one) for n, one in enumerate(verdicts)))
    (today,) = uptime(file, after(seconds=105))
    assert (today.service, today.day, today.rounds, today.rounds_up) == ("web", date(2026, 11, 22), 8, 6)
    assert (today.ratio, today.observed_seconds, today.up_seconds) == (0.75, 105.0, 75.0)
    assert today.unobserved_seconds == 0


def test_minutes_in_which_nobody_looked_are_not_up_and_are_told(tmp_path: Path) -> None:
    file = filled(tmp_path, entry(), entry(after(seconds=90)), entry(after(minutes=31.5)), entry(after(minutes=32)))
    (today,) = uptime(file, after(minutes=42))
    assert (today.ratio, today.observed_seconds, today.up_seconds) == (1.0, 2 * MINUTE, 2 * MINUTE)
    assert today.unobserved_seconds == 40 * MINUTE


def test_a_day_on_which_the_canary_was_off_has_a_row(tmp_path: Path) -> None:
    file = filled(tmp_path, entry(), entry(after(days=2)))
    third, second, first = uptime(file, after(days=2))
    assert (first.unobserved_seconds, second.unobserved_seconds) == (43_200, 86_400)
    assert (second.rounds, second.ratio, third.rounds) == (0, None, 1)
    (total,) = totals((third, second, first))
    assert (total.rounds, total.ratio, total.unobserved_seconds) == (2, 1.0, 172_800)


def test_time_before_the_history_began_is_not_told_as_unobserved(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    assert [one.unobserved_seconds for one in uptime(file, after(seconds=10), days=30)] == [10]


def test_days_go_after_400(tmp_path: Path) -> None:
    file = filled(tmp_path, entry(), entry(after(days=1)), entry(after(days=400)))
    rows = [one for one in uptime(file, after(days=400), days=1000) if one.rounds]
    assert [one.day for one in rows] == [date(2026, 11, 22) + timedelta(days=days) for days in (400, 1)]


def test_a_span_over_midnight_belongs_to_both_days(tmp_path: Path) -> None:
    file = filled(tmp_path, entry(after(hours=12, seconds=-10)), entry(after(hours=12, seconds=5)))
    second, first = uptime(file, after(hours=12, seconds=5))
    assert (first.rounds, first.observed_seconds, second.rounds, second.observed_seconds) == (1, 10, 1, 5)
    assert first.unobserved_seconds == second.unobserved_seconds == 0


@given(st.integers(0, 2 * DAY), st.integers(0, 2 * DAY), st.floats(0.1, 200_000))
def test_spans_add_up_to_the_time_between_two_rounds_or_to_nothing(before: int, at: int, longest: float) -> None:
    found = list(spans(before, at, longest))
    gap = (at - before) / 10**6
    assert sum(seconds for _, seconds in found) == pytest.approx(gap if 0 < gap <= longest else 0)
    assert all(0 < seconds <= 86_400 for _, seconds in found)
    assert len({day for day, _ in found}) == len(found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200_000), st.booleans()), min_size=1, max_size=12))
def test_observed_and_unobserved_time_are_all_the_time(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]]
) -> None:
    folder, at = tmp_path_factory.mktemp("history"), microseconds(START)
    moments = [START]
    for seconds, _ in steps:
        moments.append(moments[-1] + timedelta(seconds=seconds / 100))
    rounds = [True, *(well for _, well in steps)]
    file = filled(folder, *(entry(one, up={"web": well}) for one, well in zip(moments, rounds, strict=True)))
    (total,) = totals(uptime(file, moments[-1]))
    assert total.observed_seconds + total.unobserved_seconds == pytest.approx(
        (microseconds(moments[-1]) - at) / 10**6, abs=0.01
    )
    assert 0 <= total.up_seconds <= total.observed_seconds + 0.001
    assert (total.rounds, total.rounds_up) == (len(rounds), sum(rounds))
