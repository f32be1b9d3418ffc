"""Who is killed next: each victim alone, and some together, in a random order that leaves none out."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from tests.chaos.database import Database
from tests.chaos.executors import Executor, Worker

PAUSE = (1.5, 5.0)
"""Seconds between a restart and the next kill: sometimes before the victim is ready again."""


class Victim(Protocol):
    """What can be killed and comes back."""

    name: str

    def kill(self) -> None:
        """SIGKILL."""

    def start(self) -> None:
        """At once after the kill."""


class Killer:
    """Kills and restarts for as long as it is told; `kills` counts by victim, `faults` are ends that it did not cause.
    `rng` decides all."""

    def __init__(self, executors: Sequence[Executor], database: Database, rng: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self.faults: list[str] = []
        self._executors, self._rng = executors, rng
        victims: list[Victim] = [*executors, *(Worker(executor) for executor in executors), database]
        alone = [(victim,) for victim in victims]
        together = [tuple(executors), *((executor, database) for executor in executors)]
        self._plans: list[tuple[Victim, ...]] = [*alone, *together]
        self._next: list[tuple[Victim, ...]] = []

    def kill_until(self, end: float) -> None:
        """One plan after the other until a moment of the monotonic clock."""
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(self._rng.uniform(*PAUSE), left))
            self._throw()

    def _throw(self) -> None:
        if not self._next:
            self._next = self._rng.sample(self._plans, len(self._plans))
        plan = self._next.pop()
        for executor in self._executors:
            self.faults += executor.revive()
        for victim in plan:
            victim.kill()
            self.kills[victim.name] += 1
        for victim in plan:
            victim.start()
