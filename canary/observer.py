"""One whole look at the stack: the probes' round, the containers, and enough samples for the percentile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from canary.containers import Containers
from canary.observation import Container, Observation
from canary.probes.checks import check_of
from canary.probes.fetch import Clock, Fetched
from canary.probes.pool import run_all
from canary.probes.prober import Prober
from canary.verdict import MINIMUM_SAMPLES
from canary.window import SampleWindow
from common.errors import Unavailable


@dataclass(frozen=True)
class Sighting:
    """An observation, and the answers with their bytes that it was made of."""

    observation: Observation
    fetched: tuple[Fetched, ...]


class Observer:
    """Joins the probes, the engine's view and the window of samples. One thread at a time uses it."""

    def __init__(
        self, prober: Prober, containers: Containers, window: SampleWindow, clock: Clock, timeout: float
    ) -> None:
        self._prober = prober
        self._containers = containers
        self._window = window
        self._clock = clock
        self._timeout = timeout

    def look(self, own: Mapping[str, str | None]) -> Sighting:
        """A fresh round. `own` is what the canary knows of its own parts."""
        fetched = self._prober.round()
        self._window.add(one.answer for one in fetched)
        containers, problem = self._read_containers()
        self._window.add(self._prober.burst(_answered_well(fetched)))
        now = self._clock.now()
        observation = Observation(
            checked_at=now,
            checks=tuple(check_of(one.answer) for one in fetched),
            samples=self._window.latest(now),
            containers=containers,
            containers_problem=problem,
            own=dict(own),
        )
        return Sighting(observation, tuple(fetched))

    def _read_containers(self) -> tuple[tuple[Container, ...] | None, str | None]:
        slot = run_all(
            [self._containers_or_problem],
            workers=1,
            seconds=3 * self._timeout,
            monotonic=self._clock.monotonic,
        )[0]
        return slot.result or (None, "the engine did not answer in time")

    def _containers_or_problem(self) -> tuple[tuple[Container, ...] | None, str | None]:
        try:
            return self._containers.read(), None
        except Unavailable as error:
            return None, error.message


def _answered_well(fetched: list[Fetched]) -> dict[str, int]:
    """For each target that answered everything, how many samples to take: enough for a percentile of this round."""
    answered: dict[str, bool] = {}
    for one in fetched:
        answered[one.answer.target] = answered.get(one.answer.target, True) and one.answer.outcome == "answered"
    return {target: MINIMUM_SAMPLES for target, well in answered.items() if well}
