"""The verdict PASS, FAIL or INCONCLUSIVE, computed from an observation and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from canary.conditions import Check, Condition, condition
from canary.observation import Observation
from canary.percentile import MINIMUM_SAMPLES, PERCENT, nearest_rank, timed_seconds
from common import wire
from common.decimals import plain_text

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "INCONCLUSIVE")


class VerdictLimits(wire.Message, frozen=True, kw_only=True):
    """The limits that a verdict is judged by.

    p95_seconds: the most that the 95th percentile may be.
    restart_budget: the most restarts that a container may have.
    """

    p95_seconds: float
    restart_budget: int

    def constants(self) -> dict[str, str]:
        """Returns the literal of each word that a condition of the file of probes may compare with."""
        seconds = plain_text(Decimal(str(self.p95_seconds)))
        return {"P95_LIMIT": f"{seconds}s", "RESTART_BUDGET": str(self.restart_budget)}


class Fault(wire.Message, frozen=True, kw_only=True):
    """One thing that is broken, in words.

    about: the thing that it is about, such as `web page`.
    text: the condition that failed first: `[STATUS] (500) == 200`.
    cannot: a sentence about what a user can't do now; empty when the probe declares none.
    look: a sentence about what to look at first; empty when the probe declares none.
    runbook: the name of its heading in the runbook; empty when the probe declares none.
    """

    about: str
    text: str
    cannot: str
    look: str
    runbook: str


class Judgement(wire.Message, frozen=True, kw_only=True):
    """A verdict with every condition behind it.

    verdict: PASS, FAIL or INCONCLUSIVE.
    reasons: every condition that keeps the verdict from PASS, failed ones first.
    faults: each check that failed and counts, with what it means for a user.
    tolerated: every condition that is not met and does not count, or not yet.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    conditions: every condition with the value that it met.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    tolerated: tuple[str, ...] = ()
    p95_seconds: float | None
    samples: int
    conditions: tuple[Condition, ...]


def judge(seen: Observation, limits: VerdictLimits) -> Judgement:
    """Returns the verdict.

    It is FAIL when a critical condition failed and counts. Else it is INCONCLUSIVE when a condition is unknown, or one
    that is not critical failed. Else it is PASS.
    """
    conditions = (*_own(seen), *_checks(seen), _speed(seen, limits), *_containers(seen))
    failed = [one for one in conditions if _fails(one)]
    unclear = [one for one in conditions if one.outcome != "met" and not one.tolerated and one not in failed]
    timed = timed_seconds(seen.samples)
    return Judgement(
        verdict="FAIL" if failed else "INCONCLUSIVE" if unclear else "PASS",
        reasons=tuple(f"{one.about}: {one.text}" for one in (*failed, *unclear)),
        faults=tuple(_faults(seen.checks)),
        tolerated=tuple(f"{one.about}: {one.text}" for one in conditions if one.tolerated),
        p95_seconds=nearest_rank(timed, PERCENT) if timed else None,
        samples=len(timed),
        conditions=conditions,
    )


def _fails(one: Condition) -> bool:
    return one.outcome == "failed" and one.critical and not one.tolerated


def _faults(checks: tuple[Check, ...]) -> Iterator[Fault]:
    for check in checks:
        first = next((one for one in check.conditions if _fails(one)), None)
        if first is not None:
            yield Fault(about=first.about, text=first.text, cannot=check.cannot, look=check.look, runbook=check.runbook)


def _own(seen: Observation) -> Iterator[Condition]:
    for part, trouble in sorted(seen.own.items()):
        shown = "well" if trouble is None else trouble
        yield condition("canary itself", f"[{part.upper()}]", shown, "== well", trouble is None, critical=False)


def _checks(seen: Observation) -> Iterator[Condition]:
    if not seen.checks:
        yield condition("probes", "[CHECKS]", 0, ">= 1", "unknown")
    for check in seen.checks:
        yield from check.conditions


def _speed(seen: Observation, limits: VerdictLimits) -> Condition:
    seconds, rule = timed_seconds(seen.samples), f"<= {limits.p95_seconds:g} s"
    if len(seconds) < MINIMUM_SAMPLES:
        met = f"n={len(seconds)}, at least {MINIMUM_SAMPLES} needed"
        return condition("all targets", "[P95]", met, rule, "unknown")
    value = nearest_rank(seconds, PERCENT)
    return condition("all targets", "[P95]", f"{value:g} s, n={len(seconds)}", rule, value <= limits.p95_seconds)


def _containers(seen: Observation) -> Iterator[Condition]:
    if seen.containers is None:
        problem = seen.containers_problem or "not read yet"
        yield condition("containers", "[CONTAINERS]", problem, "== readable", "unknown")
        return
    known = {container.service for container in seen.containers}
    for target in seen.targets:
        if target not in known:
            yield condition(f"container {target}", "[CONTAINER]", "the engine lists none", "== present", "unknown")
