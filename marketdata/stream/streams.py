"""Server-Sent Events: a snapshot, then what changed; each client at its own pace, and no more clients than threads."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

from common import wire
from common.errors import Unavailable
from marketdata.state.selection import Selection
from marketdata.state.store import Store
from marketdata.stream.publisher import NO_ROUND, Instruments, Publisher, event_id

HEARTBEAT = b": heartbeat\n\n"
_EVENT_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})", re.ASCII)


class Streams:
    """Opens at most `most` streams at once. There is no queue: a client that was slow gets the latest state only, and
    one that takes nothing for `send_seconds` is cut off. A heartbeat comes every `heartbeat` seconds."""

    def __init__(
        self,
        store: Store,
        *,
        instruments: Instruments,
        most: int,
        heartbeat: float,
        send_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.send_seconds = send_seconds
        self._store, self._instruments = store, instruments
        self._most, self._heartbeat, self._clock = most, heartbeat, clock
        self.publisher = Publisher(store, instruments, lambda: self.open_count)
        self._lock = threading.Lock()
        self.open_count = 0
        self.refused = 0

    def start(self) -> None:
        """Starts telling changes."""
        self.publisher.start()

    def stop(self) -> None:
        """Ends telling changes; open streams get heartbeats only."""
        self.publisher.stop()

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

    def events(self, wanted: Selection, last_event_id: str = "") -> Iterator[bytes]:
        """The stream's bytes, without end: a snapshot, then each change, and heartbeats. A client that names the last
        event it had of this process, for the same selection, gets `resumed` and what changed since instead."""
        resumed = self._resumed(last_event_id)
        if resumed is None:
            seen = self.publisher.number
            told, body = self._store.snapshot(wanted, self._instruments())
            yield self._event("snapshot", told, body)
        else:
            seen, told = NO_ROUND, resumed
            yield self._event("resumed", told, {"market": self._store.market, "sequence": told})
        beat_at = self._clock() + self._heartbeat
        while True:
            seen, told, chunk = self._next(wanted, seen, told, beat_at - self._clock())
            if self._clock() >= beat_at:
                beat_at = self._clock() + self._heartbeat
                chunk += HEARTBEAT
            if chunk:
                yield chunk

    def _next(self, wanted: Selection, seen: int, told: int, seconds: float) -> tuple[int, int, bytes]:
        """Apart from the loop, so that a client that is slow to take its bytes does not keep the whole round alive."""
        now_on = self.publisher.wait(seen, seconds)
        if now_on.number == seen:
            return seen, told, b""
        return now_on.number, *now_on.since(wanted, told)

    def _resumed(self, last_event_id: str) -> int | None:
        match = _EVENT_ID.fullmatch(last_event_id)
        if match is None or match[1] != self._store.epoch or int(match[2]) > self._store.sequence:
            return None
        return int(match[2])

    def _event(self, name: str, sequence: int, body: object) -> bytes:
        return b"event: %s\n%sdata: %s\n\n" % (name.encode(), event_id(self._store, sequence), wire.encode(body))
