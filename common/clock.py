"""The clocks that services read, handed to the parts that need them, so that tests can set them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

STEP_SECONDS = 0.05
"""A difference between two readings of the clocks above this means that the time of day was set anew."""
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


class TimesOfDay:
    """Tells the time of day that belongs to a moment of the monotonic clock.

    The same moment has the same time, however often it is asked for: the two clocks can't be read at once, so each
    reading differs by the time between them. Only a time of day that was set anew moves all moments.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start: float | None = None

    def of(self, moment: float) -> datetime:
        """Returns the time of day, in UTC, that belongs to a `moment` of the monotonic clock."""
        return datetime.fromtimestamp(self._monotonic_start() + moment, UTC)

    def _monotonic_start(self) -> float:
        """Returns the time of day at which the monotonic clock was zero."""
        before = self._clock.monotonic()
        unix = self._clock.unix()
        after = self._clock.monotonic()
        known, start = self._start, unix - (before + after) / 2
        interrupted = after - before > STEP_SECONDS
        if known is None or (abs(start - known) > STEP_SECONDS and not interrupted):
            self._start = known = start
        return known


SYSTEM_CLOCK = Clock(time.monotonic, time.time, _since_boot)
"""The machine's own clocks."""
