"""Tells which looks at a book were of a healthy feed: no fault had touched it for long enough to have healed."""

from __future__ import annotations

import bisect
from collections import defaultdict

from tests.marketdata.truth import Look

CALM_SECONDS, CALM_SOCKET_SECONDS = 30.0, 120.0
"""Longer than one symbol's fault takes to heal, and than a socket's does: the longest silence lasts 70 s."""


class Touched:
    """The moments at which faults were thrown, by what they touch."""

    def __init__(self) -> None:
        self._symbols: defaultdict[str, list[float]] = defaultdict(list)
        self._venues: defaultdict[str, list[float]] = defaultdict(list)

    def symbol(self, symbol: str, at: float, lasts: float = 0.0) -> None:
        """Notes a fault of one symbol, which lasts for so many seconds."""
        self._symbols[symbol].append(at)
        if lasts:
            self._symbols[symbol].append(at + lasts)

    def venue(self, name: str, at: float) -> None:
        """Notes a fault of a venue's socket or session."""
        self._venues[name].append(at)

    def healthy(self, venue: str, looks: list[Look]) -> list[Look]:
        """Returns the looks that no fault had touched for long enough."""
        sockets = sorted(self._venues[venue])
        symbols = {name: sorted(moments) for name, moments in self._symbols.items()}
        return [
            look
            for look in looks
            if _calm(sockets, look.at, CALM_SOCKET_SECONDS)
            and _calm(symbols.get(look.symbol, []), look.at, CALM_SECONDS)
        ]


def _calm(moments: list[float], at: float, seconds: float) -> bool:
    """Returns true when none of the sorted moments is within so many seconds before `at`."""
    place = bisect.bisect_right(moments, at)
    return place == 0 or at - moments[place - 1] > seconds
