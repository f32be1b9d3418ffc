"""The shares that the broker is to be asked about, one at a time, and its answers; shared by two threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from marketdata.nets import SafetyNet
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.algolab.answers import EquityInfo

AGAIN_SECONDS = 30.0
AUDIT_SECONDS = 60.0
REFUSED_SECONDS = (30.0, 900.0)
"""The first and the longest pause after the broker refused this call."""


class EquityAnswer(NamedTuple):
    """The broker's answer about a share.

    symbol: the share.
    info: its prices and limits.
    asked: when the broker was asked, in seconds of the monotonic clock.
    """

    symbol: str
    info: EquityInfo
    asked: float


class EquityRequests:
    """The worker asks; the session keeper calls the broker and answers. A failed call is made again later.

    auditing: while true, each share is asked about again every `audit` seconds, to compare its best prices.
    net: tells whether the broker answers.
    """

    def __init__(self, monotonic: Callable[[], float], audit: float = AUDIT_SECONDS) -> None:
        self.auditing = False
        self.net = SafetyNet("price_audit")
        self._answered: set[str] = set()
        self._asked: set[str] = set()
        self._held_until, self._refusals = float("-inf"), 0
        self._monotonic, self._audit = monotonic, audit
        self._due: dict[str, float] = {}
        self._answers: deque[EquityAnswer] = deque()
        self._lock = threading.Lock()

    def ask(self, symbol: str) -> None:
        """Asks for a share's limits: a day began, or its reference price changed."""
        with self._lock:
            self._asked.add(symbol)
            self._due[symbol] = self._monotonic()

    def forget(self, symbol: str) -> None:
        """Asks no more for a share."""
        with self._lock:
            self._due.pop(symbol, None)
            self._answered.discard(symbol)

    def next_due(self) -> str | None:
        """Returns the share to call for next, or None. It is due again in a while unless it is answered or given up."""
        with self._lock:
            now = self._monotonic()
            symbol = min(self._due, key=self._due.__getitem__, default=None)
            if symbol is None or self._due[symbol] > now or now < self._held_until:
                return None
            self._due[symbol] = now + AGAIN_SECONDS
            return symbol

    def postpone(self, symbol: str, seconds: float) -> None:
        """Has a share called for again in so many seconds: the broker was asked too soon."""
        with self._lock:
            self._due[symbol] = self._monotonic() + seconds

    def answer(self, answer: EquityAnswer) -> None:
        """Hands in the broker's answer. Raises `UnusableAnswer` for one that is about another share."""
        if answer.info.name != answer.symbol and answer.info.name in self._asked:
            raise UnusableAnswer(f"the answer is about {answer.info.name}")
        if answer.info.told or not self.auditing:
            self.net.worked()
        else:
            self.net.failed("the broker tells no best prices")
        with self._lock:
            self._refusals = 0
            self._answered.add(answer.symbol)
            self._due.pop(answer.symbol, None)
            if self.auditing:
                self._due[answer.symbol] = self._monotonic() + self._audit
            self._answers.append(answer)

    def failed(self, reason: str) -> None:
        """Notes that a call brought no usable answer. It is made again later."""
        self.net.failed(reason)

    def refused(self, reason: str) -> None:
        """Notes that the broker refuses this call, whatever the share: none is asked about for a while, which grows."""
        self.net.failed(reason)
        with self._lock:
            first, longest = REFUSED_SECONDS
            self._held_until = self._monotonic() + min(longest, first * 2.0 ** min(self._refusals, 30))
            self._refusals += 1

    def give_up(self, symbol: str, reason: str) -> None:
        """Gives a share up, because the broker has no limits for it. One that it once told about is asked for again."""
        with self._lock:
            if symbol not in self._answered:
                self._due.pop(symbol, None)
                return
        self.net.failed(reason)

    def pop_answers(self) -> list[EquityAnswer]:
        """Removes and returns the answers so far."""
        with self._lock:
            answers = list(self._answers)
            self._answers.clear()
            return answers
