"""What the venue counts about itself; plain numbers that /metrics reads. Written by the venue's one thread alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts since the start, and what is open now."""

    connections: int = 0
    accepted: int = 0
    closed_without_pong: int = 0
    subscriptions: int = 0
    refused: Counter[str] = field(default_factory=lambda: Counter({"limit": 0, "fault": 0}))
    frames_received: int = 0
    frames_sent: int = 0
    failures: Counter[str] = field(default_factory=lambda: Counter({"market": 0, "socket": 0, "loop": 0}))
