from __future__ import annotations

from common.clock import Clock
from web.cells import Cell, Changes

NOON = 1_795_000_000.0


class SetClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, lambda: NOON)


def cell_of(clock: SetClock) -> Cell[str]:
    return Cell(clock.clock(), Changes(None))


def test_the_same_answer_again_is_newer_but_no_news() -> None:
    clock = SetClock()
    cell = cell_of(clock)
    cell.put("a")
    first = cell.reading
    clock.seconds += 5
    cell.put("a")
    assert cell.reading.at == 105
    assert cell.reading.revision == first.revision
    cell.put("b")
    assert cell.reading.revision > first.revision


def test_a_failure_keeps_the_last_answer_and_its_time() -> None:
    clock = SetClock()
    cell = cell_of(clock)
    cell.put("a")
    clock.seconds += 5
    cell.fail("it is away")
    reading = cell.reading
    assert (reading.value, reading.at, reading.tried_at, reading.reason) == ("a", 100, 105, "it is away")
    cell.put("a")
    assert cell.reading.reason is None
    assert cell.reading.revision == reading.revision + 1


def test_every_answer_and_every_failure_wakes_the_threads_that_wait() -> None:
    changes = Changes(None)
    cell: Cell[str] = Cell(SetClock().clock(), changes)
    cell.put("a")
    assert changes.wait(0, 5)[0] == 1
    cell.fail("it is away")
    assert changes.wait(1, 5)[0] == 2
