"""The rows that one round adds to the history. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from canary.conditions import printable
from canary.observation import Observation
from canary.verdict import Judgement, Verdict

MOST_REASONS = 8
MOST_REASONS_OF_A_ROUND = 3
LONGEST_REASON_BYTES = 240
MOST_SERVICES = 24
LONGEST_NAME = 40
HOUR, DAY = 3600 * 10**6, 86_400 * 10**6
"""In microseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True)
class RoundEntry:
    """The part of a round that the history keeps.

    at: when the round ended, in microseconds since 1970, UTC.
    verdict: its verdict.
    reasons: its first reasons, at most `MOST_REASONS`, each at most `LONGEST_REASON_BYTES`.
    reasons_in_all: how many reasons there are.
    p95_seconds: the 95th percentile over all targets; None without samples.
    samples: how many durations the percentile is computed from.
    up: true or false for each service that the round saw, at most `MOST_SERVICES`.
    metrics_bytes: the size of each target's /metrics.
    restarts: the restarts of each service's containers, in all.
    """

    at: int
    verdict: Verdict
    reasons: tuple[str, ...]
    reasons_in_all: int
    p95_seconds: float | None
    samples: int
    up: dict[str, bool]
    metrics_bytes: dict[str, int]
    restarts: dict[str, int]


def entry_of(seen: Observation, judgement: Judgement) -> RoundEntry:
    """Returns what the history keeps of one round."""
    restarts: dict[str, int] = {}
    for one in seen.containers or ():
        restarts[one.service] = restarts.get(one.service, 0) + one.restart_count
    sizes = {check.target: check.size for check in seen.checks if check.kind == "metrics"}
    return RoundEntry(
        at=microseconds(seen.checked_at),
        verdict=judgement.verdict,
        reasons=tuple(_cut(reason) for reason in judgement.reasons[:MOST_REASONS]),
        reasons_in_all=len(judgement.reasons),
        p95_seconds=judgement.p95_seconds,
        samples=judgement.samples,
        up=_first(services_up(seen, judgement)),
        metrics_bytes=_first(sizes),
        restarts=_first(restarts),
    )


def services_up(seen: Observation, judgement: Judgement) -> dict[str, bool]:
    """Returns true for each service of which all checks and the container are met, false for one with a failed one.

    A service with a condition that is unknown, and none that failed, is left out: the round could not tell. So is a
    one-shot, which is not meant to stay up.
    """
    one_shots = {one.service for one in seen.containers or () if one.one_shot}
    services = dict.fromkeys([*seen.targets, *(check.target for check in seen.checks)])
    found = {service: _up(service, seen, judgement) for service in services if service not in one_shots}
    return {service: up for service, up in found.items() if up is not None}


def _up(service: str, seen: Observation, judgement: Judgement) -> bool | None:
    """Returns true or false for a service, and None when the round could not tell. A slow service is up."""
    checks = [check for check in seen.checks if check.target == service and check.kind != "latency"]
    outcomes = [one.outcome for check in checks for one in check.conditions if not one.tolerated]
    # The judgement alone tells that the engine lists no container of a target.
    outcomes += [one.outcome for one in judgement.conditions if one.about == f"container {service}"]
    if "failed" in outcomes:
        return False
    return None if seen.containers is None or not outcomes or "unknown" in outcomes else True


def spans(before: int | None, at: int, longest_seconds: float) -> Iterator[tuple[int, float]]:
    """Yields the days, and the seconds of each, that a round at `at` stands for: the time since the round `before`.

    It is nothing when there was no round before, when that was longer ago than `longest_seconds`, or when the clock was
    set back meanwhile.
    """
    if before is None or not 0 < at - before <= longest_seconds * 10**6:
        return
    for day in range(before // DAY, at // DAY + 1):
        seconds = (min(at, (day + 1) * DAY) - max(before, day * DAY)) / 10**6
        if seconds > 0:
            yield day, seconds


def microseconds(at: datetime) -> int:
    """Returns whole microseconds since 1970, UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """Returns the time in UTC. Raises OverflowError for one that no calendar has."""
    return _EPOCH + timedelta(microseconds=at)


def _first(of_services: Mapping[str, T]) -> dict[str, T]:
    return {printable(name)[:LONGEST_NAME]: of_services[name] for name in sorted(of_services)[:MOST_SERVICES]}


def _cut(reason: str) -> str:
    raw = reason.encode()
    return reason if len(raw) <= LONGEST_REASON_BYTES else raw[: LONGEST_REASON_BYTES - 3].decode(errors="ignore") + "…"
