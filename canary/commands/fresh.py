"""A fresh round for the commands, with or without its progress on standard error."""

from __future__ import annotations

import itertools
import sys
import time

from canary.observation import ProbeAnswer
from canary.observer import ProbeRound
from canary.parts import Parts
from canary.settings import Settings
from canary.verdict import Judgement, judge
from common.loop import Stop, Supervisor

_EVERY_SECONDS = 1.0


class Progress:
    """Prints how many answers have come, at most once a second."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)
        self._printed_at = time.monotonic()

    def answered(self, answer: ProbeAnswer) -> None:
        """Counts one answer. The probes' threads call it."""
        answers = next(self._counter)
        if time.monotonic() - self._printed_at >= _EVERY_SECONDS:
            self._printed_at = time.monotonic()
            print(f"{answers} answers; the latest: {answer.target} {answer.check}", file=sys.stderr)


def looked(settings: Settings, progress: Progress | None = None) -> tuple[Parts, ProbeRound, Judgement]:
    """Returns the parts, a fresh round and its judgement. With `progress` it prints on standard error meanwhile."""
    parts = Parts.build(settings, Supervisor(Stop()), progress.answered if progress else None)
    parts.containers.read_memory()
    seen = parts.observer.look({"evidence": parts.evidence.trouble()})
    return parts, seen, judge(seen.observation, settings.limits)
