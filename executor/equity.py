"""Watch of the equity: while it is not known no loss could be seen, so nothing that adds risk may pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

DUE_SECONDS = 2.0
"""A look that is older is made again by the next order; the matcher looks twice a second."""
LOST_SECONDS = 10.0
UNSEEN = "the account"


class _Look(NamedTuple):
    """A look at the equity.

    at: when, in seconds of the monotonic clock.
    doubts: what kept it from being relied on, by symbol or currency, with the age of its last mark in seconds.
    """

    at: float
    doubts: Mapping[str, float | None]


class EquityWatch:
    """Remembers the latest look at the equity, so that no order has to look itself."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._latest: _Look | None = None

    def note(self, doubts: Mapping[str, float | None]) -> None:
        """Notes a look."""
        self._latest = _Look(self._monotonic(), doubts)

    def is_due(self) -> bool:
        """Returns true when nobody has looked lately."""
        return self._latest is None or self._monotonic() - self._latest.at > DUE_SECONDS

    def doubts(self) -> Mapping[str, float | None]:
        """Returns what keeps the equity from being relied on; empty for a known one. An old look is a doubt itself."""
        latest = self._latest
        if latest is None:
            return {UNSEEN: None}
        age = self._monotonic() - latest.at
        return latest.doubts if age <= LOST_SECONDS else {UNSEEN: age}
