"""The queue is bounded, loses what can be missed before what can't, and never hides a hole."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from marketdata.counters import Counters
from marketdata.events import FrameClass
from marketdata.link.inbox import HARD_LIMIT_FACTOR, Arrival, Inbox, Kind

CLASSES: dict[bytes, FrameClass] = {b"K": "keep", b"C": "coalesce", b"S": "sequence", b"P": "plain"}


def _classify(payload: bytes) -> tuple[FrameClass, str]:
    """Payloads here are a letter for the class, one for the key, and a number: S:a:12."""
    return CLASSES[payload[:1]], payload[2:3].decode()


def _arrival(kind: Kind, payload: bytes = b"", at: float = 0.0) -> Arrival:
    return Arrival(kind, at, at, payload)


def _frames(inbox: Inbox, *payloads: bytes) -> None:
    for payload in payloads:
        inbox.put([_arrival("frame", payload)])


def _all(inbox: Inbox) -> list[tuple[Kind, bytes]]:
    found = []
    while arrivals := inbox.pop(0):
        found += [(arrival.kind, arrival.payload) for arrival in arrivals]
    return found


def _texts(inbox: Inbox) -> list[str]:
    return [f"lost {payload.decode()}" if kind == "lost" else payload.decode() or kind for kind, payload in _all(inbox)]


def _inbox(limit: int) -> tuple[Inbox, Counters]:
    counters = Counters()
    return Inbox(limit, counters, _classify), counters


def test_arrivals_come_out_in_order() -> None:
    inbox = Inbox(10, Counters(), _classify)
    _frames(inbox, b"1", b"2")
    assert _texts(inbox) == ["1", "2"]
    assert inbox.pop(0.001) == []


def test_a_worker_that_waits_is_woken() -> None:
    inbox = Inbox(10, Counters(), _classify)
    threading.Timer(0.05, inbox.put, ([_arrival("frame", b"1")],)).start()
    began = time.monotonic()
    assert inbox.pop(30) == [_arrival("frame", b"1")]
    assert time.monotonic() - began < 20


def test_plain_frames_beyond_the_limit_are_dropped_but_an_end_is_kept() -> None:
    counters = Counters()
    inbox = Inbox(3, counters, lambda _payload: ("plain", ""))
    _frames(inbox, *[b"x"] * 5)
    inbox.put([_arrival("heartbeat")])
    inbox.put([_arrival("closed")])
    assert inbox.depth() == 4
    assert _texts(inbox) == ["x", "x", "x", "closed"]
    assert (counters.drops.total(), counters.drops["plain"], counters.drops["heartbeat"]) == (3, 2, 1)


def test_nothing_is_classified_while_there_is_room() -> None:
    def refuse(_payload: bytes) -> tuple[FrameClass, str]:
        raise AssertionError

    inbox = Inbox(3, Counters(), refuse)
    _frames(inbox, b"K:a:1", b"S:a:1", b"?")
    assert _texts(inbox) == ["K:a:1", "S:a:1", "?"]


def test_only_the_newest_of_a_key_is_kept_in_the_turn_of_the_oldest() -> None:
    inbox, counters = _inbox(4)
    _frames(inbox, b"C:a:1", b"C:b:1", b"K:a:1", b"C:a:2", b"C:a:3", b"C:b:2")
    assert _texts(inbox) == ["C:a:3", "C:b:2", "K:a:1"]
    assert counters.drops["coalesce"] == 3


def test_one_missing_change_takes_all_changes_of_its_key_and_leaves_one_mark_in_their_place() -> None:
    inbox, counters = _inbox(5)
    _frames(inbox, b"S:a:1", b"S:b:1", b"K:x:1", b"S:a:2", b"P:x:1", b"S:a:3", b"S:a:4", b"K:x:2")
    assert _texts(inbox) == ["lost a", "S:b:1", "K:x:1", "P:x:1", "K:x:2"]
    assert counters.drops["sequence"] == 4


def test_a_key_that_overflows_again_after_its_mark_was_read_is_marked_again() -> None:
    inbox, _ = _inbox(4)
    _frames(inbox, b"S:a:1", *[b"K:x:1"] * 3, b"S:a:2")
    assert inbox.pop(0, 1) == [_arrival("lost", b"a")]
    _frames(inbox, b"K:x:2", b"S:a:3", b"S:a:4")
    assert _texts(inbox) == ["K:x:1", "K:x:1", "K:x:1", "K:x:2", "lost a"]


def test_trades_are_kept_beyond_the_limit_and_the_hole_after_the_hard_limit_is_told() -> None:
    inbox, counters = _inbox(2)
    most = 2 * HARD_LIMIT_FACTOR
    _frames(inbox, *[b"K:a:%d" % number for number in range(most + 3)])
    assert inbox.pop(0, 1) == [_arrival("frame", b"K:a:0")]
    inbox.pop(0, 1)
    _frames(inbox, b"K:a:99")
    assert _texts(inbox) == [*(f"K:a:{number}" for number in range(2, most)), "lost a", "K:a:99"]
    assert counters.drops["keep"] == 3


def test_frames_of_an_older_socket_do_not_give_way_to_a_newer_one() -> None:
    inbox, _ = _inbox(3)
    _frames(inbox, b"S:a:1", b"C:a:1", b"K:a:1")
    inbox.put([_arrival("closed")])
    inbox.put([_arrival("opened")])
    _frames(inbox, b"S:a:2", b"C:a:2")
    assert _texts(inbox) == ["S:a:1", "C:a:1", "K:a:1", "closed", "opened", "lost a", "C:a:2"]


def test_a_frame_that_can_not_be_classified_is_a_plain_one() -> None:
    inbox, counters = _inbox(2)
    _frames(inbox, b"P:x:1", b"P:x:2", b"??")
    assert counters.drops["plain"] == 1


def test_a_worker_that_never_comes_costs_a_bounded_number_of_arrivals() -> None:
    inbox, counters = _inbox(100)
    for number in range(5_000):
        _frames(inbox, *(b"%c:%c:%d" % (class_, b"abcdef"[number % 6], number) for class_ in b"KCSP"))
    assert inbox.depth() <= 100 * HARD_LIMIT_FACTOR + 6 * 2
    assert counters.drops.total() >= 19_000


STEPS = ["put"] * 16 + ["get"] * 5 + ["reopen"]
STEP = st.tuples(st.sampled_from(STEPS), st.sampled_from("KCSP"), st.sampled_from("ab"), st.integers(1, 4))


@given(st.lists(STEP, min_size=30, max_size=150))
def test_whatever_happens_holes_are_told_the_newest_arrives_and_nothing_is_uncounted(
    steps: list[tuple[str, str, str, int]],
) -> None:
    inbox, counters = _inbox(6)
    sent: dict[str, int] = defaultdict(int)
    out: list[tuple[Kind, bytes]] = []
    deepest = 0
    for step, class_, key, count in steps:
        if step == "put":
            sent[f"{class_}:{key}"] += 1
            _frames(inbox, f"{class_}:{key}:{sent[f'{class_}:{key}']}".encode())
        elif step == "reopen":
            inbox.put([_arrival("closed")])
            inbox.put([_arrival("opened")])
        else:
            out += [(got.kind, got.payload) for got in inbox.pop(0, count)]
        deepest = max(deepest, inbox.depth())
    out += _all(inbox)
    assert inbox.depth() == 0

    assert sum(sent.values()) == sum(kind == "frame" for kind, _ in out) + counters.drops.total()
    assert sum(kind == "opened" for kind, _ in out) == sum(step == "reopen" for step, *_ in steps)
    last: dict[str, int] = defaultdict(int)
    holes: set[str] = set()
    for kind, payload in out:
        if kind == "lost":
            holes |= {f"{class_}:{payload.decode()}" for class_ in "KS"}
        elif kind == "frame":
            name, number = payload.decode().rsplit(":", 1)
            assert int(number) > last[name], "out of order"
            assert int(number) == last[name] + 1 or name in holes or name[0] in "CP", "a hole that nobody told"
            last[name] = int(number)
            holes.discard(name)
    for name, count in sent.items():
        if name[0] == "C":
            assert last[name] == count or deepest >= 6 * HARD_LIMIT_FACTOR, "the newest did not arrive"
        elif name[0] in "KS":
            assert last[name] == count or name in holes, "a hole at the end that nobody told"
