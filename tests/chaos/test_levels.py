"""The check for over-filled levels: what it finds, and what it must not take for a fault."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from common.wire import Side
from tests.chaos.levels import Placement, Taken, overfilled
from tests.chaos.market import State

LAG = 2.0


def book(since: float, until: float, **asks: str) -> State:
    """A book that was shown for a while; prices as p100."""
    rows = {Decimal(name.removeprefix("p")): Decimal(quantity) for name, quantity in asks.items()}
    return State(1, {}, rows, since, until)


def fill(at: float, quantity: str, price: str = "100", maker: bool = False, side: Side = "buy") -> Taken:
    return Taken(f"at {at}", side, Decimal(price), Decimal(quantity), at, maker)


def test_all_that_was_shown_may_be_taken_and_no_more() -> None:
    shown = [book(0, 100, p100="2")]
    assert overfilled(shown, [fill(10, "1.5"), fill(20, "0.5")], LAG) == []
    [found] = overfilled(shown, [fill(10, "1.5"), fill(20, "0.75")], LAG)
    assert "0.25 more" in found


def test_a_level_that_only_the_book_around_it_changed_is_not_shown_anew() -> None:
    shown = [book(0, 50, p100="2"), book(50, 100, p100="2", p101="1")]
    assert len(overfilled(shown, [fill(10, "2"), fill(60, "1")], LAG)) == 1


def test_another_quantity_is_shown_anew_and_so_is_a_level_that_came_back() -> None:
    fills = [fill(10, "2"), fill(60, "3")]
    assert overfilled([book(0, 50, p100="2"), book(50, 100, p100="3")], fills, LAG) == []
    came_back = [book(0, 30, p100="3"), book(30, 50, p101="1"), book(50, 100, p100="3")]
    assert overfilled(came_back, fills, LAG) == []


def test_a_fill_may_be_from_the_book_before_for_as_long_as_books_may_be_old() -> None:
    shown = [book(0, 50, p100="2"), book(50, 100, p100="1")]
    assert overfilled(shown, [fill(51, "2"), fill(51.5, "1")], LAG) == []
    assert len(overfilled(shown, [fill(53, "2")], LAG)) == 1


def test_earlier_fills_make_way_for_one_that_can_only_be_from_their_level() -> None:
    shown = [book(0, 50, p100="2"), book(50, 100, p100="2", p99="9"), book(100, 150, p100="3")]
    fills = [fill(101, "2"), fill(101, "1"), fill(120, "2")]
    assert overfilled(shown, fills, LAG) == []
    assert len(overfilled(shown, [*fills, fill(130, "0.5")], LAG)) == 1


def test_a_maker_is_filled_at_its_own_price_from_any_level_that_reaches_it() -> None:
    shown = [book(0, 100, p99="1", p100="1", p101="5")]
    assert overfilled(shown, [fill(10, "2", maker=True)], LAG) == []
    assert len(overfilled(shown, [fill(10, "2", maker=True), fill(11, "1", "99")], LAG)) == 1


def test_sales_are_from_bids() -> None:
    shown = [State(1, {Decimal(100): Decimal(1)}, {}, 0, 100)]
    assert overfilled(shown, [fill(10, "1", side="sell")], LAG) == []
    assert len(overfilled(shown, [fill(10, "1")], LAG)) == 1


@given(
    quantities=st.lists(st.tuples(st.integers(1, 5), st.sets(st.integers(0, 3))), max_size=6),
    room=st.lists(st.integers(0, 6), min_size=4, max_size=4),
)
def test_as_much_is_placed_as_any_way_to_place_it_could(
    quantities: list[tuple[int, set[int]]], room: list[int]
) -> None:
    placement = Placement([Decimal(size) for size in room])
    excess = sum(placement.place(Decimal(quantity), sorted(may)) for quantity, may in quantities)
    least = 0
    for count in range(len(quantities) + 1):
        for some in combinations(quantities, count):
            reached = set().union(*(may for _, may in some))
            least = max(least, sum(quantity for quantity, _ in some) - sum(room[level] for level in reached))
    assert excess == least
