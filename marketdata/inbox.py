"""The bounded queue between the thread that reads a socket and the one that understands it."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Literal

from marketdata.tally import Tally

Kind = Literal["opened", "frame", "heartbeat", "closed"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that happened on a socket: `at` by the monotonic clock, `received` in unix seconds."""

    kind: Kind
    at: float
    received: float
    payload: bytes = b""


class Inbox:
    """Frames beyond the limit are dropped and counted; a socket's beginning and end never are."""

    def __init__(self, limit: int, tally: Tally) -> None:
        self._limit, self._tally = limit, tally
        self._queue: queue.SimpleQueue[Arrival] = queue.SimpleQueue()

    def put(self, arrival: Arrival) -> None:
        """Never blocks: the caller must go on reading, or the venue misses its pongs."""
        if arrival.kind in ("frame", "heartbeat") and self._queue.qsize() >= self._limit:
            self._tally.dropped += 1
            return
        self._queue.put(arrival)

    def get(self, timeout: float) -> Arrival | None:
        """The oldest arrival, or None after `timeout` seconds."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def depth(self) -> int:
        """How many arrivals wait."""
        return self._queue.qsize()
