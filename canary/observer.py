"""One whole look at the stack: a round of probes, the containers, and enough samples for the percentile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from canary.containers import Containers
from canary.observation import Container, Observation
from canary.probes.checks import check_of
from canary.probes.fetch import RawAnswer
from canary.probes.pool import run_all
from canary.probes.prober import Prober
from canary.verdict import MINIMUM_SAMPLES
from canary.versions import running_parts
from canary.window import SampleWindow
from common.clock import Clock
from common.errors import Unavailable


@dataclass(frozen=True)
class ProbeRound:
    """One round of the canary.

    observation: everything that the round found out.
    answers: the answers that it is made of, with their bytes.
    """

    observation: Observation
    answers: tuple[RawAnswer, ...]


class Observer:
    """Looks at the whole stack. One thread at a time uses it."""

    def __init__(
        self, prober: Prober, containers: Containers, window: SampleWindow, clock: Clock, timeout: float
    ) -> None:
        self._prober = prober
        self._containers = containers
        self._window = window
        self._clock = clock
        self._timeout = timeout

    def look(self, own: Mapping[str, str | None]) -> ProbeRound:
        """Runs one round. `own` has the canary's own parts, each with None or its trouble."""
        answers = self._prober.round()
        self._window.add(one.answer for one in answers)
        containers, problem = self._read_containers()
        self._window.add(self._prober.burst(_samples_wanted(answers)))
        now = self._clock.now()
        observation = Observation(
            checked_at=now,
            checks=tuple(check_of(one.answer) for one in answers),
            samples=self._window.latest(now),
            containers=containers,
            containers_problem=problem,
            own=dict(own),
            running=running_parts(containers, [one.answer for one in answers]),
        )
        return ProbeRound(observation, tuple(answers))

    def _read_containers(self) -> tuple[tuple[Container, ...] | None, str | None]:
        ended = run_all(
            [self._containers_or_problem],
            workers=1,
            seconds=3 * self._timeout,
            monotonic=self._clock.monotonic,
        )[0]
        return ended.result or (None, "the engine did not answer in time")

    def _containers_or_problem(self) -> tuple[tuple[Container, ...] | None, str | None]:
        try:
            return self._containers.read(), None
        except Unavailable as error:
            return None, error.message


def _samples_wanted(answers: list[RawAnswer]) -> dict[str, int]:
    """Returns how many samples to take of each target that answered everything: enough for a percentile of now."""
    answered: dict[str, bool] = {}
    for one in answers:
        answered[one.answer.target] = answered.get(one.answer.target, True) and one.answer.outcome == "answered"
    return {target: MINIMUM_SAMPLES for target, well in answered.items() if well}
