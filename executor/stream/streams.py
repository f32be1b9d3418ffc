"""Order streams: the open orders, then every change. A slow client gets the newest states, and no queue of old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common import sse
from common.answers import AccountStatus, OrdersSnapshot, Resumed
from common.clock import Clock
from common.latest import NOTHING_SEEN
from common.loop import Stop
from executor.context import TradingContext
from executor.errors import LedgerUnavailable
from executor.stream.tail import RETRY_SECONDS, LedgerTail, StreamPosition, order_event

MOST_RESUMED = 1000
MOST_OPEN = 1000


@dataclass(frozen=True)
class StreamTimings:
    """The time limits of a stream.

    heartbeat: seconds between two heartbeats.
    send: seconds after which a client that takes nothing is cut off.
    """

    heartbeat: float
    send: float


@dataclass(frozen=True)
class StreamCalls:
    """The functions that streams call.

    account: returns the account as of now, whichever executor writes it.
    opened: called for each stream that begins, so that the tail looks at once.
    """

    account: Callable[[], AccountStatus]
    opened: Callable[[], None]


STREAM_TIMINGS = StreamTimings(heartbeat=10.0, send=sse.SEND_SECONDS)


class OrderStreams:
    """Opens streams; all of them end at the stop."""

    def __init__(
        self,
        trading: TradingContext,
        tail: LedgerTail,
        timings: StreamTimings,
        clock: Clock,
        stop: Stop,
        told: StreamCalls,
    ) -> None:
        self.timings = timings
        self._ledger, self._market, self._tail = trading.ledger, trading.market, tail
        self._clock, self._stop, self._told = clock, stop, told

    def begin(self, last_event_id: str = "") -> Iterator[bytes]:
        """Returns the bytes of one stream: a snapshot, then each change, and heartbeats.

        A client that names its last event gets `resumed` and the changes since then in the place of the snapshot.
        Raises `LedgerUnavailable` before the first byte.
        """
        self._told.opened()
        known = sse.resume_point(last_event_id)
        changed = None if known is None else self._changed_since(known)
        if known is None or changed is None:
            first, position = self._snapshot()
        else:
            since, position = changed
            first = sse.encode("resumed", Resumed(market=self._market, sequence=known), sse.event_id(known)) + since
        return self._follow(first, position)

    def _follow(self, first: bytes, position: StreamPosition) -> Iterator[bytes]:
        seen = NOTHING_SEEN

        def following(seconds: float) -> bytes:
            nonlocal seen, position
            seen, events, position = self.after(seen, position, seconds)
            return events

        beat, monotonic = self.timings.heartbeat, self._clock.monotonic
        return sse.follow(first, following, stop=self._stop, heartbeat=beat, monotonic=monotonic)

    def after(self, seen: int, position: StreamPosition, seconds: float) -> tuple[int, bytes, StreamPosition]:
        """Waits at most `seconds` for a new window; returns its number, and the reader's events and position."""
        number, window = self._tail.windows.wait(seen, seconds)
        if number == seen:
            return seen, b"", position
        found = window.since(position)
        if found is None:
            try:
                found = self._changed_since(position.orders) or self._snapshot()
            except LedgerUnavailable:
                self._stop.wait(min(seconds, RETRY_SECONDS))
                return seen, b"", position
        return number, *found

    def _changed_since(self, sequence: int) -> tuple[bytes, StreamPosition] | None:
        """Reads the changes for one client; None when they are too many, or when the ledger has no such sequence."""
        found = self._ledger.changes(sequence, MOST_RESUMED)
        if found.sequence < sequence or not found.complete:
            return None
        account = sse.encode("account", self._told.account())
        return b"".join(map(order_event, found.orders)) + account, StreamPosition(found.sequence, found.sequence)

    def _snapshot(self) -> tuple[bytes, StreamPosition]:
        found = self._ledger.open_orders(MOST_OPEN)
        body = OrdersSnapshot(
            market=self._market, sequence=found.sequence, orders=tuple(found.orders), account=self._told.account()
        )
        event = sse.encode("snapshot", body, sse.event_id(found.sequence))
        return event, StreamPosition(found.sequence, found.sequence)
