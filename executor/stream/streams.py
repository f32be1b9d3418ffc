"""Server-Sent Events: what is open, then what changed; each client at its own pace, and no more clients than places."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common import wire
from common.errors import Unavailable
from executor.errors import LedgerUnavailable
from executor.ledger import Changes, Ledger
from executor.messages import AccountNow, OrdersNow, Resumed, account_now
from executor.metrics import StreamMetrics
from executor.stream.tail import NO_ROUND, PAUSE_AFTER_FAILURE_SECONDS, Position, Tail, event, order_event

HEARTBEAT = b": heartbeat\n\n"
LOOK_UP_SECONDS = 1.0
MOST_RESUMED = 1000
MOST_OPEN = 1000
_EVENT_ID = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Pace:
    """Seconds between heartbeats, and for how long a client may take nothing."""

    heartbeat: float
    send: float


PACE = Pace(heartbeat=10.0, send=15.0)


class Streams:
    """Opens at most `most` streams at once. There is no queue: a client that was slow gets the newest states only. All
    streams end when `stop` is set; `clock` is monotonic seconds."""

    def __init__(
        self,
        ledger: Ledger,
        market: wire.Market,
        metrics: StreamMetrics,
        *,
        most: int,
        pace: Pace,
        clock: Callable[[], float],
        stop: threading.Event,
    ) -> None:
        self.pace = pace
        self._ledger, self._market, self._metrics = ledger, market, metrics
        self._most, self._clock, self._stop = most, clock, stop
        self._lock = threading.Lock()
        self._open = 0
        self.tail = Tail(ledger, market, metrics, lambda: self._open > 0)

    def enter(self) -> Callable[[], None]:
        """Takes one of the places; the answer gives it back, once. Raises `Unavailable` when all are taken."""
        with self._lock:
            if self._open >= self._most:
                self._metrics.refused.inc()
                raise Unavailable(f"all {self._most} streams are taken: close one, or ask /v1/orders", limit=self._most)
            self._open += 1
            self._metrics.open.set(self._open)
        given_back = threading.Event()

        def leave() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self._open -= 1
                    self._metrics.open.set(self._open)

        self.tail.wake()
        return leave

    def begin(self, last_event_id: str = "") -> Iterator[bytes]:
        """The stream's bytes, until the stop: a snapshot, or, for a client that names the last event it had, `resumed`
        and what changed since; then each change, and heartbeats. Raises `LedgerUnavailable` before the first byte."""
        known = int(last_event_id) if _EVENT_ID.fullmatch(last_event_id) else None
        changed = None if known is None else self._changed_since(known)
        if known is None or changed is None:
            return self._follow(*self._snapshot())
        chunk, position = changed
        return self._follow(event("resumed", Resumed(market=self._market, sequence=known), known) + chunk, position)

    def _follow(self, chunk: bytes, position: Position) -> Iterator[bytes]:
        yield chunk
        seen, beat_at = NO_ROUND, self._clock() + self.pace.heartbeat
        while not self._stop.is_set():
            seen, chunk, position = self._next(seen, position, min(beat_at - self._clock(), LOOK_UP_SECONDS))
            if self._clock() >= beat_at:
                beat_at = self._clock() + self.pace.heartbeat
                chunk += HEARTBEAT
            if chunk:
                yield chunk

    def _next(self, seen: int, position: Position, seconds: float) -> tuple[int, bytes, Position]:
        """Apart from the loop, so that a client that is slow to take its bytes does not keep the whole round alive."""
        now_on = self.tail.wait(seen, seconds)
        if now_on.number == seen:
            return seen, b"", position
        told = now_on.since(position)
        if told is None:
            try:
                told = self._changed_since(position.orders) or self._snapshot()
            except LedgerUnavailable:
                self._stop.wait(min(max(seconds, 0.0), PAUSE_AFTER_FAILURE_SECONDS))
                return seen, b"", position
        return now_on.number, *told

    def _changed_since(self, sequence: int) -> tuple[bytes, Position] | None:
        """Read for this client alone; None when too much changed, or when the ledger has not come so far."""
        found = self._ledger.changes(sequence, MOST_RESUMED)
        if found.sequence < sequence or found.condition is None:
            return None
        account = event("account", self._account(found))
        return b"".join(map(order_event, found.orders)) + account, Position(found.sequence, found.sequence)

    def _snapshot(self) -> tuple[bytes, Position]:
        found = self._ledger.open_now(MOST_OPEN)
        body = OrdersNow(
            market=self._market, sequence=found.sequence, orders=tuple(found.orders), account=self._account(found)
        )
        return event("snapshot", body, found.sequence), Position(found.sequence, found.sequence)

    def _account(self, found: Changes) -> AccountNow:
        assert found.condition is not None  # noqa: S101 - known wherever everything up to now was read
        return account_now(self._market, found.condition.account, found.condition.controls.state)
