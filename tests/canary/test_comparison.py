"""Runs before and after a change are compared by the spread between runs; a drifting host makes few false alarms."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from itertools import accumulate
from math import log

import pytest

from canary.comparison import Run, StackComparison, TargetComparison, compare_runs
from canary.observation import Sample
from canary.prediction import predicted, t_chance, t_quantile
from canary.run_latency import FEWEST_RUNS, MUST_FIND
from tests.canary.build import samples
from tests.canary.runs import log_normal_run, quiet_runs, run_at

RUNS = 500
EARLIER = 10
TARGETS = ("web", "venue")


def steady(dice: random.Random) -> Iterator[float]:
    return iter([dice.gauss(0, 0.03) for _ in range(EARLIER + 1)])


def alike_in_a_row(dice: random.Random) -> Iterator[float]:
    return accumulate((dice.gauss(0, 0.06) for _ in range(EARLIER + 1)), lambda last, step: 0.8 * last + step)


def wandering(dice: random.Random) -> Iterator[float]:
    return accumulate(dice.gauss(0, 0.05) for _ in range(EARLIER + 1))


def a_quarter_slower_in_the_end(dice: random.Random) -> Iterator[float]:
    return (log(1.25) * number / EARLIER + dice.gauss(0, 0.03) for number in range(EARLIER + 1))


def busy_now_and_then(dice: random.Random) -> Iterator[float]:
    return (log(1.5) * (dice.random() < 0.1) + dice.gauss(0, 0.05) for _ in range(EARLIER + 1))


HOSTS: list[tuple[Callable[[random.Random], Iterator[float]], float]] = [
    (steady, 0.05),
    (alike_in_a_row, 0.05),
    (wandering, 0.05),
    (a_quarter_slower_in_the_end, 0.05),
    (busy_now_and_then, 0.10),
]
"""Each host with the false alarms that are accepted: when none of ten runs met the busy host, nothing tells of it."""


def compared(host: Callable[[random.Random], Iterator[float]], ratio: float, seed: int) -> StackComparison:
    """Compares one new run with ten earlier ones on a host whose slowness differs from run to run."""
    dice = random.Random(seed)
    *earlier, new = host(dice)
    before = [log_normal_run(hour, dice, dict.fromkeys(TARGETS, by)) for hour, by in enumerate(earlier)]
    slowness = dict.fromkeys(TARGETS, new) | {"web": new + log(ratio)}
    return compare_runs(before, [log_normal_run(EARLIER, dice, slowness)])


@pytest.mark.slow
@pytest.mark.parametrize(("host", "accepted"), HOSTS)
def test_a_host_that_differs_from_run_to_run_makes_few_false_alarms_and_hides_no_doubling(
    host: Callable[[random.Random], Iterator[float]], accepted: float
) -> None:
    equal = [compared(host, 1.0, seed).outcome for seed in range(RUNS)]
    slower = [compared(host, MUST_FIND, seed).targets[0].outcome for seed in range(RUNS)]
    alarms, missed, found = equal.count("worse"), slower.count("alike"), slower.count("worse")
    print(f"{host.__name__}: false alarms {alarms / RUNS:.1%}, found {found / RUNS:.1%}, missed {missed / RUNS:.1%}")
    assert alarms < accepted * RUNS
    assert missed < 0.05 * RUNS


def of_web(found: StackComparison) -> TargetComparison:
    return next(one for one in found.targets if one.target == "web")


def with_more(run: Run, further: tuple[Sample, ...]) -> Run:
    return dataclasses.replace(run, samples=run.samples + further)


def slower(factor: float, hour: float = 50, names: tuple[str, ...] = ("web",)) -> Run:
    dice = random.Random(2)
    return log_normal_run(hour, dice, {"web": 0.0, "venue": 0.0} | dict.fromkeys(names, log(factor)), count=50)


def test_a_run_like_the_earlier_ones_is_alike_and_says_from_which_ratio_it_would_not_be() -> None:
    found = compare_runs(quiet_runs(10), [slower(1.0)])
    assert (found.outcome, found.reasons, found.left_out) == ("alike", (), ())
    web = of_web(found)
    assert (web.latency.before_runs, web.latency.after_runs, web.latency.before_samples) == (10, 1, 500)
    assert web.latency.smallest_found is not None
    assert web.latency.smallest_found < MUST_FIND
    assert web.reason.startswith(f"it takes {web.latency.ratio:.2f} times as long as in the earlier runs (")
    assert web.reason.endswith(f"; {web.latency.smallest_found:.2f} times would have been found")
    assert "before/after on one host" in found.kind


def test_a_run_twice_as_slow_is_worse_and_names_its_target_alone() -> None:
    found = compare_runs(quiet_runs(10), [slower(2.0)])
    assert found.outcome == "worse"
    assert [(one.target, one.outcome) for one in found.targets] == [("web", "worse"), ("venue", "alike")]
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("web: it takes ")
    latency = of_web(found).latency
    assert latency.ratio == pytest.approx(2.0, rel=0.2)
    assert latency.before_seconds is not None
    assert latency.after_seconds == pytest.approx(latency.before_seconds * (latency.ratio or 0))


def test_a_faster_run_is_alike() -> None:
    assert compare_runs(quiet_runs(10), [slower(0.4)]).outcome == "alike"


def test_many_new_runs_of_one_slow_day_count_as_one() -> None:
    dice = random.Random(3)
    before = [log_normal_run(hour, dice, {"web": dice.gauss(0, 0.12)}, count=50) for hour in range(8)]
    one = compare_runs(before, [log_normal_run(50, dice, {"web": 0.25}, count=50)])
    many = compare_runs(before, [log_normal_run(50 + hour, dice, {"web": 0.25}, count=50) for hour in range(30)])
    assert (one.outcome != "worse", many.outcome != "worse") == (True, True)
    assert many.targets[0].latency.after_runs == 30
    assert many.targets[0].latency.smallest_found == one.targets[0].latency.smallest_found


def test_too_few_earlier_runs_are_unclear_and_their_number_is_told() -> None:
    found = compare_runs(quiet_runs(FEWEST_RUNS - 1), [slower(3.0)])
    assert found.outcome == "unclear"
    assert found.reasons == ("web: 4 earlier runs, at least 5 needed", "venue: 4 earlier runs, at least 5 needed")
    assert of_web(found).latency.ratio is None


def test_runs_that_differ_too_much_are_unclear_and_say_how_many_are_needed() -> None:
    dice = random.Random(4)
    before = [log_normal_run(hour, dice, {"web": dice.gauss(0, 0.1)}, count=50) for hour in range(6)]
    web = of_web(compare_runs(before, [log_normal_run(50, dice, {"web": 0.0}, count=50)]))
    assert web.outcome == "unclear"
    assert web.latency.runs_needed is not None
    assert web.latency.runs_needed > 6
    assert web.reason.endswith(f", and 2 must be: 6 earlier runs, at least {web.latency.runs_needed} needed")


def test_runs_that_differ_beyond_all_measure_are_unclear_for_any_number_of_them() -> None:
    dice = random.Random(5)
    before = [log_normal_run(hour, dice, {"web": dice.gauss(0, 1.0)}, count=50) for hour in range(20)]
    web = of_web(compare_runs(before, [log_normal_run(50, dice, {"web": 0.0}, count=50)]))
    assert (web.outcome, web.latency.runs_needed) == ("unclear", None)
    assert web.reason.endswith("20 earlier runs, no number of runs is enough")


def test_a_target_that_stops_answering_is_worse_by_its_count() -> None:
    new = slower(1.0)
    found = compare_runs(
        quiet_runs(10), [with_more(new, samples([5.0] * 10, outcome="timed_out", asked_at=new.checked_at))]
    )
    web = of_web(found)
    assert (web.outcome, web.before_unanswered, web.after_unanswered, web.after_asked) == ("worse", 0, 10, 60)
    assert web.reason.startswith("10 of 60 samples have no whole answer, before 0 of 500 (p ")


def test_a_target_that_answers_nothing_is_worse_though_nothing_is_timed() -> None:
    down = run_at(50, {}, samples([0.1] * 12, "web", outcome="failed", asked_at=slower(1.0).checked_at))
    web = of_web(compare_runs(quiet_runs(10), [down]))
    assert web.outcome == "worse"
    assert web.reason.endswith("; no new run has 20 timed samples")


def test_one_unanswered_sample_of_fifty_is_no_proof() -> None:
    new = slower(1.0)
    both = with_more(new, samples([5.0], outcome="timed_out", asked_at=new.checked_at))
    assert compare_runs(quiet_runs(10), [both]).outcome == "alike"


@pytest.mark.parametrize(("names", "side"), [(("web",), "new"), (("web", "venue", "gateway"), "earlier")])
def test_a_target_that_one_side_lacks_is_unclear(names: tuple[str, ...], side: str) -> None:
    dice = random.Random(6)
    found = compare_runs(quiet_runs(10), [log_normal_run(50, dice, dict.fromkeys(names, 0.0), count=50)])
    assert found.outcome == "unclear"
    assert [reason.partition(": ")[2] for reason in found.reasons] == [f"no {side} run has 20 timed samples"]


def test_runs_that_share_their_time_count_once_and_a_run_beside_the_new_one_not_at_all() -> None:
    before = quiet_runs(10)
    found = compare_runs([*before, before[0], slower(1.0, hour=50)], [slower(1.0, hour=50)])
    assert len(found.before) == 10
    assert found.left_out == (
        "run at 0 was taken at the same time as run at 0",
        "run at 50 was taken at the same time as run at 50",
    )


def test_nothing_at_all_is_unclear() -> None:
    found = compare_runs([], [run_at(1, {})])
    assert (found.outcome, found.reasons) == ("unclear", ("there are no samples",))
    assert found.left_out == ("run at 1 has no samples",)


def test_checks_are_compared_each_with_itself() -> None:
    """A page of 40 ms beside a health check of 10 ms: the median of both together would hop between them."""
    dice = random.Random(7)

    def both(hour: int, pages: int) -> Run:
        page = [0.04 * (1 + dice.random() / 10) for _ in range(pages)]
        health = run_at(hour, {"web": [0.01 * (1 + dice.random() / 10) for _ in range(40 - pages)]})
        return run_at(hour, {}, health.samples + samples(page, "web", check="page", asked_at=health.checked_at))

    found = compare_runs([both(hour, 16 + hour) for hour in range(8)], [both(50, 30)])
    assert found.outcome == "alike"


def test_a_check_with_few_samples_in_one_run_does_not_count() -> None:
    new = slower(1.0)
    both = with_more(new, samples([9.0] * 4, check="page", asked_at=new.checked_at))
    assert compare_runs(quiet_runs(10), [both]).outcome == "alike"


def test_a_duration_of_nothing_is_unclear() -> None:
    found = compare_runs(quiet_runs(10, ("web",)), [run_at(50, {"web": [0.0] * 20})])
    assert found.reasons == ("web: a new run has a duration that is not above 0",)


@pytest.mark.parametrize(
    ("chance", "freedom", "distance"),
    [(0.975, 1, 12.706), (0.975, 4, 2.776), (0.99, 9, 2.821), (0.995, 10, 3.169), (0.95, 30, 1.697), (0.999, 5, 5.893)],
)
def test_students_t_has_the_distances_of_the_printed_table(chance: float, freedom: int, distance: float) -> None:
    assert t_quantile(chance, freedom) == pytest.approx(distance, abs=5e-4)
    assert t_chance(t_quantile(chance, freedom), freedom) == pytest.approx(chance)
    assert t_chance(0.0, freedom) == 0.5


@pytest.mark.parametrize(("chance", "freedom"), [(0.5, 3), (1.0, 3), (0.9, 0)])
def test_students_t_refuses_what_it_has_no_distance_for(chance: float, freedom: int) -> None:
    with pytest.raises(ValueError, match=r"must be above 0\.5"):
        t_quantile(chance, freedom)


def test_the_prediction_of_five_values_is_the_one_of_the_textbook() -> None:
    """Mean 3, standard deviation 1.5811: 3 ± 2.776 · 1.5811 · √1.2 at 95 %."""
    found = predicted([1, 2, 3, 4, 5], beyond=0.025)
    assert (found.mean, found.freedom) == (3, 4)
    assert found.reach == pytest.approx(2.7764 * 1.5811 * 1.2**0.5, rel=1e-4)
