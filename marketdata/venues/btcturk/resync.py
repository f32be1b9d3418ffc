"""Decides when one stream is joined anew, because its data does not fit or does not come. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResyncTimings:
    """The waits for data, in seconds.

    first_data: for a stream's first data after the first join.
    rejoin: for its data after a rejoin. Each further rejoin waits twice as long.
    hopeless: the longest of these waits.
    calm: two rejoins of one stream are at least so far apart.
    no_data: a socket without any data for so long is replaced, even when it answers pings. The venue repeats tickers
        more than once a second.
    unproved: a book that nothing has proved for so long is asked for again.
    """

    first_data: float = 10.0
    rejoin: float = 3.0
    hopeless: float = 60.0
    calm: float = 1.0
    no_data: float = 20.0
    unproved: float = 10.0


class Subscription:
    """One stream of one socket, whose join must bring data at once. Times are seconds of the monotonic clock.

    A stream whose data never comes is joined again ever more rarely. It never costs the socket, which all other
    streams share.

    joined: true while the stream is joined on the present socket.
    silent: true when it was asked for again and still brings nothing.
    """

    def __init__(self, timings: ResyncTimings) -> None:
        self.joined = False
        self.silent = False
        self._timings = timings
        self._deadline: float | None = None
        self._reason = ""
        self._rejoins = 0
        self._calm_at = 0.0

    def join(self, now: float) -> None:
        """Notes that the first join on a new socket was sent."""
        self.joined, self._rejoins, self._calm_at = True, 0, 0.0
        self._await(now + self._timings.first_data, "no_first_data")

    def close(self) -> None:
        """Notes that the socket is gone; nothing is awaited."""
        self.joined, self._deadline = False, None

    def leave(self) -> None:
        """Notes that the stream was left, because the venue lists its pair no longer."""
        self.close()
        self.silent = False

    def received(self) -> None:
        """Notes that good data came."""
        self._deadline, self._rejoins, self.silent = None, 0, False

    def lose(self, now: float, reason: str) -> str | None:
        """Notes that data did not fit or was dropped. Returns the reason when the stream is to be joined anew now.

        Old frames still arrive while a rejoin is under way, so nothing more is done then. Two rejoins are at least
        `ResyncTimings.calm` apart: when the next one has to wait, `due` returns it later.
        """
        if self._rejoins or not self.joined:
            return None
        if now < self._calm_at:
            self._await(self._calm_at, reason)
            return None
        return self._rejoin(now, reason)

    def due(self, now: float) -> str | None:
        """Returns the reason when the stream is to be joined anew now: its data did not come in time."""
        if self._deadline is None or now < self._deadline:
            return None
        self.silent = self.silent or self._reason in ("no_first_data", "resync_timeout")
        return self._rejoin(now, self._reason)

    def _rejoin(self, now: float, reason: str) -> str:
        wait = min(self._timings.rejoin * 2.0**self._rejoins, self._timings.hopeless)
        self._rejoins = min(self._rejoins + 1, 30)
        self._calm_at = now + self._timings.calm
        self._await(now + wait, "resync_timeout")
        return reason

    def _await(self, deadline: float, reason: str) -> None:
        self._deadline, self._reason = deadline, reason
