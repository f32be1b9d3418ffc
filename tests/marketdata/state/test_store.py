"""Values have an age that is true, a sequence that rises with every change, and wake every listener."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from common.clock import Clock
from common.wire import Auction, Book, Instrument, Level, Quote, Status
from marketdata.events import (
    BookDiff,
    BookSnapshot,
    LevelChange,
    PriceLevel,
    Ticker,
    Trades,
    VenueTrade,
)
from marketdata.state.listing import Listing
from marketdata.state.selection import Selection
from marketdata.state.store import Store
from marketdata.state.symbol import SymbolStatus
from marketdata.state.trades import MOST_TRADES

A, B, C = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY", "BIST:THYAO"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
STOCK = Listing("BIST", "THYAO", "rows")
INSTRUMENT = Instrument(
    symbol=A,
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal("0.01"),
    min_notional=Decimal(10),
)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pair(self) -> Clock:
        return Clock(self, lambda: 1.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> Store:
    listings = [Listing("BTCTURK", "BTCTRY", "diffs"), Listing("BTCTURK", "ETHTRY", "diffs")]
    return Store([*listings, STOCK], market="simulated", stale_after=5.0, clock=clock.pair())


def _book(sequence: int = 10) -> BookSnapshot:
    level = PriceLevel
    asks, bids = (level(Decimal(101), Decimal(1)), level(Decimal(103), Decimal(1))), (level(Decimal(99), Decimal(2)),)
    return BookSnapshot("BTCTRY", "obdiff", sequence, asks, bids)


def _ask(sequence: int, price: int, quantity: int, kind: int = 0) -> BookDiff:
    return BookDiff("BTCTRY", "obdiff", sequence, (LevelChange(kind, Decimal(price), Decimal(quantity)),), ())


def _trades(*numbers: int, replay: bool = False) -> Trades:
    made = (VenueTrade(str(n), Decimal(n), Decimal(1), "buy", MOMENT + timedelta(seconds=n)) for n in numbers)
    return Trades("BTCTRY", tuple(made), replay)


def test_before_anything_came_a_quote_is_empty_stale_and_as_old_as_the_store(store: Store, clock: FakeClock) -> None:
    clock.now += 7
    quote = store.quote(A)
    assert (quote.bid, quote.ask, quote.last, quote.sequence) == (None, None, None, 0)
    assert (quote.stale, quote.age_seconds) == (True, 7.0)
    assert quote.received_at == datetime.fromtimestamp(1, UTC)


def test_a_live_book_is_as_old_as_its_last_proof(store: Store, clock: FakeClock) -> None:
    store.apply_book(A, _book(), 50.0)
    store.prove_book(A, clock.now)
    clock.now += 4
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (4.0, False)
    clock.now += 2
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (6.0, True)
    store.prove_book(A, clock.now)
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (0.0, False)
    assert store.quote(A).received_at == datetime.fromtimestamp(50, UTC)


def test_a_lost_book_ages_from_when_it_was_last_proved_whatever_else_comes(store: Store, clock: FakeClock) -> None:
    clock.now += 30
    store.apply_book(A, _book(), 50.0)
    store.prove_all("BTCTURK", clock.now)
    clock.now += 1
    assert store.apply_book(A, _ask(99, 101, 3), 51.0) == "gap"
    store.prove_all("BTCTURK", clock.now)
    clock.now += 1
    store.prove_all("BTCTURK", clock.now)
    quote = store.quote(A)
    assert (quote.stale, quote.age_seconds, quote.ask_quantity) == (True, 2.0, Decimal(1))
    assert store.not_live() == [A, B, C]
    assert store.book(A, 5, INSTRUMENT).stale


def test_only_a_change_of_the_top_is_a_new_quote(store: Store) -> None:
    store.apply_book(A, _book(), 50.0)
    first = store.quote(A)
    store.apply_book(A, _ask(11, 103, 9), 51.0)
    assert store.quote(A).sequence == first.sequence
    assert store.book(A, 5, INSTRUMENT).sequence > first.sequence
    store.apply_book(A, _ask(12, 101, 9), 52.0)
    assert store.quote(A).sequence > first.sequence
    assert store.quote(A).ask_quantity == Decimal(9)


def test_a_repeated_ticker_is_no_change(store: Store) -> None:
    ticker = Ticker("BTCTRY", Decimal(100), Decimal("1.5"))
    store.apply_ticker(A, ticker, 50.0)
    first = store.quote(A)
    store.apply_ticker(A, ticker, 51.0)
    assert store.quote(A) == first
    assert (first.last, first.daily_change_percent) == (Decimal(100), Decimal("1.5"))


def test_a_new_trade_sets_the_last_price_but_a_replay_does_not_turn_it_back(store: Store) -> None:
    store.apply_trades(A, _trades(1, 2, replay=True), 50.0)
    assert store.quote(A).last == Decimal(2)
    store.apply_trades(A, _trades(5), 51.0)
    assert store.quote(A).last == Decimal(5)
    store.apply_ticker(A, Ticker("BTCTRY", Decimal(7), Decimal(0)), 52.0)
    store.apply_trades(A, _trades(3, 5, replay=True), 53.0)
    assert store.quote(A).last == Decimal(7)


def test_trades_are_stale_until_the_stream_is_on_and_after_the_socket_is_gone(store: Store, clock: FakeClock) -> None:
    assert store.trades(A, 5).stale
    store.apply_trades(A, _trades(1, 2, replay=True), 50.0)
    store.prove_all("BTCTURK", clock.now)
    shown = store.trades(A, 1)
    assert not shown.stale
    assert [trade.trade_id for trade in shown.trades] == ["2"]
    store.lose_all("BTCTURK", "socket_ended", 51.0)
    assert store.trades(A, 1).stale


def test_depth_cuts_both_sides_best_first(store: Store) -> None:
    store.apply_book(A, _book(), 50.0)
    book = store.book(A, 1, INSTRUMENT)
    assert [level.price for level in book.asks] == [Decimal(101)]
    assert [level.price for level in book.bids] == [Decimal(99)]
    assert (book.base_asset, book.quote_currency) == ("BTC", "TRY")


def test_every_change_has_a_higher_sequence_and_changed_quotes_can_be_told_by_it(store: Store) -> None:
    store.apply_book(A, _book(), 50.0)
    seen, quotes = store.quotes([A, B])
    assert [quote.symbol for quote in quotes] == [A, B]
    store.apply_ticker(B, Ticker("ETHTRY", Decimal(1), Decimal(0)), 51.0)
    later, quotes = store.quotes([A, B])
    assert later == seen + 1
    assert [quote.symbol for quote in quotes if quote.sequence > seen] == [B]


def test_every_change_wakes_who_waits_and_a_repeat_does_not(store: Store) -> None:
    ticker = Ticker("BTCTRY", Decimal(1), Decimal(0))
    store.apply_ticker(A, ticker, 51.0)
    assert store.moved.wait(0)
    store.moved.clear()
    store.apply_ticker(A, ticker, 52.0)
    assert not store.moved.wait(0)


def test_becoming_stale_and_fresh_again_are_changes_though_no_value_came(store: Store, clock: FakeClock) -> None:
    store.apply_book(A, _book(), 50.0)
    fresh = store.quote(A)
    store.moved.clear()
    clock.now += 6
    store.settle()
    assert store.moved.wait(0)
    stale = store.quote(A)
    assert (stale.stale, stale.received_at) == (True, fresh.received_at)
    assert stale.sequence > fresh.sequence
    store.prove_all("BTCTURK", clock.now)
    assert not store.quote(A).stale
    assert store.quote(A).sequence > stale.sequence


def test_a_proof_of_one_symbol_proves_no_other(store: Store, clock: FakeClock) -> None:
    store.apply_book(A, _book(), 50.0)
    store.apply_book(B, _book(), 50.0)
    clock.now += 6
    store.prove_book(B, clock.now)
    assert [quote.stale for quote in store.quotes([A, B])[1]] == [True, False]
    assert store.faults("BTCTURK") == {A: "not proved for 6 s"}


def test_a_closed_venue_proves_its_own_symbols_and_no_others(store: Store, clock: FakeClock) -> None:
    store.apply_book(A, _book(), 50.0)
    bid, ask = Level(price=Decimal(9), quantity=Decimal(1)), Level(price=Decimal(10), quantity=Decimal(1))
    store.apply_rows(C, ((bid,), (ask,)), 50.0, MOMENT)
    clock.now += 6
    store.prove_all("BIST", clock.now)
    assert [quote.stale for quote in store.quotes([A, C])[1]] == [True, False]


def test_a_doubt_makes_a_whole_book_stale_until_it_ends(store: Store, clock: FakeClock) -> None:
    store.apply_book(A, _book(), 50.0)
    store.prove_book(A, clock.now)
    before = store.quote(A).sequence
    store.doubt(A, "contradicted by its ticker", 51.0)
    assert (store.quote(A).stale, store.quote(A).sequence > before) == (True, True)
    assert store.faults("BTCTURK")[A] == "contradicted by its ticker"
    store.apply_book(A, _book(), 52.0)
    store.prove_book(A, clock.now)
    assert store.quote(A).stale
    store.doubt(A, "", 53.0)
    assert not store.quote(A).stale


def test_a_phase_is_told_by_the_quote_the_book_the_status_and_the_auction(store: Store) -> None:
    before, _ = store.quotes([C])
    store.set_status(C, SymbolStatus(phase="halted"), 60.0)
    _, told = store.since(Selection((C,), ("quote", "book", "status", "auction")), before, (), {C: INSTRUMENT})
    assert sorted(key.name for key, _body in told) == ["auction", "book", "quote", "status"]
    assert {body.phase for _key, body in told if isinstance(body, Quote | Book | Status | Auction)} == {"halted"}


def test_what_is_delayed_by_contract_says_so(store: Store) -> None:
    before, _ = store.quotes([A, C])
    store.set_delayed("BIST", True)
    _, quotes = store.quotes([A, C])
    assert [(quote.symbol, quote.delayed) for quote in quotes if quote.sequence > before] == [(C, True)]


def test_trades_that_fell_out_before_they_were_read_are_a_gap(store: Store) -> None:
    wanted = Selection((A,), ("trade",))
    store.apply_trades(A, _trades(1, replay=True), 50.0)
    seen = store.sequence
    store.apply_trades(A, _trades(*range(2, MOST_TRADES + 1)), 51.0)
    assert {key.name for key, _body in store.since(wanted, seen, (), {})[1]} == {"trade"}
    store.apply_trades(A, _trades(MOST_TRADES + 1, MOST_TRADES + 2), 52.0)
    _, told = store.since(wanted, seen, (), {})
    assert [key.name for key, _body in told] == ["gap", *["trade"] * MOST_TRADES]
    assert told[0].body == {"symbol": A, "kind": "trade", "sequence": told[0].key.sequence}
    assert "gap" not in {key.name for key, _body in store.since(wanted, seen + 1, (), {})[1]}


def test_a_replay_that_does_not_reach_back_is_a_gap(store: Store) -> None:
    wanted = Selection((A,), ("trade",))
    store.apply_trades(A, _trades(1, 2, replay=True), 50.0)
    seen = store.sequence
    store.apply_trades(A, _trades(2, 3, replay=True), 51.0)
    assert [key.name for key, _body in store.since(wanted, seen, (), {})[1]] == ["trade"]
    store.apply_trades(A, _trades(8, 9, replay=True), 52.0)
    assert [key.name for key, _body in store.since(wanted, seen, (), {})[1]] == ["trade", "gap", "trade", "trade"]


def test_quotes_of_25_symbols_are_read_in_a_fraction_of_a_millisecond(clock: FakeClock) -> None:
    listings = [Listing("BTCTURK", f"P{number}TRY", "diffs") for number in range(25)]
    store = Store(listings, market="simulated", stale_after=5.0, clock=clock.pair())
    for symbol in store.symbols:
        store.apply_book(symbol, _book(), 50.0)
    began = time.thread_time()
    for _ in range(200):
        store.quotes(store.symbols)
    assert (time.thread_time() - began) / 200 < 0.0003


def test_an_unknown_symbol_raises(store: Store) -> None:
    with pytest.raises(KeyError):
        store.quote("BTCTURK:NOPE")
