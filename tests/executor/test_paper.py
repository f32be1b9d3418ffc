"""Paper fills: level by level, within the bound, never the same shown quantity twice, fees that fit the reserve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire import Level, Side
from executor import paper
from executor.paper import LevelUse

AT = datetime(2026, 11, 22, tzinfo=UTC)
AMOUNT = st.decimals(min_value="0.00000001", max_value=10**6, places=8)
SIDES: tuple[Side, ...] = ("buy", "sell")
LEVELS = st.lists(st.tuples(AMOUNT, AMOUNT), max_size=8, unique_by=lambda level: level[0])


def _levels(*pairs: tuple[str, str]) -> list[Level]:
    return [Level(price=Decimal(price), quantity=Decimal(quantity)) for price, quantity in pairs]


def test_a_purchase_walks_up_and_stops_at_the_bound() -> None:
    slices = paper.walk("buy", _levels(("100", "1"), ("101", "1"), ("103", "9")), Decimal(5), Decimal(102))
    assert [(part.price, part.quantity) for part in slices] == [(Decimal(100), Decimal(1)), (Decimal(101), Decimal(1))]


def test_a_sale_walks_down_and_stops_when_it_is_done() -> None:
    slices = paper.walk("sell", _levels(("100", "1"), ("99", "9"), ("98", "9")), Decimal(3), Decimal(90))
    assert [(part.price, part.quantity) for part in slices] == [(Decimal(100), Decimal(1)), (Decimal(99), Decimal(2))]


def test_the_reference_is_the_middle_or_the_only_side() -> None:
    bids, asks = _levels(("99", "1")), _levels(("102", "1"))
    for side in SIDES:
        assert paper.reference(side, bids, asks, Decimal(7)) == Decimal("100.5")
        assert paper.reference(side, [], [], Decimal(7)) is None


@pytest.mark.parametrize(
    ("last", "of_bid", "of_ask"),
    [
        (None, ("99", "99"), ("102", "102")),
        ("150", ("99", "150"), ("102", "102")),
        ("50", ("99", "99"), ("50", "102")),
    ],
)
def test_a_book_of_one_side_measures_a_buy_from_the_lowest_fair_price_and_a_sale_from_the_highest(
    last: str | None, of_bid: tuple[str, str], of_ask: tuple[str, str]
) -> None:
    traded = None if last is None else Decimal(last)
    bids, asks = _levels(("99", "1")), _levels(("102", "1"))
    assert tuple(paper.reference(side, bids, [], traded) for side in SIDES) == tuple(map(Decimal, of_bid))
    assert tuple(paper.reference(side, [], asks, traded) for side in SIDES) == tuple(map(Decimal, of_ask))


@given(LEVELS, AMOUNT, AMOUNT, st.sampled_from(["buy", "sell"]))
def test_a_walk_never_passes_quantity_level_or_bound(
    pairs: list[tuple[Decimal, Decimal]], quantity: Decimal, bound: Decimal, side: Side
) -> None:
    ordered = sorted(pairs, reverse=side == "sell")
    shown = dict(ordered)
    slices = paper.walk(side, [Level(price=price, quantity=size) for price, size in ordered], quantity, bound)
    assert sum(part.quantity for part in slices) <= quantity
    assert all(0 < part.quantity <= shown[part.price] and paper.within(side, part.price, bound) for part in slices)
    reachable = sum(size for price, size in ordered if paper.within(side, price, bound))
    assert sum(part.quantity for part in slices) == min(quantity, reachable)


@given(st.lists(st.tuples(AMOUNT, AMOUNT, st.booleans()), max_size=12))
def test_fills_between_two_refreshes_never_exceed_what_was_shown(steps: list[tuple[Decimal, Decimal, bool]]) -> None:
    shown, use, used, sequence = Decimal(10), None, Decimal(0), 1
    for size, wanted, refresh in steps:
        if refresh and size != shown:
            shown, used, sequence = size, Decimal(0), sequence + 1
        at = AT + timedelta(seconds=sequence)
        level = Level(price=Decimal(100), quantity=shown)
        part = min(wanted, paper.remaining_quantity(level, use, sequence, at))
        use, used = paper.use_level(level, use, part, sequence, at), used + part
        assert used <= shown


def test_a_refreshed_level_is_whole_again_and_an_older_book_is_not_believed() -> None:
    use = LevelUse(shown=Decimal(5), used=Decimal(3), sequence=7, seen_at=AT)
    [grown] = _levels(("100", "6"))
    assert paper.remaining_quantity(grown, use, 2, AT + timedelta(seconds=1)) == 6
    assert paper.remaining_quantity(grown, use, 2, AT - timedelta(seconds=1)) == 2
    long_ago = AT - 2 * paper.OLDEST_BOOK
    assert paper.remaining_quantity(grown, use, 6, long_ago) == 2
    assert paper.remaining_quantity(grown, use, 8, long_ago) == 6, "the clock that received it was set back"
    assert paper.use_level(grown, use, Decimal(1), 8, long_ago) == LevelUse(Decimal(6), Decimal(1), 8, long_ago)
    [same] = _levels(("100", "5"))
    assert paper.remaining_quantity(same, use, 2, AT + timedelta(seconds=1)) == 2


@given(AMOUNT, AMOUNT, st.decimals(min_value=0, max_value=10, places=4))
def test_a_fee_never_exceeds_what_was_reserved_for_it(price: Decimal, quantity: Decimal, percent: Decimal) -> None:
    fee = paper.fee(price, quantity, percent)
    assert fee >= 0
    assert price * quantity + fee <= paper.cost(price, quantity, percent)
