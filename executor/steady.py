"""The time that the ledger records and that days are told by: it follows the wall clock, and no jump of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from common.clock import Clock

log = logging.getLogger(__name__)

BELIEVED_AFTER_SECONDS = 600.0
"""A clock that was set, or that was just met, is believed once it ran evenly for so long."""
FOLLOWED_SECONDS = 2.0
"""The wall clock is followed by so much at once, and by a thousandth of the time that has passed since."""
FOLLOWED_RATE = 0.001


class SteadyTime:
    """Adds what has passed on a clock that nobody can set to the time at the start.

    A jump of the wall clock is not followed until the clock has run evenly for ten minutes from there. Then time goes
    forward at once; backward it never goes, but runs at half speed until the clock has caught up.

    stepped: called for each jump that was seen.
    off_seconds: how far the wall clock is ahead of this time (below 0: behind) while it is not believed, else 0.
    """

    def __init__(self, clock: Clock) -> None:
        self._wall, self._passed = clock.unix, clock.since_boot or clock.monotonic
        self._lock = threading.Lock()
        self.stepped: Callable[[], object] = lambda: None
        self.off_seconds = 0.0
        wall, at = self._wall(), self._passed()
        self._ahead = wall - at  # is added to the clock that nobody can set
        self._told = self._ahead + at
        self._seen_at = self._even_since = at
        self._slack = FOLLOWED_SECONDS
        self._pending: float | None = None  # the same, as the wall clock has it, while it is not believed

    def unix(self) -> float:
        """Returns the seconds since 1970, never fewer than before."""
        with self._lock:
            wall, at = self._wall(), self._passed()
            self._look(wall - at, at)
            self._told = max(self._ahead + at, self._told + (at - self._seen_at) / 2)
            self._seen_at = at
            return self._told

    def look(self) -> float:
        """Looks at the wall clock; returns `off_seconds`."""
        self.unix()
        return self.off_seconds

    def believed(self) -> float | None:
        """Returns the wall clock's own time; None until it has run evenly for ten minutes, and tells no day."""
        self.unix()
        with self._lock:
            even = self._seen_at - self._even_since
            return self._ahead + self._seen_at if self._pending is None and even >= BELIEVED_AFTER_SECONDS else None

    def not_before(self, at: datetime) -> None:
        """Has time go on from `at` where it is earlier: the ledger has events of then."""
        with self._lock:
            behind = at.timestamp() - self._told
            if behind > 0:
                self._told += behind
        if behind > FOLLOWED_SECONDS:
            log.error("the ledger is ahead of the clock: time goes on from there", extra={"seconds": round(behind, 3)})

    def _look(self, ahead: float, at: float) -> None:
        """Takes a reading of the wall clock: follows a small difference, and waits out a large one."""
        self._slack = min(FOLLOWED_SECONDS, self._slack + (at - self._seen_at) * FOLLOWED_RATE)
        off = ahead - self._ahead
        if abs(off) <= self._slack:
            self._slack -= abs(off)
            self._ahead = ahead
            if self._pending is not None:
                log.warning("the clock is back where it was", extra={"was_off_seconds": round(self.off_seconds, 3)})
                self._pending, self.off_seconds, self._even_since = None, 0.0, at
            return
        if self._pending is None or abs(ahead - self._pending) > FOLLOWED_SECONDS:
            self._pending, self._even_since = ahead, at
            self.stepped()
            log.error("the clock jumped: it is not followed yet", extra={"off_seconds": round(off, 3)})
        self.off_seconds = off
        if at - self._even_since >= BELIEVED_AFTER_SECONDS:
            log.warning("the clock is believed again", extra={"off_seconds": round(off, 3)})
            self._ahead, self._pending, self.off_seconds = ahead, None, 0.0


@dataclass(frozen=True, kw_only=True)
class SteadyClock(Clock):
    """A machine's clocks, with a wall clock that follows no jump.

    times: the time behind `unix`.
    """

    times: SteadyTime

    @classmethod
    def of(cls, clock: Clock) -> Self:
        """Returns the steady clock of a machine's clocks."""
        times = SteadyTime(clock)
        return cls(monotonic=clock.monotonic, unix=times.unix, since_boot=clock.since_boot, times=times)

    def day_time(self) -> datetime | None:
        """Returns the time that a new day may be told by; None while the clock is not believed."""
        seconds = self.times.believed()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
