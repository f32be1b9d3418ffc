"""The live book equals a plain model of it, and loses nothing but its liveness when something does not fit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire import Level
from marketdata.events import BookDiff, BookSnapshot, LevelChange, PriceLevel, Top
from marketdata.state.book import DEEPEST_SIDE, MOST_LEVELS, LiveBook
from marketdata.venues.btcturk.frames import parse

UPDATED, NEW, DELETED = 0, 1, 3
Side = dict[int, int]


def _snapshot(asks: Side, bids: Side, sequence: int = 10) -> BookSnapshot:
    sides = (tuple(PriceLevel(Decimal(p), Decimal(q)) for p, q in side.items()) for side in (asks, bids))
    return BookSnapshot("BTCTRY", "obdiff", sequence, *sides)


def _diff(
    sequence: int, asks: list[tuple[int, int, int]] | None = None, bids: list[tuple[int, int, int]] | None = None
) -> BookDiff:
    sides = (tuple(LevelChange(k, Decimal(p), Decimal(q)) for k, p, q in side or []) for side in (asks, bids))
    return BookDiff("BTCTRY", "obdiff", sequence, *sides)


def _levels(side: Side, descending: bool) -> tuple[Level, ...]:
    return tuple(
        Level(price=Decimal(price), quantity=Decimal(quantity))
        for price, quantity in sorted(side.items(), reverse=descending)
    )


@pytest.fixture
def book() -> LiveBook:
    """Asks 101 and 102, bids 99 and 98, at sequence 10."""
    live = LiveBook()
    assert live.snapshot(_snapshot({101: 1, 102: 2}, {99: 3, 98: 4})) is None
    return live


def test_a_snapshot_makes_the_book_live(book: LiveBook) -> None:
    assert book.live
    assert book.levels(1) == (_levels({99: 3}, True), _levels({101: 1}, False))


def test_an_update_replaces_the_amount(book: LiveBook) -> None:
    assert book.apply(_diff(11, asks=[(UPDATED, 101, 7)])) is None
    assert str(book.top().ask_quantity) == "7"


def test_a_delete_with_an_amount_still_deletes(book: LiveBook) -> None:
    assert book.apply(_diff(11, bids=[(DELETED, 99, 3)])) is None
    assert (book.top().bid, book.top().bid_quantity) == (Decimal(98), Decimal(4))


def test_a_side_may_become_empty(book: LiveBook) -> None:
    assert book.apply(_diff(11, asks=[(DELETED, 101, 1), (DELETED, 102, 2)])) is None
    assert book.top() == Top(Decimal(99), Decimal(3), None, None)


@pytest.mark.parametrize(
    ("diff", "fault"),
    [
        (_diff(12, asks=[(NEW, 103, 1)]), "gap"),
        (_diff(10, asks=[(NEW, 103, 1)]), "gap"),
        (_diff(11, asks=[(NEW, 103, 1), (2, 101, 1)]), "unknown_change"),
        (_diff(11, asks=[(UPDATED, 102, 9)], bids=[(NEW, 101, 1)]), "crossed"),
        (_diff(11, asks=[(NEW, 1000 + n, 1) for n in range(DEEPEST_SIDE)]), "too_deep"),
    ],
)
def test_what_does_not_fit_leaves_the_last_good_levels_and_ends_liveness(
    book: LiveBook, diff: BookDiff, fault: str
) -> None:
    assert book.apply(diff) == fault
    assert not book.live
    assert book.levels(100) == (_levels({99: 3, 98: 4}, True), _levels({101: 1, 102: 2}, False))
    assert book.apply(_diff(12)) == "diff_before_snapshot"


@pytest.mark.parametrize(
    ("diff", "oddity", "bids", "asks"),
    [
        (_diff(11, asks=[(DELETED, 103, 1)]), "absent_delete", {99: 3, 98: 4}, {101: 1, 102: 2}),
        (_diff(11, bids=[(UPDATED, 97, 5)]), "absent_update", {99: 3, 98: 4, 97: 5}, {101: 1, 102: 2}),
        (_diff(11, asks=[(NEW, 101, 8)]), "held_new", {99: 3, 98: 4}, {101: 8, 102: 2}),
    ],
)
def test_a_change_that_was_not_expected_is_applied_and_counted(
    book: LiveBook, diff: BookDiff, oddity: str, bids: Side, asks: Side
) -> None:
    assert book.apply(diff) is None
    assert book.oddities == {oddity: 1}
    assert book.levels(100) == (_levels(bids, True), _levels(asks, False))
    assert book.apply(_diff(12)) is None


def test_the_last_frame_once_more_changes_nothing_and_another_one_with_its_number_is_a_gap(book: LiveBook) -> None:
    diff = _diff(11, asks=[(NEW, 103, 1)], bids=[(DELETED, 98, 4)])
    assert [book.apply(diff), book.apply(diff), book.apply(_diff(12))] == [None, None, None]
    assert book.apply(diff) is None
    assert book.oddities == {"repeated_diff": 2}
    assert book.apply(_diff(12, asks=[(NEW, 109, 1)])) == "gap"
    other = LiveBook()
    other.snapshot(_snapshot({101: 1}, {99: 3}, sequence=11))
    assert other.apply(diff) == "gap"
    assert not other.live


def test_a_level_twice_with_one_amount_is_one_level(book: LiveBook) -> None:
    level = PriceLevel(Decimal(101), Decimal(1))
    assert book.snapshot(BookSnapshot("BTCTRY", "obdiff", 20, (level, level), ())) is None
    assert book.levels(100) == ((), _levels({101: 1}, False))
    assert book.oddities == {"repeated_level": 1}


def test_a_side_may_have_more_levels_than_usual() -> None:
    book = LiveBook()
    assert book.snapshot(_snapshot(dict.fromkeys(range(1001, 1002 + MOST_LEVELS), 1), {99: 1})) is None
    assert len(book.levels(DEEPEST_SIDE)[1]) == MOST_LEVELS + 1
    assert book.apply(_diff(11, asks=[(NEW, 5000, 1)])) is None
    assert book.oddities == {"deep_side": 1}


def test_a_refused_frame_counts_no_oddity(book: LiveBook) -> None:
    assert book.apply(_diff(11, asks=[(DELETED, 777, 1), (2, 101, 1)])) == "unknown_change"
    assert book.oddities == {}


@pytest.mark.parametrize(
    "asks",
    [
        [(NEW, 103, 1), (DELETED, 103, 1), (3, 777, 1), (7, 777, 1)],
        [(DELETED, 101, 1), (NEW, 101, 8), (UPDATED, 101, 9), (NEW, 102, 1), (2, 1, 1)],
        [(DELETED, 102, 1), (NEW, 102, 5), (DELETED, 102, 5), (2, 101, 1)],
    ],
)
def test_changes_of_one_price_within_a_refused_frame_are_all_taken_back(
    book: LiveBook, asks: list[tuple[int, int, int]]
) -> None:
    assert book.apply(_diff(11, asks=asks)) is not None
    assert book.levels(100) == (_levels({99: 3, 98: 4}, True), _levels({101: 1, 102: 2}, False))


def test_changes_before_any_snapshot_are_refused() -> None:
    assert LiveBook().apply(_diff(1)) == "diff_before_snapshot"


@pytest.mark.parametrize(
    ("asks", "bids", "fault"),
    [({99: 1}, {99: 1}, "crossed"), (dict.fromkeys(range(1, DEEPEST_SIDE + 2), 1), {}, "too_deep")],
)
def test_a_snapshot_that_cannot_be_is_refused_and_the_old_levels_stay(
    book: LiveBook, asks: Side, bids: Side, fault: str
) -> None:
    assert book.snapshot(_snapshot(asks, bids)) == fault
    assert not book.live
    assert (book.top().ask, book.top().ask_quantity) == (Decimal(101), Decimal(1))


def test_a_snapshot_that_names_two_amounts_of_one_price_is_refused(book: LiveBook) -> None:
    levels = (PriceLevel(Decimal(101), Decimal(1)), PriceLevel(Decimal(101), Decimal(2)))
    assert book.snapshot(BookSnapshot("BTCTRY", "obdiff", 20, levels, ())) == "level_twice"


def test_a_new_snapshot_brings_a_lost_book_back_with_a_sequence_of_its_own(book: LiveBook) -> None:
    book.apply(_diff(99))
    assert book.snapshot(_snapshot({201: 1}, {199: 1}, sequence=3)) is None
    assert book.apply(_diff(4, asks=[(UPDATED, 201, 5)])) is None
    assert book.live


_SIDES = st.tuples(
    st.dictionaries(st.integers(101, 140), st.integers(1, 9), max_size=12),
    st.dictionaries(st.integers(61, 100), st.integers(1, 9), max_size=12),
)


def _steps(before: Side, after: Side) -> list[tuple[int, int, int]]:
    steps = [(DELETED, price, before[price]) for price in before.keys() - after.keys()]
    steps += [(NEW, price, after[price]) for price in after.keys() - before.keys()]
    return steps + [(UPDATED, price, after[price]) for price in after.keys() & before.keys()]


def _frame(model: int, sequence: int, asks: list[dict[str, Any]], bids: list[dict[str, Any]]) -> Any:
    """Returns the event of a 431 or 432."""
    body = {"CS": sequence, "PS": "BTCTRY", "AO": asks, "BO": bids, "channel": "obdiff", "event": "BTCTRY"}
    (event,) = parse(json.dumps([model, body], separators=(",", ":")).encode()).events
    return event


def _whole(side: Side) -> list[dict[str, Any]]:
    return [{"P": str(price), "A": str(quantity)} for price, quantity in side.items()]


def _changes(before: Side, after: Side) -> list[dict[str, Any]]:
    return [{"CP": kind, "P": str(price), "A": str(quantity)} for kind, price, quantity in _steps(before, after)]


@given(st.lists(st.tuples(st.booleans(), _SIDES), min_size=1, max_size=6))
def test_any_run_of_frames_gives_the_same_book_as_a_plain_model(states: list[tuple[bool, tuple[Side, Side]]]) -> None:
    book, sequence = LiveBook(), 10
    asks, bids = states[0][1]
    assert book.snapshot(_frame(431, sequence, _whole(asks), _whole(bids))) is None
    for whole, (new_asks, new_bids) in states[1:]:
        sequence += 1
        if whole:
            assert book.snapshot(_frame(431, sequence, _whole(new_asks), _whole(new_bids))) is None
        else:
            assert book.apply(_frame(432, sequence, _changes(asks, new_asks), _changes(bids, new_bids))) is None
        asks, bids = new_asks, new_bids
        for depth in (1, 5, 100):
            assert book.levels(depth) == (_levels(bids, True)[:depth], _levels(asks, False)[:depth])


_CHANGES = st.lists(st.tuples(st.sampled_from([0, 1, 2, 3]), st.integers(95, 106), st.integers(0, 3)), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 1), _CHANGES, _CHANGES), max_size=6))
def test_a_live_book_is_never_crossed_and_a_refused_change_changes_nothing(
    runs: list[tuple[int, list[tuple[int, int, int]], list[tuple[int, int, int]]]],
) -> None:
    book = LiveBook()
    book.snapshot(_snapshot({101: 1, 102: 2}, {99: 3, 98: 4}, sequence=0))
    sequence = 0
    for skipped, asks, bids in runs:
        before = book.levels(100)
        sequence += 1 + skipped
        fault = book.apply(_diff(sequence, asks, bids))
        assert book.live == (fault is None)
        top = book.top()
        assert top.bid is None or top.ask is None or top.bid < top.ask
        if fault is not None:
            assert book.levels(100) == before
            return
