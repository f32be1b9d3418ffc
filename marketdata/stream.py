"""Server-Sent Events: a snapshot, then what changed; each client at its own pace, and no more clients than threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from common import wire
from common.errors import Unavailable
from marketdata.store import Store

STALENESS_CHECK_SECONDS = 1.0


class Streams:
    """Opens at most `most` streams at once. There is no queue: a client that was slow gets the latest quotes only."""

    def __init__(self, store: Store, *, most: int, heartbeat: float, clock: Callable[[], float]) -> None:
        self._store, self._most, self._heartbeat, self._clock = store, most, heartbeat, clock
        self._lock = threading.Lock()
        self.open_count = 0
        self.refused = 0

    def enter(self) -> Callable[[], None]:
        """Takes one of the places; the answer gives it back, once. Raises `Unavailable` when all are taken."""
        with self._lock:
            if self.open_count >= self._most:
                self.refused += 1
                raise Unavailable(f"all {self._most} streams are taken: close one, or ask /v1/quotes", limit=self._most)
            self.open_count += 1
        given_back = threading.Event()

        def leave() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self.open_count -= 1

        return leave

    def events(self, symbols: Sequence[str]) -> Iterator[bytes]:
        """The stream's bytes, without end: a snapshot, then each quote that changed or became stale, and heartbeats."""
        sequence, quotes = self._store.quotes(symbols)
        yield _event("snapshot", sequence, {"market": self._store.market, "sequence": sequence, "quotes": quotes})
        told = {quote.symbol: quote.stale for quote in quotes}
        beat_at = self._clock() + self._heartbeat
        while True:
            patience = min(STALENESS_CHECK_SECONDS, max(0.0, beat_at - self._clock()))
            self._store.wait(symbols, sequence, patience)
            seen, changed = self._store.quotes(symbols, after=sequence)
            if not changed:
                changed = [quote for quote in self._store.quotes(symbols)[1] if quote.stale != told[quote.symbol]]
            for quote in changed:
                told[quote.symbol] = quote.stale
                yield _event("quote", quote.sequence, quote)
            sequence = seen
            if self._clock() >= beat_at:
                beat_at = self._clock() + self._heartbeat
                yield b": heartbeat\n\n"


def _event(name: str, sequence: int, body: wire.Quote | dict[str, object]) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), sequence, wire.encode(body))
