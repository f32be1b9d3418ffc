"""Values have an age that is true, a sequence that rises, and wake whoever listens."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from common.wire import Instrument, Trade
from marketdata.store import Store
from marketdata.venues.events import (
    BookDiff,
    BookSnapshot,
    LevelChange,
    PriceLevel,
    Ticker,
    Trades,
    VenueTrade,
)

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"
INSTRUMENT = Instrument(
    symbol=A,
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal("0.01"),
    min_notional=Decimal(10),
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store([A, B], market="simulated", source="BTCTURK", stale_after=5.0, clock=clock, started=1.0)


def _book(sequence: int = 10) -> BookSnapshot:
    level = PriceLevel
    asks, bids = (level(Decimal(101), Decimal(1)), level(Decimal(103), Decimal(1))), (level(Decimal(99), Decimal(2)),)
    return BookSnapshot("BTCTRY", "obdiff", sequence, asks, bids)


def _ask(sequence: int, price: int, quantity: int, kind: int = 0) -> BookDiff:
    return BookDiff("BTCTRY", "obdiff", sequence, (LevelChange(kind, Decimal(price), Decimal(quantity)),), ())


def _trades(*numbers: int, replay: bool = False) -> Trades:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    made = (VenueTrade(str(n), Decimal(n), Decimal(1), "buy", moment.replace(second=n)) for n in numbers)
    return Trades("BTCTRY", tuple(made), replay)


def test_before_anything_came_a_quote_is_empty_stale_and_as_old_as_the_store(store: Store, clock: Clock) -> None:
    clock.now += 7
    quote = store.quote(A)
    assert (quote.bid, quote.ask, quote.last, quote.sequence) == (None, None, None, 0)
    assert (quote.stale, quote.age_seconds) == (True, 7.0)
    assert quote.received_at == datetime.fromtimestamp(1, UTC)


def test_any_later_frame_proves_a_live_book(store: Store, clock: Clock) -> None:
    store.apply_book(A, _book(), 50.0)
    store.proved(clock.now)
    clock.now += 4
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (4.0, False)
    clock.now += 2
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (6.0, True)
    store.proved(clock.now)
    assert (store.quote(A).age_seconds, store.quote(A).stale) == (0.0, False)
    assert store.quote(A).received_at == datetime.fromtimestamp(50, UTC)


def test_a_lost_book_ages_from_when_it_was_last_proved_whatever_else_comes(store: Store, clock: Clock) -> None:
    clock.now += 30
    store.apply_book(A, _book(), 50.0)
    store.proved(clock.now)
    clock.now += 1
    assert store.apply_book(A, _ask(99, 101, 3), 51.0) == "gap"
    store.proved(clock.now)
    clock.now += 1
    store.proved(clock.now)
    quote = store.quote(A)
    assert (quote.stale, quote.age_seconds, quote.ask_quantity) == (True, 2.0, Decimal(1))
    assert store.not_live() == [A, B]
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


def test_trades_are_stale_until_the_stream_is_on_and_after_the_socket_is_gone(store: Store, clock: Clock) -> None:
    assert store.trades(A, 5)["stale"] is True
    store.apply_trades(A, _trades(1, 2, replay=True), 50.0)
    store.proved(clock.now)
    body = store.trades(A, 1)
    shown = body["trades"]
    assert isinstance(shown, Sequence)
    assert body["stale"] is False
    assert [trade.trade_id for trade in shown if isinstance(trade, Trade)] == ["2"]
    store.lose_all(51.0)
    assert store.trades(A, 1)["stale"] is True


def test_depth_cuts_both_sides_best_first(store: Store) -> None:
    store.apply_book(A, _book(), 50.0)
    book = store.book(A, 1, INSTRUMENT)
    assert [level.price for level in book.asks] == [Decimal(101)]
    assert [level.price for level in book.bids] == [Decimal(99)]
    assert (book.base_asset, book.quote_currency) == ("BTC", "TRY")


def test_every_change_has_a_higher_sequence_and_changed_quotes_can_be_asked_for(store: Store) -> None:
    store.apply_book(A, _book(), 50.0)
    seen, quotes = store.quotes([A, B])
    assert [quote.symbol for quote in quotes] == [A, B]
    store.apply_ticker(B, Ticker("ETHTRY", Decimal(1), Decimal(0)), 51.0)
    later, changed = store.quotes([A, B], after=seen)
    assert later == seen + 1
    assert [quote.symbol for quote in changed] == [B]


def test_a_listener_wakes_for_its_own_symbols_only(store: Store) -> None:
    woken = threading.Event()

    def listen() -> None:
        store.wait([A], 0, 5.0)
        woken.set()

    waiting = threading.Thread(target=listen)
    waiting.start()
    store.apply_ticker(B, Ticker("ETHTRY", Decimal(1), Decimal(0)), 51.0)
    assert not woken.wait(0.05)
    store.apply_ticker(A, Ticker("BTCTRY", Decimal(1), Decimal(0)), 51.0)
    assert woken.wait(5)
    waiting.join(5)


def test_an_unknown_symbol_raises(store: Store) -> None:
    with pytest.raises(KeyError):
        store.quote("BTCTURK:NOPE")
