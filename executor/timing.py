"""The duration of a transaction's stages, told to an observer that counts them."""

from __future__ import annotations

import time
from typing import Protocol


class StageObserver(Protocol):
    """Counts how long stages take, and how many works share a transaction."""

    def stage(self, name: str, seconds: float) -> None:
        """Notes that a stage ended after so many seconds."""

    def together(self, works: int) -> None:
        """Notes that so many works are to share a transaction."""


class NullObserver:
    """Counts nothing."""

    def stage(self, name: str, seconds: float) -> None:
        """Does nothing."""

    def together(self, works: int) -> None:
        """Does nothing."""


class StageTimer:
    """Times one stage after the other, without a gap."""

    def __init__(self, observer: StageObserver) -> None:
        self._observer, self._since = observer, time.perf_counter()

    def end(self, name: str) -> None:
        """Ends the stage that went on until now, and begins the next one."""
        now = time.perf_counter()
        self._observer.stage(name, now - self._since)
        self._since = now
