"""The verdict PASS, FAIL or INCONCLUSIVE, computed from an observation and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from canary.observation import Condition, Container, Observation, Outcome, Sample, condition
from common import wire

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "INCONCLUSIVE")

MINIMUM_SAMPLES = 20
PERCENT = 95


class VerdictLimits(wire.Message, frozen=True, kw_only=True):
    """The limits that a verdict is judged by.

    p95_seconds: the most that the 95th percentile may be.
    restart_budget: the most restarts that a container may have.
    """

    p95_seconds: float
    restart_budget: int


class Judgement(wire.Message, frozen=True, kw_only=True):
    """A verdict with every condition behind it.

    verdict: PASS, FAIL or INCONCLUSIVE.
    reasons: every condition that keeps the verdict from PASS, failed ones first.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    conditions: every condition with the value that it met.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    p95_seconds: float | None
    samples: int
    conditions: tuple[Condition, ...]


def judge(seen: Observation, limits: VerdictLimits) -> Judgement:
    """Returns the verdict.

    It is FAIL when a critical condition failed. Else it is INCONCLUSIVE when a condition is unknown, or one about the
    canary or its window on the engine failed. Else it is PASS.
    """
    conditions = (*_own(seen), *_checks(seen), *_speed(seen, limits), *_containers(seen, limits))
    failed = [one for one in conditions if one.outcome == "failed" and one.critical]
    unclear = [one for one in conditions if one.outcome != "met" and one not in failed]
    timed = timed_seconds(seen.samples)
    return Judgement(
        verdict="FAIL" if failed else "INCONCLUSIVE" if unclear else "PASS",
        reasons=tuple(f"{one.about}: {one.text}" for one in (*failed, *unclear)),
        p95_seconds=nearest_rank(timed, PERCENT) if timed else None,
        samples=len(timed),
        conditions=conditions,
    )


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """Returns the smallest value that at least `percent` (1 to 100) of all values do not exceed. Raises ValueError."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    rank = -(-percent * len(values) // 100)
    return sorted(values)[rank - 1]


def timed_seconds(samples: Sequence[Sample], target: str | None = None) -> list[float]:
    """Returns the durations that the percentile is computed from, in seconds; `target` None stands for all targets.

    A probe without a whole answer is left out: it fails its own check. /readyz is left out: it may rightly wait for the
    parts that it asks.
    """
    return [
        one.seconds
        for one in samples
        if one.outcome == "answered" and one.check != "readyz" and target in (None, one.target)
    ]


def _own(seen: Observation) -> Iterator[Condition]:
    for part, trouble in sorted(seen.own.items()):
        yield condition("canary itself", f"[{part.upper()}]", trouble or "well", "== well", not trouble, critical=False)


def _checks(seen: Observation) -> Iterator[Condition]:
    if not seen.checks:
        yield condition("probes", "[CHECKS]", 0, ">= 1", "unknown")
    for check in seen.checks:
        yield from check.conditions


def _targets(seen: Observation) -> list[str]:
    return list(dict.fromkeys(check.target for check in seen.checks))


def _speed(seen: Observation, limits: VerdictLimits) -> Iterator[Condition]:
    yield _percentile("all targets", timed_seconds(seen.samples), limits, critical=True)
    own = {check.target for check in seen.checks if not check.critical}
    for target in _targets(seen):
        yield _percentile(target, timed_seconds(seen.samples, target), limits, critical=target not in own)


def _percentile(about: str, seconds: Sequence[float], limits: VerdictLimits, *, critical: bool) -> Condition:
    rule = f"<= {limits.p95_seconds:g}"
    if len(seconds) < MINIMUM_SAMPLES:
        met = f"n={len(seconds)}, at least {MINIMUM_SAMPLES} needed"
        return condition(about, "[P95_SECONDS]", met, rule, "unknown", critical=critical)
    value = nearest_rank(seconds, PERCENT)
    met = f"{value:.6f}, n={len(seconds)}"
    return condition(about, "[P95_SECONDS]", met, rule, value <= limits.p95_seconds, critical=critical)


def _containers(seen: Observation, limits: VerdictLimits) -> Iterator[Condition]:
    if seen.containers is None:
        problem = seen.containers_problem or "not read yet"
        yield condition("containers", "[CONTAINERS]", problem, "== readable", "unknown")
        return
    known = {container.service for container in seen.containers}
    for target in _targets(seen):
        if target not in known:
            yield condition(f"container {target}", "[CONTAINER]", "the engine lists none", "== present", "unknown")
    for container in seen.containers:
        yield from _container(container, limits)


def _container(container: Container, limits: VerdictLimits) -> Iterator[Condition]:
    about = f"container {container.name}"
    if container.one_shot and container.state == "exited":
        yield condition(about, "[EXIT_CODE]", container.exit_code, "== 0", container.exit_code == 0)
    else:
        yield condition(about, "[STATE]", container.state, "== running", container.state == "running")
    if container.health not in (None, "none"):
        outcome: Outcome | bool = "unknown" if container.health == "starting" else container.health == "healthy"
        yield condition(about, "[HEALTH]", container.health, "== healthy", outcome)
    restarts = container.restart_count
    yield condition(about, "[RESTARTS]", restarts, f"<= {limits.restart_budget}", restarts <= limits.restart_budget)
