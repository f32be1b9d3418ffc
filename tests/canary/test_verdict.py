"""The verdict at its edges."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.percentile import nearest_rank
from canary.verdict import judge
from tests.canary.build import LIMITS, answer, check, container, judged, observation, samples

QUICK = samples([0.01] * 20)
WEB = (container("web"),)


def test_all_conditions_met_is_a_pass_without_reasons() -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=WEB)
    assert (judgement.verdict, judgement.reasons, judgement.faults) == ("PASS", (), ())
    assert {one.outcome for one in judgement.conditions} == {"met"}


def test_a_failed_check_fails_with_the_condition_the_value_it_met_and_what_it_means_for_a_user() -> None:
    judgement = judged(answer("web", status=500), timed=QUICK, containers=WEB)
    assert judgement.verdict == "FAIL"
    assert judgement.reasons == ("web healthz: [STATUS] (500) == 200",)
    (fault,) = judgement.faults
    assert (fault.about, fault.text, fault.runbook) == ("web healthz", "[STATUS] (500) == 200", "TargetDown")
    assert fault.cannot.startswith("Nobody can use this service")
    assert "log" in fault.look


@pytest.mark.parametrize(
    ("count", "verdict"),
    [(0, "INCONCLUSIVE"), (19, "INCONCLUSIVE"), (20, "PASS"), (21, "PASS")],
)
def test_a_p95_needs_twenty_samples(count: int, verdict: str) -> None:
    judgement = judged(answer("web"), timed=samples([0.1] * count), containers=WEB)
    assert judgement.verdict == verdict
    assert judgement.samples == count
    if verdict == "INCONCLUSIVE":
        assert len(judgement.reasons) == 2
        assert all(f"n={count}, at least 20 needed" in reason for reason in judgement.reasons)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ([0.1] * 19 + [9.0], "PASS"),
        ([0.1] * 18 + [1.0, 9.0], "PASS"),
        ([0.1] * 18 + [1.000001, 9.0], "FAIL"),
        ([0.1] * 18 + [9.0, 9.0], "FAIL"),
    ],
)
def test_the_p95_fails_only_above_its_limit(seconds: list[float], verdict: str) -> None:
    assert judged(answer("web"), timed=samples(seconds), containers=WEB).verdict == verdict


def test_one_slow_target_fails_even_when_all_targets_together_are_quick() -> None:
    judgement = judged(
        answer("web"),
        answer("venue"),
        containers=(*WEB, container("venue")),
        timed=samples([0.01] * 900) + samples([2.0] * 20, "venue"),
    )
    assert judgement.verdict == "FAIL"
    assert judgement.reasons == ("venue: [P95] (2 s, n=20) <= 1s",)
    assert judgement.p95_seconds == 0.01


@pytest.mark.parametrize("outcome", ["failed", "timed_out", "not_asked", "too_large"])
def test_a_request_without_a_whole_answer_is_no_latency(outcome: str) -> None:
    timed = samples([0.1] * 19) + samples([0.0001] * 50, outcome=outcome)
    assert judged(answer("web"), timed=timed, containers=WEB).samples == 19


@pytest.mark.parametrize(("restarts", "verdict"), [(10, "PASS"), (11, "FAIL")])
def test_more_restarts_than_the_budget_fail(restarts: int, verdict: str) -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=(container(restart_count=restarts),))
    assert judgement.verdict == verdict
    if verdict == "FAIL":
        assert judgement.reasons == ("container spark-web-1: [RESTARTS] (11) <= 10",)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"state": "exited", "exit_code": 137}, "FAIL"),
        ({"state": "exited", "exit_code": 0}, "FAIL"),
        ({"state": "restarting"}, "FAIL"),
        ({"state": "paused"}, "FAIL"),
        ({"health": "unhealthy"}, "FAIL"),
        ({"health": "starting"}, "INCONCLUSIVE"),
        ({"health": None}, "PASS"),
        ({"one_shot": True, "state": "exited", "exit_code": 0, "health": None}, "PASS"),
        ({"one_shot": True, "state": "exited", "exit_code": 1, "health": None}, "FAIL"),
        ({"memory_used": 96, "memory_limit": 100}, "PASS"),
        ({"memory_used": 97, "memory_limit": 100}, "FAIL"),
    ],
)
def test_a_containers_state_and_memory_are_judged(changes: dict[str, Any], verdict: str) -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=(container(**changes),))
    assert judgement.verdict == verdict, judgement.reasons


def test_memory_that_the_engine_does_not_tell_is_shown_and_does_not_count() -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=(container(memory_used=None, memory_limit=None),))
    assert judgement.verdict == "PASS"
    assert judgement.tolerated == ("container spark-web-1: [MEMORY] (the engine does not tell it) < 97%",)


def test_containers_that_cannot_be_read_are_inconclusive_and_say_why() -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=None, containers_problem="the engine does not answer")
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("containers: [CONTAINERS] (the engine does not answer) == readable",)


def test_a_target_without_a_container_is_named_as_missing() -> None:
    judgement = judged(answer("web"), timed=QUICK, containers=(container("venue"),))
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("container web: [CONTAINER] (the engine lists none) == present",)


@pytest.mark.parametrize("part", ["loop", "evidence", "probes"])
def test_an_unwell_canary_is_inconclusive(part: str) -> None:
    judgement = judge(observation(own={part: "no round ended for 99 s"}), LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert "no round ended for 99 s" in judgement.reasons[0]


def test_a_failed_check_of_the_canary_itself_is_inconclusive() -> None:
    judgement = judged(
        answer("canary", status=500), timed=samples([0.01] * 20, "canary"), containers=(container("canary"),)
    )
    assert (judgement.verdict, judgement.faults) == ("INCONCLUSIVE", ())
    assert judgement.reasons == ("canary healthz: [STATUS] (500) == 200",)


def test_a_canary_that_answers_itself_slowly_is_inconclusive() -> None:
    judgement = judged(
        answer("web"),
        answer("canary"),
        containers=(*WEB, container("canary")),
        timed=samples([0.01] * 900) + samples([2.0] * 20, "canary"),
    )
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("canary: [P95] (2 s, n=20) <= 1s",)


def test_fail_outranks_inconclusive_and_names_the_failure_first() -> None:
    judgement = judged(answer("web", status=503), timed=QUICK, containers=None, own={"loop": "late"})
    assert judgement.verdict == "FAIL"
    assert judgement.reasons[0] == "web healthz: [STATUS] (503) == 200"
    assert len(judgement.reasons) == 3


def test_a_condition_that_is_tolerated_is_told_and_does_not_count() -> None:
    bad = check("web", status=500)
    tolerated = tuple(msgspec.structs.replace(one, tolerated=True) for one in bad.conditions)
    judgement = judge(observation(checks=(msgspec.structs.replace(bad, conditions=tolerated),)), LIMITS)
    assert (judgement.verdict, judgement.faults) == ("PASS", ())
    assert judgement.tolerated == ("web healthz: [STATUS] (500) == 200",)


def test_nothing_probed_is_inconclusive() -> None:
    judgement = judge(observation(checks=(), samples=()), LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.p95_seconds is None


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.integers(1, 100))
def test_the_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], percent: int) -> None:
    covering = [one for one in values if 100 * sum(other <= one for other in values) >= percent * len(values)]
    assert nearest_rank(values, percent) == min(covering)


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95), (200, 190)])
def test_the_nearest_rank_of_p95_is_exact_where_floats_would_slip(count: int, rank: int) -> None:
    assert nearest_rank([float(one) for one in range(1, count + 1)], 95) == rank
    assert rank == math.ceil(95 * count / 100)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        nearest_rank([], 95)
