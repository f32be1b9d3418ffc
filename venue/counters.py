"""The numbers that a simulated venue counts about itself, for /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


def zeros(names: Iterable[str]) -> Counter[str]:
    """Returns a counter that has each name at 0, so that /metrics shows it from the start."""
    return Counter(dict.fromkeys(names, 0))


@dataclass
class VenueCounters:
    """The counts of one venue. Its loop counts sockets; the server's threads count answers to REST calls.

    upgrades: requests for a new socket since the start, by outcome.
    closures: sockets that the venue ended because the client broke a rule, since the start, by reason.
    answers: answers to REST calls since the start, by outcome; empty where the venue does not count them.
    connections: sockets that are open now.
    subscriptions: subscriptions of all open sockets now.
    frames_received: frames from clients since the start.
    frames_sent: frames to clients since the start.
    failures: exceptions that the venue survived since the start, by the part that raised them.
    """

    upgrades: Counter[str]
    closures: Counter[str]
    answers: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    subscriptions: int = 0
    frames_received: int = 0
    frames_sent: int = 0
    failures: Counter[str] = field(default_factory=lambda: zeros(("market", "socket")))
