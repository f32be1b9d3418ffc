"""Which shares the venue is to be asked about, one at a time, and what it told; between two threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from marketdata.venues.algolab.answers import EquityInfo

AGAIN_SECONDS = 30.0
AUDIT_SECONDS = 60.0


class Told(NamedTuple):
    """What the venue says of a share; it was asked at `asked`, in seconds of the monotonic clock."""

    symbol: str
    info: EquityInfo
    asked: float


class Limits:
    """The worker asks and takes; the keeper answers. A share whose answer failed waits for its turn. While `auditing`
    each is asked about again every `audit` seconds, so that its best prices can be compared. `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float], audit: float = AUDIT_SECONDS) -> None:
        self.auditing = False
        self._clock, self._audit = clock, audit
        self._due: dict[str, float] = {}
        self._told: deque[Told] = deque()
        self._lock = threading.Lock()

    def ask(self, symbol: str) -> None:
        """The share's limits are wanted, since a day began or its reference price changed."""
        with self._lock:
            self._due[symbol] = self._clock()

    def wanted(self) -> str | None:
        """The share to ask for next; it is due again in a while unless it is told or given up."""
        with self._lock:
            now = self._clock()
            symbol = min(self._due, key=self._due.__getitem__, default=None)
            if symbol is None or self._due[symbol] > now:
                return None
            self._due[symbol] = now + AGAIN_SECONDS
            return symbol

    def tell(self, told: Told) -> None:
        """The venue's answer."""
        with self._lock:
            self._due.pop(told.symbol, None)
            if self.auditing:
                self._due[told.symbol] = self._clock() + self._audit
            self._told.append(told)

    def give_up(self, symbol: str) -> None:
        """The venue has no limits for it."""
        with self._lock:
            self._due.pop(symbol, None)

    def take(self) -> list[Told]:
        """What was told since the last time."""
        with self._lock:
            told = list(self._told)
            self._told.clear()
            return told
