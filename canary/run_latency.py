"""Judges one target's durations in new runs by the spread of the earlier runs among themselves (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, log
from statistics import fmean, median, stdev

import msgspec

from canary.latency import LatencyOutcome, ratio_of
from canary.observation import Sample
from canary.percentile import MINIMUM_SAMPLES, timed_seconds
from canary.prediction import Prediction, predicted, predicted_from, t_quantile
from common import wire

FALSE_ALARMS = 0.02
"""Chance of a false alarm over all targets, once for durations and once for answers that do not come."""
FOUND_IN = 0.95
"""Share of comparisons that find a ratio which they could have found."""
MUST_FIND = 2.0
"""A comparison that could not have found this ratio is unclear. For 1.5 the runs of one host differ too much."""
ALLOWED = 1.4
"""New runs with a smaller ratio are never slower: hosts drift by a quarter without any change of the stack."""
FEWEST_RUNS = 5
"""Earlier runs without which nothing is judged: fewer don't tell their own spread."""
MOST_RUNS = 200
FEWEST_OF_A_CHECK = 5
"""Samples of a check that each run must have for the check to count."""

RunSamples = Sequence[Sample]
"""The samples of one target in one run."""
_Checks = dict[str, list[float]]


class RunLatency(wire.Message, frozen=True, kw_only=True):
    """The comparison of one target's durations.

    A run's duration is the geometric mean of the medians of its checks, a side's that of its runs.

    outcome: `slower`; `alike` when it is not slower (it may be faster); `unclear` when nothing can be said.
    reason: a sentence with the numbers behind the outcome.
    before_runs, after_runs: the runs with at least 20 timed samples of the target.
    before_samples, after_samples: their timed samples.
    before_seconds, after_seconds: the duration of each side in seconds; None when it can't be compared.
    ratio: `after_seconds` by `before_seconds`; None when there are too few runs.
    lower, upper: the interval of the ratio; None when there are too few runs.
    confidence: the confidence of the interval, 0 to 1; None when there are too few runs.
    smallest_found: the smallest ratio that would have been found; None when there are too few runs.
    runs_needed: the earlier runs that finding a ratio of 2 needs at this spread; None when no number is enough, or
        nothing is known of the spread.
    """

    outcome: LatencyOutcome
    reason: str
    before_runs: int
    after_runs: int
    before_samples: int
    after_samples: int
    before_seconds: float | None = None
    after_seconds: float | None = None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    confidence: float | None = None
    smallest_found: float | None = None
    runs_needed: int | None = None


def judged(before: Sequence[RunSamples], after: Sequence[RunSamples], beyond: float) -> RunLatency:
    """Returns the comparison of one target. Equal runs are called slower with the chance `beyond` (0 to 0.5)."""
    sides = [[run for run in map(_by_check, side) if _samples([run]) >= MINIMUM_SAMPLES] for side in (before, after)]
    runs = [*sides[0], *sides[1]]
    known = RunLatency(
        outcome="unclear",
        reason="",
        before_runs=len(sides[0]),
        after_runs=len(sides[1]),
        before_samples=_samples(sides[0]),
        after_samples=_samples(sides[1]),
    )
    checks = [name for name in _names(runs) if all(len(run.get(name, ())) >= FEWEST_OF_A_CHECK for run in runs)]
    trouble = _trouble(sides[0], sides[1], checks)
    if trouble is not None:
        return msgspec.structs.replace(known, reason=trouble)
    earlier, new = ([_figure(run, checks) for run in side] for side in sides)
    known = msgspec.structs.replace(known, before_seconds=exp(fmean(earlier)), after_seconds=exp(fmean(new)))
    if len(earlier) < FEWEST_RUNS:
        few = f"{len(earlier)} earlier runs, at least {FEWEST_RUNS} needed"
        return msgspec.structs.replace(known, reason=few, runs_needed=FEWEST_RUNS)
    return _compared(known, earlier, fmean(new), beyond)


def _compared(known: RunLatency, earlier: Sequence[float], new: float, beyond: float) -> RunLatency:
    expected = predicted(earlier, beyond)
    difference = new - expected.mean
    ratio, lower, upper = (ratio_of(difference + end) for end in (0, -expected.reach, expected.reach))
    smallest = _smallest(expected)
    measured = f"it takes {ratio:.2f} times as long as in the earlier runs ({lower:.2f} to {upper:.2f})"
    would = f"{smallest:.2f} times would have been found"
    needed = _runs_needed(stdev(earlier), beyond)
    outcome: LatencyOutcome = "alike"
    reason = f"{measured}; {would}"
    if difference > expected.reach and ratio >= ALLOWED:
        outcome = "slower"
        reason = f"{measured}; one more run like them takes at most {ratio_of(expected.reach):.2f} times"
    elif smallest > MUST_FIND:
        outcome = "unclear"
        runs = "no number of runs is enough" if needed is None else f"at least {needed} needed"
        reason = f"{measured}, but only {would}, and {MUST_FIND:g} must be: {len(earlier)} earlier runs, {runs}"
    return msgspec.structs.replace(
        known,
        outcome=outcome,
        reason=reason,
        ratio=ratio,
        lower=lower,
        upper=upper,
        confidence=1 - 2 * beyond,
        smallest_found=smallest,
        runs_needed=needed,
    )


def _smallest(expected: Prediction) -> float:
    """Returns the smallest ratio that is found in `FOUND_IN` of the comparisons."""
    margin = t_quantile(FOUND_IN, expected.freedom) * expected.noise
    return ratio_of(max(expected.reach, log(ALLOWED)) + margin)


def _runs_needed(deviation: float, beyond: float) -> int | None:
    """Returns the fewest earlier runs of this standard deviation with which `MUST_FIND` is found; None for none."""
    counts = range(FEWEST_RUNS, MOST_RUNS + 1)
    return next(
        (count for count in counts if _smallest(predicted_from(0.0, deviation, count, beyond)) <= MUST_FIND), None
    )


def _by_check(run: RunSamples) -> dict[str, list[float]]:
    """Returns the timed seconds of each check."""
    checks = dict.fromkeys(sample.check for sample in run)
    return {check: timed_seconds([sample for sample in run if sample.check == check]) for check in checks}


def _trouble(before: Sequence[_Checks], after: Sequence[_Checks], checks: Sequence[str]) -> str | None:
    """Returns why the sides can't be compared at all; None when they can."""
    for name, side in (("an earlier", before), ("a new", after)):
        if not side:
            return f"no {name.split()[-1]} run has {MINIMUM_SAMPLES} timed samples"
        if not all(isfinite(value) and value > 0 for run in side for values in run.values() for value in values):
            return f"{name} run has a duration that is not above 0"
    return None if checks else f"no check has {FEWEST_OF_A_CHECK} timed samples in every run"


def _names(runs: Sequence[_Checks]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run))


def _samples(side: Sequence[_Checks]) -> int:
    return sum(len(values) for run in side for values in run.values())


def _figure(run: _Checks, checks: Sequence[str]) -> float:
    """Returns the logarithm of a run's duration: the mean of those of the medians of its checks."""
    return fmean(log(median(run[check])) for check in checks)
