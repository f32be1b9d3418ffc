"""The clocks that services read, handed to the parts that need them, so that tests can set them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _since_boot() -> float:
    return time.clock_gettime(_SINCE_BOOT)


@dataclass(frozen=True)
class Clock:
    """The clocks of a machine.

    monotonic: seconds from an arbitrary zero, for intervals and ages; it never goes back.
    unix: seconds since 1970 in UTC, for times that people read; it can be set back.
    since_boot: seconds from an arbitrary zero that count while the machine sleeps too; None where it never sleeps.
    """

    monotonic: Callable[[], float]
    unix: Callable[[], float]
    since_boot: Callable[[], float] | None = None

    def now(self) -> datetime:
        """Returns the time of day in UTC."""
        return datetime.fromtimestamp(self.unix(), UTC)

    def time_of(self, moment: float) -> datetime:
        """Returns the time of day, in UTC, that belongs to a `moment` of the monotonic clock."""
        return datetime.fromtimestamp(self.unix() - (self.monotonic() - moment), UTC)


SYSTEM_CLOCK = Clock(time.monotonic, time.time, _since_boot)
"""The machine's own clocks."""
