"""The newest quote of every symbol, with an age that is true when it is read."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from common import wire
from common.clock import Clock
from web.cells import WAITING, Changes

OLDEST_SECONDS = 10 * 365 * 86_400.0
"""An age above this is taken for this: no calendar reaches back as far as some number may say."""


@dataclass(frozen=True)
class ProvedQuote:
    """A quote and when it was last known to be true.

    quote: the quote.
    proved_at: the moment, on the monotonic clock, at which the feed last proved it.
    """

    quote: wire.Quote
    proved_at: float


class QuoteTable:
    """Takes quotes from the stream as they move, and from a poll that proves the age of those that don't.

    stream_reason: why the stream brings nothing; None while it runs.
    poll_reason: why the poll brings nothing; None while it works.
    """

    def __init__(self, clock: Clock, changes: Changes, stale_seconds: float) -> None:
        self.stream_reason: str | None = WAITING
        self.poll_reason: str | None = WAITING
        self._clock = clock
        self._changes = changes
        self._stale_seconds = stale_seconds
        self._lock = threading.Lock()
        self._received: dict[str, ProvedQuote] = {}

    def start_over(self, quotes: Iterable[wire.Quote]) -> None:
        """Replaces all quotes with a stream's snapshot. Sequences may be lower than before: a restart begins anew."""
        received = self._proved(quotes)
        with self._lock:
            self._received = received
            self.stream_reason = None
        self._changes.put(None)

    def update(self, quote: wire.Quote) -> None:
        """Takes one quote of the stream."""
        with self._lock:
            self._received |= self._proved([quote])
        self._changes.put(None)

    def drop(self, symbol: str) -> None:
        """Drops the quote of a symbol that is followed no longer."""
        with self._lock:
            self._received.pop(symbol, None)
        self._changes.put(None)

    def update_from_poll(self, quotes: Iterable[wire.Quote]) -> None:
        """Takes a polled answer. While the stream runs, it tells which symbols there are, and a quote with a lower
        sequence is older and is left out."""
        polled = self._proved(quotes)
        with self._lock:
            if self.stream_reason is not None:
                self._received = polled
            for symbol, present in self._received.items():
                again = polled.get(symbol, present)
                if again.quote.sequence >= present.quote.sequence:
                    self._received[symbol] = again
            self.poll_reason = None
        self._changes.put(None)

    def stream_failed(self, reason: str) -> None:
        """Takes note that the stream ended."""
        self.stream_reason = reason
        self._changes.put(None)

    def poll_failed(self, reason: str) -> None:
        """Takes note that a poll brought no answer."""
        self.poll_reason = reason
        self._changes.put(None)

    def now(self) -> list[wire.Quote]:
        """Returns every quote by symbol, its `age_seconds` and `stale` as of this moment."""
        return [each.quote for each in self.proved()]

    def proved(self) -> list[ProvedQuote]:
        """Returns every quote by symbol as `now` does, and when each was proved."""
        received, now = dict(self._received), self._clock.monotonic()
        return [self._aged(received[symbol], now) for symbol in sorted(received)]

    @property
    def reason(self) -> str | None:
        """The reason why no new quote can be expected; None while the stream or the poll works."""
        return self.stream_reason and self.poll_reason

    def _proved(self, quotes: Iterable[wire.Quote]) -> dict[str, ProvedQuote]:
        """Returns quotes that have just arrived, by symbol."""
        now = self._clock.monotonic()
        return {quote.symbol: ProvedQuote(quote, now - min(quote.age_seconds, OLDEST_SECONDS)) for quote in quotes}

    def _aged(self, received: ProvedQuote, now: float) -> ProvedQuote:
        age = max(0.0, now - received.proved_at)
        stale = received.quote.stale or age > self._stale_seconds
        quote = msgspec.structs.replace(received.quote, age_seconds=round(age, 3), stale=stale)
        return ProvedQuote(quote, received.proved_at)
