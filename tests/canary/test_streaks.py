"""Failures in a row: when they begin to count, and when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from canary.conditions import Check
from canary.observation import Streak
from canary.probes.checks import check_of
from canary.probes.declared import read_file
from canary.probes.plan import Probe, plan_of
from canary.probes.streaks import settled
from tests.canary.build import LIMITS, NOW, answer


def probe(**fields: str) -> Probe:
    further = "".join(f"{name} = {value}\n" for name, value in fields.items())
    text = f"""
[targets]
web = "http://web:1"
[[probe]]
name = "healthz"
targets = ["web"]
path = "/healthz"
{further}conditions = ["[STATUS] == 200"]
"""
    (found,) = plan_of(read_file(text, LIMITS.constants()), None, "simulated").probes
    return found


def counted(statuses: list[int], **fields: str) -> list[str]:
    """A letter for each answer: `.` well, `f` failed and counts, `t` failed and tolerated."""
    asking, streak, letters = probe(**fields), None, []
    for place, status in enumerate(statuses):
        at = NOW + timedelta(seconds=place)
        check = check_of(answer("web", status=status, asked_at=at), asking)
        check, streak = settled(check, at, streak, asking.declared)
        letters.append(_letter(check))
    return letters


def _letter(check: Check) -> str:
    bad = [one for one in check.conditions if one.outcome != "met"]
    return "." if not bad else "t" if all(one.tolerated for one in bad) else "f"


@pytest.mark.parametrize(
    ("statuses", "fields", "letters"),
    [
        ([200, 500, 200], {}, ".f."),
        ([200, 500, 500, 500, 200], {"failure_limit": "3"}, ".ttf."),
        ([200, 500, 500, 200, 500, 500], {"failure_limit": "3"}, ".tt.tt"),
        ([500, 200, 500], {"failure_limit": "3"}, "f.t"),
        ([200, 500, 200, 200, 200], {"success_limit": "3"}, ".fff."),
        ([200, 500, 200, 500, 200, 200], {"success_limit": "2"}, ".ffff."),
        ([500, 500, 200], {"dry_run": "true"}, "tt."),
        ([500, 200, 200], {"dry_run": "true", "success_limit": "3"}, "t.."),
    ],
)
def test_a_failure_counts_after_its_limit_and_ends_after_enough_successes(
    statuses: list[int], fields: dict[str, str], letters: str
) -> None:
    assert "".join(counted(statuses, **fields)) == letters


def test_an_answer_that_is_shown_again_because_the_probe_is_not_due_moves_nothing() -> None:
    asking = probe(failure_limit="3")
    streak: Streak | None = None
    for at, status in ((0, 200), (1, 500), (1, 500), (1, 500), (1, 500)):
        moment = NOW + timedelta(seconds=at)
        check = check_of(answer("web", status=status, asked_at=moment), asking)
        check, streak = settled(check, moment, streak, asking.declared)
    assert (streak and streak.failures, _letter(check)) == (1, "t")


def test_a_failure_that_has_ended_too_lately_says_how_many_successes_it_needs() -> None:
    asking = probe(success_limit="3")
    streak: Streak | None = None
    for at, status in ((0, 200), (1, 500), (2, 200)):
        moment = NOW + timedelta(seconds=at)
        check = check_of(answer("web", status=status, asked_at=moment), asking)
        check, streak = settled(check, moment, streak, asking.declared)
    assert check.reason == "[SUCCESSES] (1 in a row) >= 3"
