"""Compares runs of the stack before and after a change, on one host (pure).

It is a before/after comparison: nothing ran side by side. The unit is the run, not the sample. All samples of a run
meet the host of one moment, so a host that is slower today makes every one of them slow. The new runs are judged by the
spread of the earlier runs among themselves: they are slower when they lie above the interval in which one more run like
the earlier ones is expected. All new runs together count as one, because they share the host of their day. A host that
drifts further than it did during the earlier runs still makes a false alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from canary.observation import Sample
from canary.ranks import fisher_greater
from canary.run_latency import FALSE_ALARMS, RunLatency, judged
from common import wire

KIND = "before/after on one host; a host that drifts can fool it"
ComparisonOutcome = Literal["worse", "alike", "unclear"]


@dataclass(frozen=True)
class Run:
    """One run of the canary.

    name: the name of its package, or what else it is called.
    checked_at: when it ended, UTC.
    version, revision: the canary's own version, and the commit that it was built from.
    samples: the durations of its probes.
    """

    name: str
    checked_at: datetime
    version: str
    revision: str
    samples: tuple[Sample, ...]


class RunEntry(wire.Message, frozen=True, kw_only=True):
    """A run that took part in a comparison.

    name: the name of its package, or what else it is called.
    checked_at: when it ended, UTC.
    version, revision: the canary's own version, and the commit that it was built from.
    samples: the number of its samples, of all targets.
    """

    name: str
    checked_at: datetime
    version: str
    revision: str
    samples: int


class TargetComparison(wire.Message, frozen=True, kw_only=True):
    """The comparison of one target.

    target: the name of what was asked.
    outcome: `worse` when it is slower or fails to answer more often; `unclear` when that can't be said; else `alike`.
    reason: a sentence with the numbers behind the outcome.
    latency: the comparison of its durations.
    before_asked, before_unanswered: the samples of the earlier runs, and those without a whole answer.
    after_asked, after_unanswered: the same of the new runs.
    p_unanswered: Fisher's one-sided p for the unanswered ones.
    """

    target: str
    outcome: ComparisonOutcome
    reason: str
    latency: RunLatency
    before_asked: int
    before_unanswered: int
    after_asked: int
    after_unanswered: int
    p_unanswered: float


class StackComparison(wire.Message, frozen=True, kw_only=True):
    """The comparison of all targets.

    outcome: `worse` when a target is; else `unclear` when a target is or there is none; else `alike`.
    reasons: a sentence for each target that is not alike, the worse ones first; what is missing where there is none.
    kind: a sentence about the kind of comparison that this is.
    targets: every target of either side.
    before, after: the earlier and the new runs.
    left_out: a sentence for each run that was given and does not count.
    """

    outcome: ComparisonOutcome
    reasons: tuple[str, ...]
    kind: str
    targets: tuple[TargetComparison, ...]
    before: tuple[RunEntry, ...]
    after: tuple[RunEntry, ...]
    left_out: tuple[str, ...]


def compare_runs(before: Iterable[Run], after: Iterable[Run], left_out: Iterable[str] = ()) -> StackComparison:
    """Compares the new runs, `after`, with the earlier ones, `before`.

    A run that has no samples, or whose time overlaps the time of a run that counts already, is left out: the packages
    of two rounds in a row share their samples. `left_out` has what the caller left out.
    """
    new, no_new = apart(after)
    earlier, no_earlier = apart(before, new)
    names = list(dict.fromkeys(sample.target for run in (*earlier, *new) for sample in run.samples))
    beyond = FALSE_ALARMS / max(1, len(names))
    targets = tuple(_target(name, earlier, new, beyond) for name in names)
    reasons = [
        f"{one.target}: {one.reason}" for outcome in ("worse", "unclear") for one in targets if one.outcome == outcome
    ]
    outcomes = {one.outcome for one in targets}
    return StackComparison(
        outcome="worse" if "worse" in outcomes else "alike" if outcomes == {"alike"} else "unclear",
        reasons=tuple(reasons) if targets else ("there are no samples",),
        kind=KIND,
        targets=targets,
        before=tuple(map(_entry, earlier)),
        after=tuple(map(_entry, new)),
        left_out=(*left_out, *no_new, *no_earlier),
    )


def apart(runs: Iterable[Run], beside: Sequence[Run] = ()) -> tuple[list[Run], list[str]]:
    """Returns the runs whose times overlap neither each other nor a run of `beside`, and a sentence for each other."""
    kept: list[Run] = []
    left_out: list[str] = []
    for run in runs:
        other = next((one for one in (*beside, *kept) if _overlap(run, one)), None)
        if not run.samples:
            left_out.append(f"{run.name} has no samples")
        elif other is not None:
            left_out.append(f"{run.name} was taken at the same time as {other.name}")
        else:
            kept.append(run)
    return kept, left_out


def _overlap(one: Run, other: Run) -> bool:
    if not one.samples or not other.samples:
        return False
    began, ended = _span(one)
    other_began, other_ended = _span(other)
    return began <= other_ended and other_began <= ended


def _span(run: Run) -> tuple[datetime, datetime]:
    moments = [sample.asked_at for sample in run.samples]
    return min(moments), max(moments)


def _target(name: str, before: Sequence[Run], after: Sequence[Run], beyond: float) -> TargetComparison:
    old, new = ([[one for one in run.samples if one.target == name] for run in side] for side in (before, after))
    asked = [_asked(old), _asked(new)]
    unanswered = [sum(one.outcome != "answered" for one in side) for side in asked]
    latency = judged(old, new, beyond)
    p = fisher_greater(unanswered[1], len(asked[1]), unanswered[0], len(asked[0]))
    fails = p < beyond
    counts = (
        f"{unanswered[1]} of {len(asked[1])} samples have no whole answer, before {unanswered[0]} of {len(asked[0])} "
        f"(p {p:.2g})"
    )
    return TargetComparison(
        target=name,
        outcome="worse" if fails or latency.outcome == "slower" else latency.outcome,
        reason=f"{counts}; {latency.reason}" if fails else latency.reason,
        latency=latency,
        before_asked=len(asked[0]),
        before_unanswered=unanswered[0],
        after_asked=len(asked[1]),
        after_unanswered=unanswered[1],
        p_unanswered=p,
    )


def _asked(side: Iterable[Sequence[Sample]]) -> list[Sample]:
    return [one for run in side for one in run if one.outcome != "not_asked"]


def _entry(run: Run) -> RunEntry:
    return RunEntry(
        name=run.name,
        checked_at=run.checked_at,
        version=run.version,
        revision=run.revision,
        samples=len(run.samples),
    )
