"""A book that comes row by row: what may be published of it, and when."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from common.wire import Level, Side
from marketdata.events import BookRow, Ticker, Top
from marketdata.state.book import Sides
from marketdata.state.rowbook import (
    FIRST_SECONDS,
    GRACE_SECONDS,
    SETTLE_SECONDS,
    RowBook,
    RowFault,
    Rows,
    SettledRows,
    TopBook,
)

TIME = datetime(2026, 9, 22, 8, 0, tzinfo=UTC)
SETTLED = SETTLE_SECONDS + 0.001
BIDS, ASKS = ["9.98", "9.97", "9.96"], ["10.00", "10.01"]


def row(side: Side, number: int, price: str, quantity: int = 100) -> BookRow:
    return BookRow("THYAO", side, number, Decimal(price), Decimal(quantity), TIME)


def levels(prices: list[str], quantity: int = 100) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(price), quantity=Decimal(quantity)) for price in prices)


def whole(rows: Rows, at: float = 0.0, bids: list[str] = BIDS, asks: list[str] = ASKS) -> float:
    """Tells a book of three bids and two asks; the time at which it is settled and shown."""
    for number, price in enumerate(bids):
        rows.apply(row("buy", number, price), at)
    for number, price in enumerate(asks):
        rows.apply(row("sell", number, price), at)
    return at + FIRST_SECONDS + 0.001


def test_a_book_is_shown_once_both_sides_have_come_and_settled() -> None:
    rows = Rows()
    shown = rows.settle(whole(rows))
    assert shown == SettledRows((levels(BIDS), levels(ASKS)), TIME)
    assert rows.live
    assert not rows.unsettled


def test_one_side_alone_is_no_book() -> None:
    rows = Rows()
    for number, price in enumerate(BIDS):
        rows.apply(row("buy", number, price), 0.0)
    assert rows.settle(5.0) is None
    assert (rows.live, rows.fault) == (False, "incomplete")


def test_a_side_that_the_venue_says_has_no_quote_is_known_to_be_empty() -> None:
    rows = Rows()
    rows.apply(row("sell", 0, "10.00"), 0.0)
    rows.empty("buy", 0.0)
    assert rows.settle(1.0) == SettledRows(((), levels(["10.00"])), TIME)


def test_no_quote_in_a_tick_does_not_take_away_rows_that_came() -> None:
    rows = Rows()
    shown_at = whole(rows)
    rows.settle(shown_at)
    rows.empty("buy", shown_at)
    assert rows.settle(shown_at + 1.0) is None
    assert rows.live


def test_rows_are_not_shown_while_they_still_come() -> None:
    rows = Rows()
    shown_at = whole(rows)
    rows.settle(shown_at)
    rows.apply(row("buy", 0, "9.99"), shown_at)
    assert rows.settle(shown_at + SETTLE_SECONDS / 2) is None
    rows.apply(row("buy", 1, "9.98"), shown_at + SETTLE_SECONDS / 2)
    rows.apply(row("buy", 2, "9.97"), shown_at + SETTLE_SECONDS / 2)
    shown = rows.settle(shown_at + SETTLE_SECONDS * 2)
    assert isinstance(shown, SettledRows)
    assert shown.sides[0] == levels(["9.99", "9.98", "9.97"])


def test_rows_that_never_pause_are_shown_where_a_side_begins_anew() -> None:
    rows = Rows()
    shown_at = whole(rows)
    rows.settle(shown_at)
    rows.apply(row("buy", 0, "9.99"), shown_at)
    rows.apply(row("buy", 1, "9.98"), shown_at)
    rows.apply(row("buy", 2, "9.97"), shown_at)
    shown = rows.apply(row("buy", 0, "9.99", 700), shown_at)
    assert isinstance(shown, SettledRows)
    assert shown.sides[0] == levels(["9.99", "9.98", "9.97"])


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (("buy", 0, "10.00", 1), "crossed"),
        (("buy", 0, "10.50", 1), "crossed"),
        (("buy", 0, "9.97", 1), "unsorted"),
        (("sell", 1, "10.00", 1), "unsorted"),
        (("buy", 1, "9.97", 0), "row_missing"),
        (("sell", 3, "10.03", 1), "row_missing"),
        (("sell", 1, "10.013", 1), "off_tick"),
    ],
)
def test_what_makes_no_sense_is_withheld_for_a_moment_and_then_the_book_is_lost(
    told: tuple[Side, int, str, int], fault: str
) -> None:
    rows = Rows(lambda price: "off_tick" if price % Decimal("0.01") else None)
    shown_at = whole(rows)
    rows.settle(shown_at)
    rows.apply(row(*told), shown_at)
    assert rows.settle(shown_at + SETTLED) is None
    assert rows.live, "the levels shown last stand for a moment"
    assert rows.settle(shown_at + GRACE_SECONDS + 0.001) == RowFault(fault)
    assert (rows.live, rows.fault) == (False, fault)
    assert rows.settle(shown_at + 60.0) is None, "it is lost once"


def test_a_lost_book_comes_back_when_its_rows_make_sense_again() -> None:
    rows = Rows()
    shown_at = whole(rows)
    rows.settle(shown_at)
    rows.apply(row("buy", 0, "10.50"), shown_at)
    assert isinstance(rows.settle(shown_at + 2.0), RowFault)
    rows.apply(row("buy", 0, "9.98"), shown_at + 3.0)
    assert isinstance(rows.settle(shown_at + 3.0 + SETTLED), SettledRows)


def test_rows_that_neither_pause_nor_make_sense_are_lost_too() -> None:
    rows = Rows()
    at = whole(rows)
    rows.settle(at)
    lost = None
    for step in range(200):
        now = at + step * SETTLE_SECONDS / 2
        lost = lost or rows.settle(now)
        assert rows.apply(row("buy", 0, "10.50", step + 1), now) is None
    assert isinstance(lost, RowFault)


def test_after_a_new_socket_nothing_is_known() -> None:
    rows = Rows()
    rows.settle(whole(rows))
    rows.clear()
    assert not rows.live
    rows.apply(row("buy", 0, "9.98"), 10.0)
    assert rows.settle(20.0) is None
    assert rows.fault == "incomplete"


def test_a_book_that_begins_is_given_time_to_come_whole() -> None:
    rows = Rows()
    whole(rows)
    assert rows.settle(SETTLED) is None
    assert isinstance(rows.settle(FIRST_SECONDS + 0.001), SettledRows)


def test_an_auctions_book_may_cross_and_is_lost_at_once_when_the_auction_ends() -> None:
    rows = Rows()
    assert rows.allow_crossing(True, 0.0) is None
    shown_at = whole(rows, bids=["10.05", "9.98"])
    assert isinstance(rows.settle(shown_at), SettledRows)
    assert rows.allow_crossing(False, shown_at) == RowFault("crossed")
    assert not rows.live


def test_prices_are_judged_again_when_their_limits_change() -> None:
    allowed = [Decimal("20")]
    rows = Rows(lambda price: "outside_limits" if price > allowed[0] else None)
    shown_at = whole(rows)
    rows.settle(shown_at)
    allowed[0] = Decimal("10.00")
    rows.doubt(shown_at)
    assert rows.settle(shown_at + 2.0) == RowFault("outside_limits")


@pytest.mark.parametrize("seed", range(20))
def test_in_any_order_of_whole_bursts_what_is_shown_is_what_the_venue_has(seed: int) -> None:
    """A venue that tells each changed row of each new book; in a burst, or spread over less than the settling time."""
    rng = random.Random(seed)
    rows, at, held = Rows(), 0.0, _book_of(rng)
    _tell(rows, ((), ()), held, at, rng)
    assert rows.settle(FIRST_SECONDS + 0.5) == SettledRows(held, TIME)
    for _ in range(60):
        new = _book_of(rng)
        at = _tell(rows, held, new, at + 1.0, rng)
        shown = rows.settle(at + SETTLED)
        assert shown == SettledRows(new, TIME) or (shown is None and new == held)
        held = new


@pytest.mark.parametrize("seed", range(20))
def test_after_lost_rows_a_book_that_is_shown_makes_sense(seed: int) -> None:
    rng = random.Random(seed)
    rows, at, held = Rows(), 0.0, _book_of(rng)
    for _ in range(100):
        new = _book_of(rng)
        at = _tell(rows, held, new, at + 0.3, rng, missing=0.05)
        shown = rows.settle(at + SETTLED)
        held = new
        if isinstance(shown, SettledRows):
            bids, asks = ([level.price for level in side] for side in shown.sides)
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert not bids or not asks or bids[0] < asks[0]


def _book_of(rng: random.Random) -> Sides:
    middle = rng.randint(990, 1010)
    bids = sorted(rng.sample(range(middle - 30, middle), rng.randint(0, 10)), reverse=True)
    asks = sorted(rng.sample(range(middle, middle + 30), rng.randint(1, 10)))
    sides = (
        tuple(Level(price=Decimal(price) / 100, quantity=Decimal(rng.randint(1, 3))) for price in side)
        for side in (bids, asks)
    )
    return next(sides), next(sides)


def _tell(rows: Rows, old: Sides, new: Sides, at: float, rng: random.Random, missing: float = 0.0) -> float:
    gap = rng.choice([0.0, SETTLE_SECONDS / 4])
    names: tuple[Side, ...] = ("buy", "sell")
    for side, before, after in zip(names, old, new, strict=True):
        rows.empty(side, at)
        for number in range(10):
            held = after[number] if number < len(after) else None
            if held != (before[number] if number < len(before) else None) and rng.random() >= missing:
                at += gap
                rows.apply(row(side, number, str(held.price) if held else "0", int(held.quantity) if held else 0), at)
    return at


def test_a_row_book_shows_what_it_was_given_and_keeps_it_when_lost() -> None:
    book = RowBook()
    assert (book.live, book.top()) == (False, Top())
    book.show((levels(BIDS), levels(ASKS)))
    assert book.top() == Top(Decimal("9.98"), Decimal(100), Decimal("10.00"), Decimal(100))
    assert book.levels(1) == (levels(BIDS[:1]), levels(ASKS[:1]))
    book.lose()
    assert (book.live, book.top().bid) == (False, Decimal("9.98"))


def test_a_top_book_knows_prices_and_no_levels() -> None:
    book = TopBook()
    book.apply(Ticker("THYAO", Decimal("9.99"), Decimal(0), best=Top(bid=Decimal("9.98"))))
    assert (book.live, book.top(), book.levels(5)) == (True, Top(bid=Decimal("9.98")), ((), ()))
    book.lose()
    assert not book.live
