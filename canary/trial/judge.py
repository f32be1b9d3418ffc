"""Judges the record of a trial: may the candidate take the baseline's place (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from canary.latency import LatencyComparison, compare
from canary.ranks import fisher_greater
from canary.trial.record import Record
from common import wire

FEWEST_FILLS = 100
"""Fills that must have been compared: fewer could miss what happens to one order in twenty."""
FEWEST_COMPARED = 0.5
"""Share of steps that must have met the same market on both sides."""
FALSE_ALARMS = 0.01
_MOST_TOLD = 3

TrialOutcome = Literal["equal", "worse", "unclear"]


class TimedSteps(wire.Message, frozen=True, kw_only=True):
    """The durations of one kind of step.

    kind: the kind of step.
    comparison: the comparison of both sides.
    baseline, candidate: every duration in seconds, in their order: what the comparison was made of.
    """

    kind: str
    comparison: LatencyComparison
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]


class Tried(wire.Message, frozen=True, kw_only=True):
    """The images and the time of a trial.

    baseline_image, candidate_image: the images' ids.
    market: the market that both sides followed.
    began_at, ended_at: UTC.
    """

    baseline_image: str
    candidate_image: str
    market: wire.Market
    began_at: datetime
    ended_at: datetime


class TrialResult(Tried, frozen=True, kw_only=True):
    """The outcome of a trial, with its images and its time.

    outcome: `equal`: the candidate may take the baseline's place. `worse`: it may not. `unclear`: nothing can be said.
    reasons: a sentence for each thing that stands against the candidate, or that is missing; empty for `equal`.
    steps: the steps that both sides were asked.
    fills, maker_fills: orders that both sides filled equally, at once and after they had rested.
    other_market: steps that met the market at two moments.
    baseline_failures, candidate_failures: the steps that failed.
    different: a sentence for each step that came out differently in the same market.
    timed: the durations of each kind of step.
    """

    outcome: TrialOutcome
    reasons: tuple[str, ...]
    steps: int
    fills: int
    maker_fills: int
    other_market: int
    baseline_failures: int
    candidate_failures: int
    different: tuple[str, ...]
    timed: tuple[TimedSteps, ...]


def judged(record: Record, tried: Tried) -> TrialResult:
    """Returns the outcome. One failure or one wrong fill is enough against a candidate whose baseline has none."""
    timed = tuple(
        TimedSteps(kind=kind, comparison=compare(*sides), baseline=tuple(sides[0]), candidate=tuple(sides[1]))
        for kind, sides in record.durations.items()
    )
    against = [*_failures(record), *_differences(record), *_books(record), *_slower(timed)]
    missing = [] if against else _missing(record, timed)
    return TrialResult(
        outcome="worse" if against else "unclear" if missing else "equal",
        reasons=tuple(against or missing),
        **msgspec.structs.asdict(tried),
        steps=record.steps,
        fills=record.filled,
        maker_fills=record.makers,
        other_market=record.other_market,
        baseline_failures=record.failures[0],
        candidate_failures=record.failures[1],
        different=tuple(record.different),
        timed=timed,
    )


def _failures(record: Record) -> list[str]:
    of_baseline, of_candidate = record.failures
    p = fisher_greater(of_candidate, record.steps, of_baseline, record.steps) if record.steps else 1.0
    if of_candidate == 0 or (of_baseline > 0 and p >= FALSE_ALARMS):
        return []
    counts = f"{of_candidate} of {record.steps} requests failed on the candidate, {of_baseline} on the baseline"
    chance = f" (p {p:.2g})" if of_baseline else ""
    return [f"{counts}{chance}: {record.examples[1][0]}"]


def _differences(record: Record) -> list[str]:
    if not record.different:
        return []
    count = len(record.different)
    told = "; ".join(record.different[:_MOST_TOLD])
    return [f"{count} equal {'order' if count == 1 else 'orders'} came out differently: baseline, {told}"]


def _books(record: Record) -> list[str]:
    """A fault that the baseline has too is no reason against the candidate."""
    return [f"the candidate's books are wrong: {one}" for one in record.wrong_books[1] if not record.wrong_books[0]]


def _slower(timed: tuple[TimedSteps, ...]) -> list[str]:
    return [f"{one.kind}: {one.comparison.reason}" for one in timed if one.comparison.outcome == "slower"]


def _missing(record: Record, timed: tuple[TimedSteps, ...]) -> list[str]:
    found = [record.trouble] if record.trouble else []
    if record.failures[0]:
        found.append(f"the baseline failed {record.failures[0]} times itself: {record.examples[0][0]}")
    found += [f"the baseline's books are wrong: {one}" for one in record.wrong_books[0]]
    if record.filled < FEWEST_FILLS:
        found.append(f"{record.filled} fills were compared, at least {FEWEST_FILLS} are needed")
    if record.other_market > record.steps * (1 - FEWEST_COMPARED):
        found.append(f"{record.other_market} of {record.steps} steps met the market at two moments: too many")
    return [*found, *(f"{one.kind}: {one.comparison.reason}" for one in timed if one.comparison.outcome == "unclear")]


def shown(result: TrialResult) -> list[str]:
    """Returns the result as lines for people."""
    lines = [
        f"{result.outcome}: {'; '.join(result.reasons) or 'nothing stands against the candidate'}",
        f"{result.steps} requests to each side; failed: {result.baseline_failures} baseline, "
        f"{result.candidate_failures} candidate",
        f"equal fills: {result.fills} at once, {result.maker_fills} after resting; "
        f"not comparable (two moments of the market): {result.other_market}",
    ]
    for one in result.timed:
        known = one.comparison
        medians = [
            "none" if value is None else f"{value * 1000:.2f} ms"
            for value in (known.baseline_median, known.candidate_median)
        ]
        lines.append(
            f"{one.kind}: median {medians[0]} baseline, {medians[1]} candidate, "
            f"n={known.baseline_samples}; {known.outcome}: {known.reason}"
        )
    return lines
