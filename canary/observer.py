"""One whole look at the stack: a round of probes, the containers, and enough samples for the percentile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from canary.baseline_file import BaselineFile
from canary.containers import Containers
from canary.observation import Container, Observation, ProbeAnswer, Streak
from canary.percentile import MINIMUM_SAMPLES
from canary.probes.checks import check_of
from canary.probes.fetch import RawAnswer
from canary.probes.judging import checks_of
from canary.probes.plan import Plan, of_running
from canary.probes.pool import run_all
from canary.probes.prober import Prober
from canary.probes.source import ProbeSource
from canary.probes.streaks import by_key
from canary.versions import running_parts
from canary.window import SampleWindow
from common.clock import Clock
from common.errors import Unavailable


@dataclass(frozen=True)
class ProbeRound:
    """One round of the canary.

    observation: everything that the round found out.
    answers: the answers that it is made of, with their bytes.
    probes: the file of probes, as it is.
    """

    observation: Observation
    answers: tuple[RawAnswer, ...]
    probes: str


class Observer:
    """Looks at the whole stack. One thread at a time uses it."""

    def __init__(
        self,
        source: ProbeSource,
        prober: Prober,
        containers: Containers,
        baseline: BaselineFile,
        window: SampleWindow,
        clock: Clock,
        timeout: float,
    ) -> None:
        self._source = source
        self._prober = prober
        self._containers = containers
        self._baseline = baseline
        self._window = window
        self._clock = clock
        self._timeout = timeout
        self._streaks: tuple[Streak, ...] = ()

    def look(self, own: Mapping[str, str | None]) -> ProbeRound:
        """Runs one round. `own` has the canary's own parts, each with None or its trouble."""
        declared = self._source.read()
        containers, problem = self._read_containers()
        plan, before = of_running(declared.plan, containers), self._streaks
        answers = self._asked_again(plan, self._prober.round(plan.probes))
        self._window.add(_new(answers, before))
        baseline, baseline_trouble = self._baseline.current({one.id: one.restart_count for one in containers or ()})
        self._window.add(self._prober.burst(plan.probes, _samples_wanted(answers)))
        now = self._clock.now()
        plain, samples = [one.answer for one in answers], self._window.latest(now)
        checks, self._streaks = checks_of(plan, plain, samples, containers, before, baseline)
        well = {(check.target, check.check) for check in checks if check.ok}
        self._prober.hurry(probe for probe in plan.probes if (probe.target, probe.check) not in well)
        observation = Observation(
            checked_at=now,
            checks=checks,
            samples=samples,
            containers=containers,
            containers_problem=problem,
            own={**own, "probes": declared.trouble, "baseline": baseline_trouble},
            running=running_parts(containers, plain),
            targets=dict(plan.targets),
            left_out=plan.left_out,
            streaks=before,
            baseline=baseline,
        )
        return ProbeRound(observation, tuple(answers), declared.text)

    def _asked_again(self, plan: Plan, answers: list[RawAnswer]) -> list[RawAnswer]:
        """Asks probes that fail, and were never met, as often as they may fail: so one look suffices."""
        known = by_key(self._streaks)
        for tried in range(1, max((one.declared.failure_limit for one in plan.probes), default=1)):
            again = [
                place
                for place, probe in enumerate(plan.probes)
                if probe.declared.failure_limit > tried
                and (probe.target, probe.check) not in known
                and not check_of(answers[place].answer, probe).ok
            ]
            for place, raw in zip(again, self._prober.ask([plan.probes[place] for place in again]), strict=True):
                answers[place] = raw
        return answers

    def burst(self, targets: Iterable[str]) -> list[ProbeAnswer]:
        """Takes as many quick answers of each target as a round does, from all targets side by side."""
        return self._prober.burst(self._source.read().plan.probes, dict.fromkeys(targets, MINIMUM_SAMPLES))

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


def _new(answers: Sequence[RawAnswer], before: tuple[Streak, ...]) -> list[ProbeAnswer]:
    """Returns the answers that are not those of an earlier round."""
    known = {key: streak.asked_at for key, streak in by_key(before).items()}
    plain = [one.answer for one in answers]
    return [one for one in plain if known.get((one.target, one.check)) != one.asked_at]


def _samples_wanted(answers: Sequence[RawAnswer]) -> dict[str, int]:
    """Returns how many samples to take of each target that answered everything: enough for a percentile of now."""
    answered: dict[str, bool] = {}
    for one in answers:
        answered[one.answer.target] = answered.get(one.answer.target, True) and one.answer.outcome == "answered"
    return {target: MINIMUM_SAMPLES for target, well in answered.items() if well}
