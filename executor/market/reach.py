"""Remembers that market data does not answer, so that an order is denied at once instead of waiting to learn it."""

from __future__ import annotations

from collections.abc import Callable

from common.errors import Unavailable

SILENT_SECONDS = 5.0
"""A try without an answer counts for so long. The follower of the stream tries again after 3 s at most."""


class Reach:
    """One thread tries, and notes what came of it; the others ask before they try, too.

    An answer of any kind, a refusal too, takes no time that matters, so only silence is remembered.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._silent: tuple[float, str] | None = None

    def answered(self) -> None:
        """Notes that a try brought an answer."""
        self._silent = None

    def failed(self, error: Unavailable) -> None:
        """Notes a try that failed."""
        self._silent = None if "answered" in error.details else (self._monotonic(), error.message)

    def check(self) -> None:
        """Raises `Unavailable` while the latest try brought no answer."""
        silent = self._silent
        if silent is not None and self._monotonic() - silent[0] < SILENT_SECONDS:
            raise Unavailable(silent[1])
