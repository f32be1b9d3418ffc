"""When to ask a venue for a stream again: join anew on the same socket, a new socket only when that failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

SOCKETS_PER_OUTAGE = 2


class Action(Enum):
    """What the caller has to do now."""

    REJOIN = auto()
    RECONNECT = auto()


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a stream's first data: after the first join, after a rejoin, and between tries once sockets
    did not help. Two rejoins of one stream are at least `calm` apart. A socket on which `no_data` passes without any
    data is replaced, however well it answers pings: the venue repeats tickers more than once a second."""

    first_data: float = 10.0
    rejoin: float = 3.0
    hopeless: float = 60.0
    calm: float = 1.0
    no_data: float = 20.0


class Subscription:
    """One stream of one socket, whose join must bring data at once. Times are seconds of the monotonic clock.

    What never comes is worth a new socket twice, and only if it is `vital`; then it is joined again now and then, since
    every new socket costs all other streams too.
    """

    def __init__(self, patience: Patience, *, vital: bool) -> None:
        self.joined = False
        self.silent = False
        self._patience, self._vital = patience, vital
        self._deadline: float | None = None
        self._reason = ""
        self._rejoined = False
        self._calm_at = 0.0
        self._sockets = 0

    def join(self, now: float) -> None:
        """The first join on a new socket was sent."""
        self.joined, self._rejoined, self._calm_at = True, False, 0.0
        self._await(now + self._patience.first_data, "no_first_data")

    def close(self) -> None:
        """The socket is gone; nothing is awaited."""
        self.joined, self._deadline = False, None

    def come(self) -> None:
        """The first data came, and it was good."""
        self._deadline, self._rejoined, self.silent, self._sockets = None, False, False, 0

    def lose(self, now: float, reason: str) -> tuple[Action, str] | None:
        """What came does not fit, or was dropped. While a rejoin is under way old frames still arrive: nothing more to
        do; soon after one the next has to wait, which `due` sees to."""
        if self._rejoined or not self.joined:
            return None
        if now < self._calm_at:
            self._await(self._calm_at, reason)
            return None
        return self._rejoin(now, self._patience.rejoin, reason)

    def due(self, now: float) -> tuple[Action, str] | None:
        """What the clock asks for, and why: nothing, or the next step after data that did not come in time."""
        if self._deadline is None or now < self._deadline:
            return None
        self.silent = self.silent or self._reason in ("no_first_data", "resync_timeout")
        if not self._rejoined:
            return self._rejoin(now, self._patience.rejoin, self._reason)
        if self._vital and self._sockets < SOCKETS_PER_OUTAGE:
            self._sockets += 1
            self._deadline = None
            return Action.RECONNECT, "resync_timeout"
        return self._rejoin(now, self._patience.hopeless, "no_first_data")

    def _rejoin(self, now: float, patience: float, reason: str) -> tuple[Action, str]:
        self._rejoined, self._calm_at = True, now + self._patience.calm
        self._await(now + patience, "resync_timeout")
        return Action.REJOIN, reason

    def _await(self, deadline: float, reason: str) -> None:
        self._deadline, self._reason = deadline, reason
