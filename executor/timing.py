"""How long the stages of a transaction take, and how many works share one, told to whoever counts them."""

from __future__ import annotations

import time
from typing import Protocol


class Observer(Protocol):
    """Who counts: seconds of a stage, and works that shared a transaction."""

    def stage(self, name: str, seconds: float) -> None:
        """A stage ended."""

    def together(self, works: int) -> None:
        """So many works are to share a transaction."""


class Nobody:
    """Counts nothing."""

    def stage(self, name: str, seconds: float) -> None:
        """Forgets it."""

    def together(self, works: int) -> None:
        """Forgets it."""


class Laps:
    """One stage after the other, without a gap."""

    def __init__(self, observer: Observer) -> None:
        self._observer, self._since = observer, time.perf_counter()

    def lap(self, name: str) -> None:
        """The stage that went on until now."""
        now = time.perf_counter()
        self._observer.stage(name, now - self._since)
        self._since = now
