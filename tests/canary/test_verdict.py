"""The verdict at its edges."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.verdict import judge, nearest_rank
from tests.canary.build import LIMITS, check, container, observation, samples


def test_all_conditions_met_is_a_pass_without_reasons() -> None:
    judgement = judge(observation(), LIMITS)
    assert (judgement.verdict, judgement.reasons) == ("PASS", ())
    assert {one.outcome for one in judgement.conditions} == {"met"}


def test_a_failed_check_fails_with_the_condition_and_the_value_it_met() -> None:
    judgement = judge(observation(checks=(check(status=500),)), LIMITS)
    assert judgement.verdict == "FAIL"
    assert judgement.reasons == ("web healthz: [STATUS] (500) == 200",)


@pytest.mark.parametrize(
    ("count", "verdict"),
    [(0, "INCONCLUSIVE"), (19, "INCONCLUSIVE"), (20, "PASS"), (21, "PASS")],
)
def test_a_p95_needs_twenty_samples(count: int, verdict: str) -> None:
    judgement = judge(observation(samples=samples([0.1] * count)), LIMITS)
    assert judgement.verdict == verdict
    assert judgement.samples == count
    if verdict == "INCONCLUSIVE":
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
    assert judge(observation(samples=samples(seconds)), LIMITS).verdict == verdict


def test_one_slow_target_fails_even_when_all_targets_together_are_quick() -> None:
    seen = observation(
        checks=(check("web"), check("venue")),
        containers=(container("web"), container("venue")),
        samples=samples([0.01] * 900) + samples([2.0] * 20, "venue"),
    )
    judgement = judge(seen, LIMITS)
    assert judgement.verdict == "FAIL"
    assert judgement.reasons == ("venue: [P95_SECONDS] (2.000000, n=20) <= 1",)
    assert judgement.p95_seconds == 0.01


@pytest.mark.parametrize("outcome", ["failed", "timed_out", "not_asked", "too_large"])
def test_a_request_without_a_whole_answer_is_no_latency(outcome: str) -> None:
    seen = observation(samples=samples([0.1] * 19) + samples([0.0001] * 50, outcome=outcome))
    assert judge(seen, LIMITS).samples == 19


def test_readiness_answers_are_no_latency() -> None:
    seen = observation(samples=samples([0.1] * 20) + samples([4.0] * 20, check="readyz"))
    judgement = judge(seen, LIMITS)
    assert (judgement.verdict, judgement.samples) == ("PASS", 20)


@pytest.mark.parametrize(("restarts", "verdict"), [(10, "PASS"), (11, "FAIL")])
def test_more_restarts_than_the_budget_fail(restarts: int, verdict: str) -> None:
    judgement = judge(observation(containers=(container(restart_count=restarts),)), LIMITS)
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
    ],
)
def test_a_containers_state_is_judged(changes: dict[str, Any], verdict: str) -> None:
    assert judge(observation(containers=(container(**changes),)), LIMITS).verdict == verdict


def test_containers_that_cannot_be_read_are_inconclusive_and_say_why() -> None:
    judgement = judge(observation(containers=None, containers_problem="the engine does not answer"), LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("containers: [CONTAINERS] (the engine does not answer) == readable",)


def test_a_target_without_a_container_is_named_as_missing() -> None:
    judgement = judge(observation(containers=(container("venue"),)), LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("container web: [CONTAINER] (the engine lists none) == present",)


@pytest.mark.parametrize("part", ["loop", "evidence"])
def test_an_unwell_canary_is_inconclusive(part: str) -> None:
    judgement = judge(observation(own={part: "no round ended for 99 s"}), LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert "no round ended for 99 s" in judgement.reasons[0]


def test_a_failed_check_of_the_canary_itself_is_inconclusive() -> None:
    seen = observation(
        checks=(check("canary", status=500),),
        containers=(container("canary"),),
        samples=samples([0.01] * 20, "canary"),
    )
    judgement = judge(seen, LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("canary healthz: [STATUS] (500) == 200",)


def test_a_canary_that_answers_itself_slowly_is_inconclusive() -> None:
    seen = observation(
        checks=(check("web"), check("canary")),
        containers=(container("web"), container("canary")),
        samples=samples([0.01] * 900) + samples([2.0] * 20, "canary"),
    )
    judgement = judge(seen, LIMITS)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("canary: [P95_SECONDS] (2.000000, n=20) <= 1",)


def test_fail_outranks_inconclusive_and_names_the_failure_first() -> None:
    judgement = judge(observation(checks=(check(status=503),), containers=None, own={"loop": "late"}), LIMITS)
    assert judgement.verdict == "FAIL"
    assert judgement.reasons[0] == "web healthz: [STATUS] (503) == 200"
    assert len(judgement.reasons) == 3


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
