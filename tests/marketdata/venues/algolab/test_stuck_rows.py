"""A share whose trades go on while no row of its book comes is not vouched for by its ticks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from common.clock import Clock
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.venues.algolab.answers import EquityInfo
from marketdata.venues.algolab.equity_requests import EquityRequests
from tests.marketdata.venues.algolab.rig import bare_intake

NOON = datetime(2026, 9, 23, 9, tzinfo=UTC).timestamp()
SYMBOL, STUCK = "BIST:THYAO", "contradicted by its trades without rows"


class _Feed:
    """An intake with one share and a whole book, whose time a test sets."""

    def __init__(self) -> None:
        self.now = NOON
        listings = [Listing("BIST", "THYAO", "rows")]
        clock = Clock(lambda: self.now - NOON, lambda: self.now)
        self.store = Store(listings, market="simulated", stale_after=60.0, clock=clock)
        self.intake, self.counters = bare_intake(listings, self.store, EquityRequests(lambda: 0.0), lambda: self.now)
        self.intake.opened(0.0)
        self.pass_time(0.0)
        self.rows(5000)
        assert not self.store.faults()

    def read(self, kind: str, **content: object) -> None:
        told = {"Symbol": "THYAO", "Date": datetime.fromtimestamp(self.now, UTC).isoformat(), **content}
        self.intake.read(json.dumps({"Type": kind, "Content": told}).encode(), self.now - NOON, self.now)

    def rows(self, quantity: int) -> None:
        """All rows, with so many shares at the best bid, and the tick that agrees with them."""
        for place in range(10):
            self.read("D", Direction="B", Row=place, Quantity=quantity + place, Price=100 - place / 10, OrderCount=1)
            self.read("D", Direction="S", Row=place, Quantity=5000, Price=100.1 + place / 10, OrderCount=1)
        self.pass_time(0.5)
        self.tick()

    def answer(self) -> None:
        """The broker's REST answer, which names the best prices of the book."""
        found = EquityInfo(Decimal(90), Decimal(110), Decimal(100), Decimal("100.1"), Decimal(100))
        self.intake.books.hear_answer(self.intake.shares["THYAO"], found, self.now - NOON, self.now)

    def tick(self, traded: int = 0) -> None:
        """A tick with the best prices of the book; with `traded`, of a trade at the best bid."""
        self.read("T", Price=100.0, Bid=100.0, Ask=100.1, RefPrice=99.0, TradeQuantity=traded, Direction="S")

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.intake.pass_time(self.now - NOON, self.now)
        self.intake.books.settle(self.now - NOON, self.now)

    def go_on(self, seconds: int, each: Callable[[], None]) -> None:
        for _ in range(seconds):
            self.pass_time(1.0)
            each()


def test_trades_without_any_row_contradict_a_book_whose_best_prices_stand() -> None:
    feed = _Feed()
    feed.go_on(8, lambda: feed.tick(100))
    assert not feed.store.faults(), "rows may come a moment later than trades"
    feed.go_on(2, lambda: feed.tick(100))
    assert feed.store.faults() == {SYMBOL: STUCK}
    assert feed.counters.contradictions["trades without rows"] == 1
    assert feed.intake.books.ask_again(feed.now - NOON + 3.0) == [("THYAO", "contradicted")]


def test_ticks_that_agree_do_not_vouch_for_rows_that_are_stuck() -> None:
    feed = _Feed()
    feed.go_on(10, lambda: feed.tick(100))
    feed.go_on(5, feed.tick)
    assert feed.store.faults() == {SYMBOL: STUCK}


def test_a_rest_answer_that_agrees_does_not_prove_a_book_whose_feed_is_dead() -> None:
    feed = _Feed()
    feed.go_on(61, feed.answer)
    assert feed.store.faults() == {SYMBOL: "not proved for 61 s"}


def test_a_row_ends_the_doubt_with_the_next_tick() -> None:
    feed = _Feed()
    feed.go_on(10, lambda: feed.tick(100))
    feed.rows(4000)
    assert not feed.store.faults()


def test_trades_at_one_moment_whose_rows_came_before_them_contradict_nothing_however_long_it_is_quiet_then() -> None:
    feed = _Feed()
    for _ in range(5):
        feed.tick(100)
    feed.go_on(30, feed.tick)
    assert not feed.store.faults()


def test_trades_before_a_halt_are_not_counted_with_those_after_it() -> None:
    feed = _Feed()
    feed.tick(100)
    feed.tick(100)
    feed.read("T", Price=100.0, BalancePrice=100.0, BalanceAmount=500, TradeQuantity=0)
    feed.go_on(20, feed.tick)
    feed.read("T", Price=100.0, BalancePrice=0.0, TradeQuantity=0)
    feed.tick(100)
    feed.go_on(3, feed.tick)
    assert not feed.store.faults()


def test_a_share_that_trades_seldom_and_rows_that_come_are_never_doubted() -> None:
    feed = _Feed()
    feed.tick(100)
    feed.go_on(30, feed.tick)
    feed.tick(100)
    assert not feed.store.faults(), "two trades are not enough"
    for quantity in range(4000, 4030):
        feed.go_on(1, lambda: feed.tick(100))
        feed.rows(quantity)
    assert not feed.store.faults()
