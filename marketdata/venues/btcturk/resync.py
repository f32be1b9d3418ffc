"""Decides when a stream is asked for again: first joined anew on the same socket, then on a new socket. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

SOCKETS_PER_OUTAGE = 2


class Action(Enum):
    """The action that the caller has to take now."""

    REJOIN = auto()
    RECONNECT = auto()


@dataclass(frozen=True)
class ResyncTimings:
    """The waits for data, in seconds.

    first_data: for a stream's first data after the first join.
    rejoin: for its data after a rejoin.
    hopeless: between two rejoins once new sockets did not help.
    calm: two rejoins of one stream are at least so far apart.
    no_data: a socket without any data for so long is replaced, even when it answers pings. The venue repeats tickers
        more than once a second.
    """

    first_data: float = 10.0
    rejoin: float = 3.0
    hopeless: float = 60.0
    calm: float = 1.0
    no_data: float = 20.0


class Subscription:
    """One stream of one socket, whose join must bring data at once. Times are seconds of the monotonic clock.

    A stream whose data never comes is worth a new socket twice, and only when it is `vital`. After that it is joined
    again now and then, since every new socket costs all other streams too.

    joined: true while the stream is joined on the present socket.
    silent: true when it was asked for again and still brings nothing.
    """

    def __init__(self, timings: ResyncTimings, *, vital: bool) -> None:
        self.joined = False
        self.silent = False
        self._timings, self._vital = timings, vital
        self._deadline: float | None = None
        self._reason = ""
        self._rejoined = False
        self._calm_at = 0.0
        self._sockets = 0

    def join(self, now: float) -> None:
        """Notes that the first join on a new socket was sent."""
        self.joined, self._rejoined, self._calm_at = True, False, 0.0
        self._await(now + self._timings.first_data, "no_first_data")

    def close(self) -> None:
        """Notes that the socket is gone; nothing is awaited."""
        self.joined, self._deadline = False, None

    def received(self) -> None:
        """Notes that good data came."""
        self._deadline, self._rejoined, self.silent, self._sockets = None, False, False, 0

    def lose(self, now: float, reason: str) -> tuple[Action, str] | None:
        """Notes that data did not fit or was dropped. Returns the action to take with its reason, or None.

        Old frames still arrive while a rejoin is under way, so nothing more is done then. Two rejoins are at least
        `ResyncTimings.calm` apart: when the next one has to wait, `due` returns it later.
        """
        if self._rejoined or not self.joined:
            return None
        if now < self._calm_at:
            self._await(self._calm_at, reason)
            return None
        return self._rejoin(now, self._timings.rejoin, reason)

    def due(self, now: float) -> tuple[Action, str] | None:
        """Returns the action for data that did not come in time, with its reason, or None."""
        if self._deadline is None or now < self._deadline:
            return None
        self.silent = self.silent or self._reason in ("no_first_data", "resync_timeout")
        if not self._rejoined:
            return self._rejoin(now, self._timings.rejoin, self._reason)
        if self._vital and self._sockets < SOCKETS_PER_OUTAGE:
            self._sockets += 1
            self._deadline = None
            return Action.RECONNECT, "resync_timeout"
        return self._rejoin(now, self._timings.hopeless, "no_first_data")

    def _rejoin(self, now: float, seconds: float, reason: str) -> tuple[Action, str]:
        self._rejoined, self._calm_at = True, now + self._timings.calm
        self._await(now + seconds, "resync_timeout")
        return Action.REJOIN, reason

    def _await(self, deadline: float, reason: str) -> None:
        self._deadline, self._reason = deadline, reason
