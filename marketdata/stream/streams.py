"""The event stream: a snapshot, then the changes. Each client goes at its own pace; their number is limited."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from common import sse
from common.latest import NOTHING_SEEN
from common.loop import Stop
from marketdata.state.selection import PROOF, Selection
from marketdata.state.store import Store
from marketdata.stream.publisher import Instruments, Publisher

HEARTBEAT_SECONDS = 5.0
PROOF_SECONDS = 0.5


class Streams:
    """Opens at most `most` streams at once, until the stop. There is no queue: a slow client gets only the latest
    state.

    slots: the streams that are open.
    refused: the streams refused since the start, because all slots were taken.
    publisher: begins the rounds.
    """

    def __init__(
        self,
        store: Store,
        *,
        instruments: Instruments,
        most: int,
        stop: Stop,
        monotonic: Callable[[], float],
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.refused = 0
        self.slots = sse.StreamSlots(most, instead="close one, or ask /v1/quotes", refused=self._count_refused)
        self.publisher = Publisher(store, instruments, lambda: self.slots.open)
        self._store, self._instruments = store, instruments
        self._stop, self._monotonic, self._heartbeat = stop, monotonic, heartbeat
        stop.on_set(self.publisher.rounds.end)

    def events(self, wanted: Selection, last_event_id: str = "") -> Iterator[bytes]:
        """Returns the stream's bytes, which end with the stop: a snapshot, then each change, and heartbeats.

        A client that names the last event it had of this process, for the same selection, gets `resumed` and the
        changes since then instead of the snapshot.
        """
        resumed = self._resumed(last_event_id)
        seen = NOTHING_SEEN if resumed is not None else self.publisher.rounds.number
        if resumed is None:
            name, (sent, body) = "snapshot", self._store.snapshot(wanted, self._instruments())
        else:
            name, sent, body = "resumed", resumed, {"market": self._store.market, "sequence": resumed}
        first = sse.encode(name, body, sse.event_id(sent, self._store.epoch))

        def changes(seconds: float) -> bytes:
            nonlocal seen, sent
            number, latest = self.publisher.rounds.wait(seen, seconds)
            if number == seen:
                return b""
            seen = number
            sent, chunk = latest.since(wanted, sent)
            return chunk

        following = self._proving(wanted, changes, lambda: sent) if wanted.proofs else changes
        return sse.follow(first, following, stop=self._stop, heartbeat=self._heartbeat, monotonic=self._monotonic)

    def _proving(
        self, wanted: Selection, changes: Callable[[float], bytes], sent: Callable[[], int]
    ) -> Callable[[float], bytes]:
        """Returns `changes` with a proof after them whenever one is due."""
        due_at = 0.0

        def following(seconds: float) -> bytes:
            nonlocal due_at
            chunk = changes(max(0.0, min(seconds, due_at - self._monotonic())))
            if self._monotonic() >= due_at:
                due_at = self._monotonic() + PROOF_SECONDS
                chunk += sse.encode(PROOF, self._store.proof(wanted, sent()))
            return chunk

        return following

    def _resumed(self, last_event_id: str) -> int | None:
        sequence = sse.resume_point(last_event_id, self._store.epoch)
        return None if sequence is None or sequence > self._store.sequence else sequence

    def _count_refused(self) -> None:
        self.refused += 1
