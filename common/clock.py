"""The two clocks that services read, handed to the parts that need them, so that tests can set them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """A pair of clocks.

    monotonic: seconds from an arbitrary zero, for intervals and ages; it never goes back.
    unix: seconds since 1970 in UTC, for times that people read; it can be set back.
    """

    monotonic: Callable[[], float]
    unix: Callable[[], float]

    def now(self) -> datetime:
        """Returns the time of day in UTC."""
        return datetime.fromtimestamp(self.unix(), UTC)

    def time_of(self, moment: float) -> datetime:
        """Returns the time of day, in UTC, that belongs to a `moment` of the monotonic clock."""
        return datetime.fromtimestamp(self.unix() - (self.monotonic() - moment), UTC)


SYSTEM_CLOCK = Clock(time.monotonic, time.time)
"""The machine's own clocks."""
