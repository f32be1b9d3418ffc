"""The newest quote of every symbol, with an age that is true at the moment of asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from common import wire
from web.board import WAITING, Changes, Clock


@dataclass(frozen=True)
class Held:
    """A quote, and the moment when its `age_seconds` was true."""

    quote: wire.Quote
    taken: float


class Quotes:
    """Fed from the stream as it moves and from a poll that proves its age."""

    def __init__(self, clock: Clock, changes: Changes, stale_seconds: float) -> None:
        self._clock = clock
        self._changes = changes
        self._stale_seconds = stale_seconds
        self._held: dict[str, Held] = {}
        self.stream_reason: str | None = WAITING
        self.poll_reason: str | None = WAITING

    def start_over(self, quotes: Iterable[wire.Quote]) -> None:
        """A stream's first snapshot: the truth from here on, whatever sequence was before (a restart counts anew)."""
        moment = self._clock.monotonic()
        with self._changes:
            self._held = {quote.symbol: Held(quote, moment) for quote in quotes}
            self.stream_reason = None

    def move(self, quote: wire.Quote) -> None:
        """One quote of the stream."""
        with self._changes:
            self._held[quote.symbol] = Held(quote, self._clock.monotonic())

    def poll(self, quotes: Iterable[wire.Quote]) -> None:
        """A polled answer. While the stream runs it may be older than what the stream brought: that is kept then."""
        moment = self._clock.monotonic()
        with self._changes:
            for quote in quotes:
                held = self._held.get(quote.symbol)
                behind = held is not None and quote.sequence < held.quote.sequence
                if not (behind and self.stream_reason is None):
                    self._held[quote.symbol] = Held(quote, moment)
            self.poll_reason = None

    def stream_lost(self, reason: str) -> None:
        with self._changes:
            self.stream_reason = reason

    def poll_failed(self, reason: str) -> None:
        with self._changes:
            self.poll_reason = reason

    def now(self) -> list[wire.Quote]:
        """Every quote by symbol, `age_seconds` and `stale` as of this moment."""
        held, moment = dict(self._held), self._clock.monotonic()
        return [self._aged(held[symbol], moment) for symbol in sorted(held)]

    @property
    def revision(self) -> tuple[object, ...]:
        """Differs whenever a price moved or a quote became stale or fresh."""
        return tuple((quote.symbol, quote.sequence, quote.stale) for quote in self.now())

    @property
    def reason(self) -> str | None:
        """Why nothing new can be expected, or None while the stream or the poll works."""
        return self.stream_reason and self.poll_reason

    def _aged(self, held: Held, moment: float) -> wire.Quote:
        age = max(0.0, held.quote.age_seconds + moment - held.taken)
        stale = held.quote.stale or age > self._stale_seconds
        return msgspec.structs.replace(held.quote, age_seconds=round(age, 3), stale=stale)
