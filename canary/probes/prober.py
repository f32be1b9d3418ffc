"""A round of probes: every probe that is due, side by side, ended by a deadline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice

import msgspec

from canary.observation import ProbeAnswer
from canary.probes.exposition import fallen
from canary.probes.fetch import RawAnswer, fetch, no_answer
from canary.probes.plan import Probe, often_asked
from canary.probes.pool import run_all
from common.clock import Clock

WORKERS = 8


class Prober:
    """Sends probes. No single answer may take longer than its probe's timeout, or `timeout` seconds without one.

    It keeps the latest answer to each probe: for those that are not due, and to see which counters fell.
    """

    def __init__(self, timeout: float, clock: Clock, on_answer: Callable[[ProbeAnswer], None], key: str = "") -> None:
        """`on_answer` is called with each answer as it comes, on the probe's thread.

        `key` is the token that orders are placed with; empty where there is none.
        """
        self._timeout = timeout
        self._key = key
        self._clock = clock
        self._on_answer = on_answer
        self._latest: dict[Probe, tuple[float, RawAnswer]] = {}

    def round(self, probes: Sequence[Probe]) -> list[RawAnswer]:
        """Returns the latest answer to each probe, in order. Asks those that are due, for three timeouts at most."""
        begin = self._clock.monotonic()
        self._latest = {probe: known for probe, known in self._latest.items() if probe in set(probes)}
        due = [probe for probe in probes if self._is_due(probe, begin)]
        for probe, raw in zip(due, self.ask(due), strict=True):
            self._latest[probe] = (begin, self._compared(probe, raw))
        return [self._latest[probe][1] for probe in probes]

    def hurry(self, probes: Iterable[Probe]) -> None:
        """Makes these probes due in the next round, whatever their interval: their failure may have ended by then."""
        for probe in probes:
            if probe in self._latest:
                self._latest[probe] = (-math.inf, self._latest[probe][1])

    def ask(self, probes: Sequence[Probe]) -> list[RawAnswer]:
        """Returns one new answer to each probe, in order, after at most three timeouts."""
        asked_at, limit = self._clock.now(), 3 * self._timeout
        jobs = [partial(self._send, probe) for probe in probes]
        results = run_all(jobs, workers=WORKERS, seconds=limit, monotonic=self._clock.monotonic)
        return [
            one.result or no_answer(probe, asked_at, limit, asked=one.started)
            for probe, one in zip(probes, results, strict=True)
        ]

    def burst(self, probes: Sequence[Probe], wanted: Mapping[str, int]) -> list[ProbeAnswer]:
        """Returns up to `wanted` more quick answers of each target, after at most three timeouts.

        They give a percentile its samples within seconds. A target that fails once is left alone.
        """
        end = self._clock.monotonic() + 2 * self._timeout
        jobs = [partial(self._send_often, often_asked(probes, target), wanted[target], end) for target in wanted]
        results = run_all(jobs, workers=WORKERS, seconds=3 * self._timeout, monotonic=self._clock.monotonic)
        return [answer for one in results for answer in one.result or ()]

    def _is_due(self, probe: Probe, now: float) -> bool:
        known, every = self._latest.get(probe), probe.declared.every
        return known is None or every is None or now - known[0] >= every

    def _compared(self, probe: Probe, raw: RawAnswer) -> RawAnswer:
        """Returns an answer of metrics with the counters that fell since the one before."""
        known = self._latest.get(probe)
        if probe.declared.kind != "metrics" or known is None:
            return raw
        fell = fallen(known[1].answer.body, raw.answer.body)
        return RawAnswer(msgspec.structs.replace(raw.answer, fell=fell), raw.raw) if fell else raw

    def _send(self, probe: Probe) -> RawAnswer:
        raw = fetch(probe, min(probe.declared.timeout or self._timeout, 3 * self._timeout), self._clock, self._key)
        self._on_answer(raw.answer)
        return raw

    def _send_often(self, probes: Sequence[Probe], count: int, end: float) -> list[ProbeAnswer]:
        answers: list[ProbeAnswer] = []
        for probe in islice(cycle(probes), count):
            if self._clock.monotonic() >= end or (answers and answers[-1].outcome != "answered"):
                break
            answers.append(self._send(probe).answer)
        return answers
