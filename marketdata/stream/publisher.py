"""Turns changes into rounds: in each, whoever waits is woken once, and what many are told is encoded once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from common import wire
from marketdata.state.selection import Key, Selection, Told
from marketdata.state.store import Store

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.25
LEAST_PAUSE_SECONDS = 0.005
PAUSE_PER_CLIENT_SECONDS = 0.0005
WOKEN_TOGETHER = 16
BETWEEN_WAKES_SECONDS = 0.0005
PAUSE_AFTER_FAILURE_SECONDS = 1.0
NO_ROUND = -1

Instruments = Callable[[], Mapping[str, wire.Instrument]]


class Round:
    """What may be told until the next round. Ages are those of when it was first asked for."""

    def __init__(self, number: int, store: Store, instruments: Instruments) -> None:
        self.number = number
        self._store, self._instruments = store, instruments
        self._lock = threading.Lock()
        self._encoded: dict[Key, bytes] = {}
        self._chunks: dict[tuple[Selection, int], tuple[int, bytes]] = {}

    def since(self, wanted: Selection, after: int) -> tuple[int, bytes]:
        """The sequence up to which a client that was told all until `after` is told now, and the events for it."""
        with self._lock:
            asked = (wanted, after)
            if asked not in self._chunks:
                until, told = self._store.since(wanted, after, self._encoded, self._instruments())
                self._chunks[asked] = until, self._events(told)
            return self._chunks[asked]

    def _events(self, told: list[Told]) -> bytes:
        """Of events with the same sequence only the last has the id: who was cut off before it must get them again."""
        lines = []
        for place, (key, body) in enumerate(told):
            if key not in self._encoded:
                self._encoded[key] = wire.encode(body)
            last = place + 1 == len(told) or told[place + 1].key.sequence != key.sequence
            identity = event_id(self._store, key.sequence) if last else b""
            lines.append(b"event: %s\n%sdata: %s\n\n" % (key.name.encode(), identity, self._encoded[key]))
        return b"".join(lines)


class Publisher:
    """Begins a round when the store has moved, and gives a crowd more time between rounds than a few clients."""

    def __init__(self, store: Store, instruments: Instruments, crowd: Callable[[], int]) -> None:
        self._store, self._instruments, self._crowd = store, instruments, crowd
        self._lock = threading.Lock()
        self._round = Round(0, store, instruments)
        self._told = 0
        self._waiting: set[threading.Event] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Starts the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the rounds."""
        self._stop.set()
        self._store.moved.set()
        self._thread.join(IDLE_SECONDS + 1.0)

    @property
    def number(self) -> int:
        """The number of the round that is on."""
        return self._round.number

    def wait(self, seen: int, seconds: float) -> Round:
        """The round that is on, as soon as it is another than `seen`, or after some seconds."""
        woken = threading.Event()
        with self._lock:
            if self._round.number != seen:
                return self._round
            self._waiting.add(woken)
        if not woken.wait(seconds):
            with self._lock:
                self._waiting.discard(woken)
        return self._round

    def step(self, patience: float) -> None:
        """Waits for a change, also for one that only time made; then begins a round if there was one."""
        self._store.moved.wait(patience)
        self._store.moved.clear()
        self._store.settle()
        if self._store.sequence == self._told:
            return
        with self._lock:
            self._told = self._store.sequence
            self._round = Round(self._round.number + 1, self._store, self._instruments)
            woken, self._waiting = list(self._waiting), set()
        for begin in range(0, len(woken), WOKEN_TOGETHER):
            for one in woken[begin : begin + WOKEN_TOGETHER]:
                one.set()
            if begin + WOKEN_TOGETHER < len(woken):
                time.sleep(BETWEEN_WAKES_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                self.step(IDLE_SECONDS)
            except Exception:
                log.exception("a round of the stream failed")
                self._stop.wait(PAUSE_AFTER_FAILURE_SECONDS)
            pause = max(LEAST_PAUSE_SECONDS, PAUSE_PER_CLIENT_SECONDS * self._crowd())
            self._stop.wait(max(0.0, begun + pause - time.monotonic()))


def event_id(store: Store, sequence: int) -> bytes:
    """The id line of an event: sequences of another epoch mean nothing here."""
    return b"id: %s-%d\n" % (store.epoch.encode(), sequence)
