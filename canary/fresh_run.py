"""Measures the running stack for a comparison: as many samples as their spread needs, within a bound of time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import count

from canary.comparison import Run
from canary.latency import BLOCK, FEWEST_BLOCKS, blocks_wanted
from canary.observation import Sample
from canary.observer import Observer
from canary.window import sample_of
from common.build import Build
from common.clock import Clock

LONGEST_SECONDS = 40.0
NAME = "now"

Tell = Callable[[str], None]
"""Is called with a line of progress."""


class _Wanted:
    """Counts the samples that are still wanted, by target and check."""

    def __init__(self) -> None:
        self._timed: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._failures: Counter[str] = Counter()

    def add(self, burst: Iterable[Sample]) -> None:
        """Adds the samples of one burst."""
        for one in burst:
            if one.outcome != "answered":
                self._failures[one.target] += 1
            elif one.seconds > 0:
                self._timed[one.target, one.check].append(one.seconds)

    def missing(self) -> int:
        """Returns how many samples are missing. A target that failed in `FEWEST_BLOCKS` bursts lacks none."""
        return sum(
            max(0, blocks_wanted(timed) * BLOCK - len(timed))
            for (target, _), timed in self._timed.items()
            if self._failures[target] < FEWEST_BLOCKS
        )


def measure(observer: Observer, build: Build, clock: Clock, tell: Tell, seconds: float = LONGEST_SECONDS) -> Run:
    """Returns a run of the stack as it is now.

    Every burst asks all targets, as the bursts of the canary's rounds do. They end when each check has the samples that
    its spread needs. No burst begins after `seconds`. A target that failed in twelve bursts, or never answered, is not
    waited for.
    """
    end = clock.monotonic() + seconds
    answers = [one.answer for one in observer.look({}).answers]
    targets = list(dict.fromkeys(one.target for one in answers))
    samples = [sample_of(one) for one in answers if one.outcome != "not_asked"]
    wanted = _Wanted()
    for number in count(1):
        burst = [sample_of(one) for one in observer.burst(targets) if one.outcome != "not_asked"]
        samples += burst
        wanted.add(burst)
        missing = wanted.missing()
        tell(f"burst {number}: {len(samples)} samples, {missing} more are wanted")
        if not (burst and missing) or clock.monotonic() >= end:
            break
    return Run(
        name=NAME, checked_at=clock.now(), version=build.version, revision=build.revision, samples=tuple(samples)
    )
