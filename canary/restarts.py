"""The containers of an observation with their restarts, since the baseline and in all. Pure."""

from __future__ import annotations

from canary.baseline import restarts_since
from canary.observation import Observation
from common import wire


class ContainerRestarts(wire.Message, frozen=True, kw_only=True):
    """One container with its restarts.

    service: its compose service.
    name: its own name.
    state: `running`, `exited` or another word of the engine.
    health: the word of its health check; None when it has no health check.
    since_baseline: restarts since the baseline, which are judged; equal to `in_all` without a baseline.
    in_all: restarts since the engine began to count.
    """

    service: str
    name: str
    state: str
    health: str | None
    since_baseline: int
    in_all: int


def restarts_of(seen: Observation) -> tuple[ContainerRestarts, ...]:
    """Returns a row for each container; none when the engine can't be asked."""
    return tuple(
        ContainerRestarts(
            service=one.service,
            name=one.name,
            state=one.state,
            health=one.health,
            since_baseline=restarts_since(seen.baseline, one.id, one.restart_count),
            in_all=one.restart_count,
        )
        for one in seen.containers or ()
    )
