"""What the AlgoLab side counts about itself; plain numbers that /metrics reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

UPGRADES = ("accepted", "not_found", "unauthorized", "fault")
CLOSURES = ("nothing_subscribed", "no_heartbeat", "wrong_token", "session_over", "not_reading")
ANSWERS = ("ok", "refused", "unauthorized", "too_many", "fault")


def _zeros(names: tuple[str, ...]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 0))


@dataclass
class Tally:
    """Counts since the start, by outcome, and what is open now. Sockets are counted by the venue's loop, answers by
    the threads that give them."""

    connections: int = 0
    subscriptions: int = 0
    frames_received: int = 0
    frames_sent: int = 0
    upgrades: Counter[str] = field(default_factory=lambda: _zeros(UPGRADES))
    closures: Counter[str] = field(default_factory=lambda: _zeros(CLOSURES))
    answers: Counter[str] = field(default_factory=lambda: _zeros(ANSWERS))
    failures: Counter[str] = field(default_factory=lambda: _zeros(("market", "socket", "loop")))
