"""Turns changes into rounds. A round wakes every waiting client once, and encodes once what many clients get."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from common import sse, wire
from common.latest import Latest
from common.loop import Loop
from marketdata.state.selection import Key, Selection, StreamEvent
from marketdata.state.store import Store

IDLE_SECONDS = 0.25
LEAST_PAUSE_SECONDS = 0.005
PAUSE_PER_CLIENT_SECONDS = 0.0005
RETRY_SECONDS = 1.0
SILENT_SECONDS = 10.0
SETTLE_SECONDS = 0.1
"""Symbols that became stale by themselves are looked for so often: the look costs as much as there are symbols. Ages
are told in seconds."""

Instruments = Callable[[], Mapping[str, wire.Instrument]]


class Round:
    """The events of one round. Ages in them are those of the first time that a client asked for them."""

    def __init__(self, store: Store, instruments: Instruments) -> None:
        self._store, self._instruments = store, instruments
        self._lock = threading.Lock()
        self._encoded: dict[Key, bytes] = {}
        self._chunks: dict[tuple[Selection, int], tuple[int, bytes]] = {}

    def since(self, wanted: Selection, after: int) -> tuple[int, bytes]:
        """Returns the store's sequence, and the events for a client that has everything up to `after`."""
        with self._lock:
            asked = (wanted, after)
            if asked not in self._chunks:
                until, events = self._store.since(wanted, after, self._encoded, self._instruments())
                self._chunks[asked] = until, self._encode(events)
            return self._chunks[asked]

    def _encode(self, events: list[StreamEvent]) -> bytes:
        """Of events with the same sequence only the last has the id: a client cut off before it must get them again."""
        chunks = []
        for place, (key, body) in enumerate(events):
            if key not in self._encoded:
                self._encoded[key] = wire.encode(body)
            last = place + 1 == len(events) or events[place + 1].key.sequence != key.sequence
            identity = sse.event_id(key.sequence, self._store.epoch) if last else ""
            chunks.append(sse.encode_json(key.name, self._encoded[key], identity))
        return b"".join(chunks)


class Publisher:
    """Begins a round when the store has moved. A crowd of clients gets more time between rounds than a few.

    rounds: the present round.
    loop: begins the rounds.
    """

    def __init__(self, store: Store, instruments: Instruments, crowd: Callable[[], int]) -> None:
        self._store, self._instruments, self._crowd = store, instruments, crowd
        self.rounds = Latest(Round(store, instruments))
        self._published, self._settle_at = 0, 0.0
        self.loop = Loop("stream-rounds", self.step, silent_after=SILENT_SECONDS, retry=(RETRY_SECONDS, RETRY_SECONDS))

    def step(self, idle: float = IDLE_SECONDS) -> float:
        """Waits up to `idle` seconds for a change, then begins a round if there was one. Returns the pause after it."""
        begun = time.monotonic()
        self._store.moved.wait(idle)
        self._store.moved.clear()
        if begun >= self._settle_at:
            self._settle_at = begun + SETTLE_SECONDS
            self._store.settle()
        if self._store.sequence != self._published:
            self._published = self._store.sequence
            self.rounds.put(Round(self._store, self._instruments))
        pause = max(LEAST_PAUSE_SECONDS, PAUSE_PER_CLIENT_SECONDS * self._crowd())
        return max(0.0, begun + pause - time.monotonic())
