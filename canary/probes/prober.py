"""A round of probes: every probe of every target, side by side, ended by a deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice

from canary.observation import ProbeAnswer
from canary.probes.catalogue import Probe, quick_probes
from canary.probes.fetch import RawAnswer, fetch, no_answer
from canary.probes.pool import run_all
from common.clock import Clock

WORKERS = 8


class Prober:
    """Sends probes. No single answer may take longer than `timeout` seconds."""

    def __init__(
        self, probes: Sequence[Probe], timeout: float, clock: Clock, on_answer: Callable[[ProbeAnswer], None]
    ) -> None:
        """`on_answer` is called with each answer as it comes, on the probe's thread."""
        self._probes = tuple(probes)
        self._timeout = timeout
        self._clock = clock
        self._on_answer = on_answer

    def round(self) -> list[RawAnswer]:
        """Returns one answer to each probe, in order, after at most three timeouts."""
        asked_at, limit = self._clock.now(), 3 * self._timeout
        jobs = [partial(self._send, probe) for probe in self._probes]
        results = run_all(jobs, workers=WORKERS, seconds=limit, monotonic=self._clock.monotonic)
        return [
            one.result or no_answer(probe, asked_at, limit, asked=one.started)
            for probe, one in zip(self._probes, results, strict=True)
        ]

    def burst(self, wanted: Mapping[str, int]) -> list[ProbeAnswer]:
        """Returns up to `wanted` more quick answers of each target, after at most three timeouts.

        They give a percentile its samples within seconds. A target that fails once is left alone.
        """
        end = self._clock.monotonic() + 2 * self._timeout
        jobs = [partial(self._send_often, target, count, end) for target, count in wanted.items()]
        results = run_all(jobs, workers=WORKERS, seconds=3 * self._timeout, monotonic=self._clock.monotonic)
        return [answer for one in results for answer in one.result or ()]

    def _send(self, probe: Probe) -> RawAnswer:
        raw = fetch(probe, self._timeout, self._clock)
        self._on_answer(raw.answer)
        return raw

    def _send_often(self, target: str, count: int, end: float) -> list[ProbeAnswer]:
        answers: list[ProbeAnswer] = []
        for probe in islice(cycle(quick_probes(self._probes, target)), count):
            if self._clock.monotonic() >= end or (answers and answers[-1].outcome != "answered"):
                break
            answers.append(self._send(probe).answer)
        return answers
