"""The queue is bounded, counts what it drops, and keeps a socket's beginning and end."""

from __future__ import annotations

from marketdata.inbox import Arrival, Inbox, Kind
from marketdata.tally import Tally


def _arrival(kind: Kind, payload: bytes = b"") -> Arrival:
    return Arrival(kind, 0.0, 0.0, payload)


def test_arrivals_come_out_in_order() -> None:
    inbox = Inbox(10, Tally())
    for payload in (b"1", b"2"):
        inbox.put(_arrival("frame", payload))
    assert [arrival.payload for arrival in (inbox.get(0.1), inbox.get(0.1)) if arrival] == [b"1", b"2"]
    assert inbox.get(0.001) is None


def test_frames_beyond_the_limit_are_dropped_and_counted_but_an_end_is_kept() -> None:
    tally = Tally()
    inbox = Inbox(3, tally)
    for _ in range(5):
        inbox.put(_arrival("frame"))
    inbox.put(_arrival("heartbeat"))
    inbox.put(_arrival("closed"))
    assert tally.dropped == 3
    assert inbox.depth() == 4
    assert [arrival.kind for arrival in (inbox.get(0.1) for _ in range(4)) if arrival][-1] == "closed"
