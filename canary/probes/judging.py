"""Every check of a round, out of its raw facts: the canary and `verify` come to them in the same way (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from canary.baseline import RestartBaseline
from canary.conditions import Check
from canary.observation import Container, ProbeAnswer, Sample, Streak
from canary.probes.checks import check_of, container_checks, latency_checks
from canary.probes.plan import Plan
from canary.probes.streaks import by_key, settled


def checks_of(
    plan: Plan,
    answers: Sequence[ProbeAnswer],
    samples: Sequence[Sample],
    containers: Sequence[Container] | None,
    streaks: tuple[Streak, ...],
    baseline: RestartBaseline | None = None,
) -> tuple[tuple[Check, ...], tuple[Streak, ...]]:
    """Returns all checks in the order of the plan, and the streaks after this round.

    `answers` has one answer to each probe of the plan, in order; another number or another order is a ValueError.
    `streaks` are those before this round. Restarts are judged since `baseline`.
    """
    asked = [(probe.target, probe.check) for probe in plan.probes]
    if [(one.target, one.check) for one in answers] != asked:
        raise ValueError("the answers are not those of the probes, one each and in order")
    before = by_key(streaks)
    pairs = [
        settled(check_of(answer, probe), answer.asked_at, before.get((probe.target, probe.check)), probe.declared)
        for answer, probe in zip(answers, plan.probes, strict=True)
    ]
    return (
        (
            *(check for check, _ in pairs),
            *latency_checks(samples, plan.targets, plan.latency),
            *container_checks(containers or (), plan.containers, baseline),
        ),
        tuple(streak for _, streak in pairs),
    )
