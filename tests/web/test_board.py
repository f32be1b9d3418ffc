from __future__ import annotations

import threading
from datetime import UTC, datetime

from web.board import Changes, Clock, Slot


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, lambda: datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC))


def test_the_same_answer_again_is_newer_but_no_news() -> None:
    hands = Hands()
    slot: Slot[str] = Slot(hands.clock(), Changes())
    slot.put("a")
    first = slot.look()
    hands.seconds += 5
    slot.put("a")
    assert slot.look().at == 105
    assert slot.look().revision == first.revision
    slot.put("b")
    assert slot.look().revision > first.revision


def test_a_failure_keeps_the_last_answer_and_its_time() -> None:
    hands = Hands()
    slot: Slot[str] = Slot(hands.clock(), Changes())
    slot.put("a")
    hands.seconds += 5
    slot.fail("it is away")
    look = slot.look()
    assert (look.value, look.at, look.tried, look.reason) == ("a", 100, 105, "it is away")
    slot.put("a")
    assert slot.look().reason is None
    assert slot.look().revision == look.revision + 1


def test_a_past_moment_has_a_time_of_day() -> None:
    hands = Hands()
    assert hands.clock().seen_at(70) == datetime(2026, 11, 22, 9, 59, 30, tzinfo=UTC)


def test_a_change_wakes_whoever_waits() -> None:
    changes = Changes()
    woken = threading.Event()

    def wait() -> None:
        if changes.wait(0, 5) == 1:
            woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    with changes:
        pass
    thread.join(5)
    assert woken.is_set()


def test_the_end_wakes_too() -> None:
    changes = Changes()
    changes.end()
    assert changes.wait(0, 5) == 1
    assert changes.ended
