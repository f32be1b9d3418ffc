"""The order of faults: each victim alone, and some together, at random, with none left out."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from tests.chaos.database import Database
from tests.chaos.executors import Executor, Worker

PAUSE = (1.0, 4.0)
"""Seconds between a restart and the next kill: sometimes before the victim is ready again."""


class Victim(Protocol):
    """What can be killed and comes back."""

    name: str

    def kill(self) -> None:
        """SIGKILL."""

    def start(self) -> None:
        """At once after the kill."""


class Killer:
    """Kills and restarts for as long as it is told. `rng` decides all.

    kills: how often, by victim. names: all victims. faults: ends that it did not cause. resting: how many orders were
    open before each fault, where an executor told it.
    """

    def __init__(
        self, executors: Sequence[Executor], database: Database, others: Sequence[Victim], rng: random.Random
    ) -> None:
        """`others` are further faults."""
        self.kills: Counter[str] = Counter()
        self.faults: list[str] = []
        self.resting: list[int] = []
        self._executors, self._rng = executors, rng
        victims: list[Victim] = [*executors, *(Worker(executor) for executor in executors), database, *others]
        self.names = frozenset(victim.name for victim in victims)
        alone = [(victim,) for victim in victims]
        together: list[tuple[Victim, ...]] = [tuple(executors), *((executor, database) for executor in executors)]
        together += [(executor, other) for executor, other in zip(executors, others, strict=False)]
        self._plans: list[tuple[Victim, ...]] = [*alone, *together]
        self._next = rng.sample(self._plans[: len(alone)], len(alone))

    def kill_until(self, end: float) -> None:
        """One plan after the other until a moment of the monotonic clock."""
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(self._rng.uniform(*PAUSE), left))
            self._throw()

    def _throw(self) -> None:
        if not self._next:
            self._next = self._rng.sample(self._plans, len(self._plans))
        plan = self._next.pop()
        self.resting += [count for count in (executor.open_orders() for executor in self._executors[:1]) if count]
        for executor in self._executors:
            self.faults += executor.revive()
        for victim in plan:
            victim.kill()
            self.kills[victim.name] += 1
        for victim in plan:
            victim.start()
