"""Results in a row: when a probe's failure begins to count, and when it ends (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from canary.conditions import Check, Condition, condition
from canary.observation import Streak
from canary.probes.declared import DeclaredProbe

Key = tuple[str, str]
"""A target and the name of a check."""


def settled(check: Check, asked_at: datetime, before: Streak | None, probe: DeclaredProbe) -> tuple[Check, Streak]:
    """Returns the check as it counts, and the streak after it.

    A failure counts after `failure_limit` in a row, and at once while the probe was never met: nothing is proved then.
    A failure that counted ends after `success_limit` successes in a row. An answer that was counted before, because the
    probe was not due, moves nothing.
    """
    after = _after(check, asked_at, before, probe)
    if check.ok:
        still = after.counts and not probe.dry_run
        return (_with(check, _too_few(check, after, probe)) if still else check), after
    if after.counts and not probe.dry_run:
        return check, after
    tolerated = tuple(msgspec.structs.replace(one, tolerated=one.outcome != "met") for one in check.conditions)
    return msgspec.structs.replace(check, conditions=tolerated), after


def by_key(streaks: tuple[Streak, ...]) -> Mapping[Key, Streak]:
    """Returns the streaks by target and check."""
    return {(one.target, one.check): one for one in streaks}


def _after(check: Check, asked_at: datetime, before: Streak | None, probe: DeclaredProbe) -> Streak:
    if before is not None and before.asked_at == asked_at:
        return before
    known = before or Streak(
        target=check.target, check=check.check, asked_at=asked_at, proved=False, counts=False, failures=0, successes=0
    )
    if check.ok:
        successes = known.successes + 1
        counts = known.counts and successes < probe.success_limit
        return msgspec.structs.replace(
            known, asked_at=asked_at, proved=True, counts=counts, failures=0, successes=successes
        )
    failures = known.failures + 1
    counts = known.counts or not known.proved or failures >= probe.failure_limit
    return msgspec.structs.replace(known, asked_at=asked_at, counts=counts, failures=failures, successes=0)


def _too_few(check: Check, after: Streak, probe: DeclaredProbe) -> Condition:
    about, rule = f"{check.target} {check.check}", f">= {probe.success_limit}"
    return condition(about, "[SUCCESSES]", f"{after.successes} in a row", rule, "failed", critical=probe.critical)


def _with(check: Check, further: Condition) -> Check:
    return msgspec.structs.replace(check, ok=False, conditions=(*check.conditions, further))
