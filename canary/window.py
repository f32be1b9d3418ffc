"""The latest samples of each target: a bounded number, none older than the window."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from canary.observation import ProbeAnswer, Sample
from canary.probes.names import UNTIMED

MOST_PER_TARGET = 50
"""About two rounds. With more, slow answers of a start five minutes ago would still count."""


class SampleWindow:
    """Keeps samples for `seconds`, at most `MOST_PER_TARGET` of each target. One thread at a time uses it."""

    def __init__(self, seconds: float) -> None:
        self._age = timedelta(seconds=seconds)
        self._kept: defaultdict[str, deque[Sample]] = defaultdict(lambda: deque(maxlen=MOST_PER_TARGET))

    def add(self, answers: Iterable[ProbeAnswer]) -> None:
        """Adds a sample for each answer; a probe that was not sent has no duration, and some kinds are not timed."""
        for answer in answers:
            if answer.outcome != "not_asked" and answer.kind not in UNTIMED:
                self._kept[answer.target].append(sample_of(answer))

    def latest(self, now: datetime) -> tuple[Sample, ...]:
        """Returns the samples of the window that ends at `now`, by target and in the order in which they were added."""
        return tuple(sample for kept in self._kept.values() for sample in kept if now - sample.asked_at <= self._age)


def sample_of(answer: ProbeAnswer) -> Sample:
    """Returns the sample of an answer."""
    return Sample(
        target=answer.target,
        check=answer.check,
        asked_at=answer.asked_at,
        seconds=answer.seconds,
        outcome=answer.outcome,
    )
