"""The help that the tests of both venues share: time that they move, and waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class MarketTime:
    """Unix seconds that stand still unless a test moves them.

    now: the present time.
    """

    now: float

    def __call__(self) -> float:
        return self.now


def eventually(condition: Callable[[], object], seconds: float = 40.0) -> None:
    """Waits for a condition; fails the test when it does not become true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
