"""When to ask a venue for a book again: rejoin on the same socket first, a new socket only when that failed. Pure."""

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
    """Seconds to wait for a book: after the first join, after a rejoin, and between tries once sockets did not help."""

    first_data: float = 10.0
    rejoin: float = 3.0
    hopeless: float = 60.0


class BookSubscription:
    """One pair's subscription to its book. Times are seconds of the monotonic clock.

    A pair whose book never comes gets a new socket twice; then it only rejoins now and then, since every new
    socket costs the other pairs their books too.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._deadline: float | None = None
        self._rejoined = False
        self._sockets = 0

    def joined(self, now: float) -> None:
        """The first join on a new socket was sent."""
        self._rejoined = False
        self._deadline = now + self._patience.first_data

    def closed(self) -> None:
        """The socket is gone; nothing is awaited."""
        self._deadline = None

    def live(self) -> None:
        """A snapshot came and the book is good."""
        self._deadline, self._rejoined, self._sockets = None, False, 0

    def lost(self, now: float) -> Action | None:
        """The book does not fit what came. While a rejoin is under way old frames still arrive: nothing more to do."""
        if self._rejoined:
            return None
        return self._rejoin(now, self._patience.rejoin)

    def due(self, now: float) -> Action | None:
        """What the clock asks for: nothing, or the next step after a book that did not come in time."""
        if self._deadline is None or now < self._deadline:
            return None
        if not self._rejoined:
            return self._rejoin(now, self._patience.rejoin)
        if self._sockets < SOCKETS_PER_OUTAGE:
            self._sockets += 1
            self._deadline = None
            return Action.RECONNECT
        return self._rejoin(now, self._patience.hopeless)

    def _rejoin(self, now: float, patience: float) -> Action:
        self._rejoined = True
        self._deadline = now + patience
        return Action.REJOIN
