"""Each fault of the simulated broker, over real sockets: what is published afterwards is the venue's own, or stale."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest

from marketdata.state.trades import MOST_TRADES
from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually
from venue.algolab.faults import FrameFault

pytestmark = pytest.mark.slow

THYAO = "BIST:THYAO"


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


@pytest.fixture
def feed(bist: Bist) -> Iterator[Running]:
    with running_feed(bist) as running:
        eventually(running.live)
        running.move_until_right()
        yield running


def _wait_for_ticks(feed: Running, count: int = 3) -> None:
    """Moves the market until more ticks of THYAO came."""
    before = {trade.trade_id for trade in feed.store.trades(THYAO, MOST_TRADES).trades}
    for _ in range(60):
        feed.bist.move(1.0)
        if len({trade.trade_id for trade in feed.store.trades(THYAO, MOST_TRADES).trades} - before) >= count:
            return
        time.sleep(0.02)
    pytest.fail("the market stands still")


def _right_or_stale(feed: Running, pair: str) -> bool:
    return feed.stale(pair) or feed.equal(pair)


def test_books_quotes_and_trades_are_the_venues_own(feed: Running) -> None:
    _wait_for_ticks(feed, 10)
    feed.move_until_right()
    view = feed.bist.truth("THYAO")
    eventually(lambda: feed.store.quote(THYAO).last == view.last)
    quote = feed.store.quote(THYAO)
    assert (quote.bid, quote.ask) == (view.bids[0].price, view.asks[0].price)
    assert (quote.delayed, quote.stale, quote.phase) == (False, False, "continuous")
    ours = feed.store.trades(THYAO, 5).trades
    theirs = [tick for tick in view.ticks if tick.quantity][-5:][::-1]
    assert [(trade.price, trade.quantity) for trade in ours] == [
        (tick.price, Decimal(tick.quantity)) for tick in theirs
    ]
    assert [trade.side for trade in ours] == ["buy" if tick.buy else "sell" for tick in theirs]
    status = feed.store.status(THYAO)
    assert (status.reference_price, status.floor, status.ceiling) == (view.reference, view.floor, view.ceiling)
    eventually(lambda: "BIST:THYAO" in feed.venue.instruments())
    assert feed.trouble() is None


def test_candles_grow_from_trades(feed: Running) -> None:
    _wait_for_ticks(feed)
    newest = feed.store.trades(THYAO, 1).trades[0]
    assert feed.candles.latest(THYAO, "1m", 1)[-1].close == newest.price


@pytest.mark.parametrize("fault", ["lower_case_keys", "unknown_type", "garbage", "out_of_order_date", "no_bid"])
def test_frames_that_are_odd_leave_the_books_right(feed: Running, fault: FrameFault) -> None:
    feed.bist.faults.arm(fault, symbol="THYAO", count=10)
    for _ in range(200):
        feed.bist.move(0.5)
        if feed.bist.faults.done()[fault] >= 5:
            break
    eventually(lambda: feed.bist.faults.done()[fault] >= 5)
    feed.bist.faults.clear()
    feed.move_until_right()
    assert feed.counters.decode_errors["json"] == (0 if fault != "garbage" else feed.bist.faults.done()[fault])
    assert (feed.counters.frames["other"] > 0) == (fault == "unknown_type")


def test_an_older_tick_does_not_take_back_the_last_price(feed: Running) -> None:
    _wait_for_ticks(feed)
    feed.bist.faults.arm("out_of_order_date", symbol="THYAO", count=3, seconds=400.0)
    _wait_for_ticks(feed)
    eventually(lambda: feed.bist.faults.done()["out_of_order_date"] == 3)
    _wait_for_ticks(feed)
    view = feed.bist.truth("THYAO")
    eventually(lambda: feed.store.quote(THYAO).last == view.last)
    newest = feed.store.trades(THYAO, 1).trades[0]
    assert newest.price == view.last


def test_a_tick_told_twice_is_counted_as_what_it_may_be(feed: Running) -> None:
    feed.bist.faults.arm("duplicate_tick", symbol="THYAO", count=2)
    _wait_for_ticks(feed, 5)
    eventually(lambda: feed.bist.faults.done()["duplicate_tick"] == 2)
    eventually(lambda: feed.counters.equal_trades >= 2)
    feed.move_until_right()
    names = [trade.trade_id for trade in feed.store.trades(THYAO, 200).trades]
    assert len(set(names)) == len(names)


def test_crossed_rows_are_never_shown(feed: Running) -> None:
    feed.bist.faults.arm("crossed_rows", symbol="THYAO", count=1)
    for _ in range(200):
        feed.bist.move(0.5)
        if feed.bist.faults.done()["crossed_rows"]:
            break
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        bids, asks = feed.shown("THYAO")
        assert bids[0].price < asks[0].price
        time.sleep(0.005)
    feed.bist.quiet()
    eventually(partial(_right_or_stale, feed, "THYAO"))
    feed.move_until_right()


def test_a_book_whose_rows_make_no_sense_comes_again_and_costs_no_socket(feed: Running) -> None:
    feed.bist.faults.arm("crossed_rows", symbol="THYAO", count=1)
    for _ in range(200):
        feed.bist.move(0.5)
        if feed.bist.faults.done()["crossed_rows"]:
            break
    lost = feed.counters.books_lost
    eventually(lambda: sum(lost.values()) >= 1 or feed.equal("THYAO"))
    eventually(feed.right)
    assert feed.counters.repairs == 0


def test_missing_rows_leave_a_book_that_makes_sense_or_none(feed: Running) -> None:
    feed.bist.faults.arm("missing_rows", symbol="THYAO", count=20)
    for _ in range(30):
        feed.bist.move(0.5)
        bids, asks = ([level.price for level in side] for side in feed.shown("THYAO"))
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert feed.stale("THYAO") or bids[0] < asks[0]
    feed.bist.faults.clear()
    feed.venue.connection.drop("begin anew")
    eventually(lambda: feed.store.not_live())
    eventually(feed.right)


def test_a_lost_row_that_leaves_a_book_which_makes_sense_is_found_by_asking(bist: Bist) -> None:
    """The best bid goes away and its row is lost, the only one of its burst: what is left makes sense."""
    timings = AlgolabTimings(calls=0.02, logins=0.05, audits=0.3, feed=FeedTimings(quiet=20.0, repair_pause=0.1))
    with running_feed(bist, symbols=("THYAO",), timings=timings) as feed:
        eventually(feed.live)
        feed.move_until_right()
        for _ in range(400):
            bist.faults.arm("missing_rows", symbol="THYAO", count=1)
            bist.move(0.5)
            bist.quiet()
            if _is_contradicted(feed):
                break
            eventually(feed.live)
        bist.faults.clear()
        assert feed.counters.contradictions["rest"] >= 1, "no row was lost that would show this"
        eventually(feed.right)


def _is_contradicted(feed: Running) -> bool:
    """Returns true when the broker contradicted the book, while the best bid was another than its own. Other faults of
    the rows end the wait too, and so does the rest of the burst."""
    deadline = time.monotonic() + 20.0
    while feed.live() and feed.shown("THYAO")[0][0].price != feed.bist.truth("THYAO").bids[0].price:
        assert time.monotonic() < deadline, "a wrong best bid stood for 20 s"
        time.sleep(0.01)
    return feed.counters.contradictions["rest"] >= 1


def test_ticks_that_are_all_late_make_the_feed_delayed_and_fresh_ones_end_it(feed: Running) -> None:
    _wait_for_ticks(feed)
    assert not feed.store.quote(THYAO).delayed
    feed.bist.faults.arm("stale_date", count=0, seconds=900.0)
    for _ in range(100):
        feed.bist.move(1.0)
        if feed.store.quote(THYAO).delayed:
            break
    assert feed.store.quote(THYAO).delayed
    _wait_for_ticks(feed)
    feed.bist.quiet()
    eventually(lambda: feed.store.quote(THYAO).last == feed.bist.truth("THYAO").last)
    feed.bist.faults.clear()
    for _ in range(100):
        feed.bist.move(1.0)
        if not feed.store.quote(THYAO).delayed:
            break
    assert not feed.store.quote(THYAO).delayed
    assert feed.counters.delay_changes == 2


def test_a_feed_that_was_late_from_its_beginning_says_so_with_its_first_news(bist: Bist) -> None:
    bist.faults.arm("stale_date", count=0, seconds=900.0)
    with running_feed(bist) as feed:
        eventually(feed.live)
        for _ in range(100):
            bist.move(1.0)
            if feed.store.quote(THYAO).delayed:
                break
        assert feed.store.quote(THYAO).delayed
        assert feed.counters.delay_changes == 1


def test_a_venue_that_answers_pings_and_tells_nothing_is_stale_and_dialled_again(bist: Bist) -> None:
    timings = AlgolabTimings(calls=0.02, logins=0.05, feed=FeedTimings(quiet=0.4, repair_pause=0.1))
    with running_feed(bist, stale_after=0.5, timings=timings) as feed:
        eventually(feed.live)
        bist.faults.arm("silence", seconds=600.0)
        eventually(lambda: bist.faults.done()["silence"] == 1)
        for _ in range(5):
            bist.move(0.5)
        eventually(lambda: feed.stale("THYAO"))
        eventually(lambda: feed.counters.resyncs["silence"] >= 1)
        eventually(lambda: feed.live() and feed.equal("THYAO"))


@pytest.mark.parametrize("fault", ["close", "reset"])
def test_a_socket_that_ends_takes_its_books_with_it_and_a_new_one_brings_them(feed: Running, fault: str) -> None:
    feed.bist.faults.arm(fault)
    eventually(lambda: feed.counters.attempts["open"] >= 2)
    eventually(feed.right)
    feed.move_until_right()


def test_the_trades_between_two_sockets_are_known_to_be_missing(feed: Running) -> None:
    _wait_for_ticks(feed)
    feed.venue.connection.drop("test")
    eventually(lambda: feed.counters.attempts["open"] >= 2)
    eventually(feed.right)
    assert feed.store.trades(THYAO, 1).stale
    _wait_for_ticks(feed)
    assert not feed.store.trades(THYAO, 1).stale


def test_without_depth_the_best_prices_come_from_ticks(bist: Bist) -> None:
    with running_feed(bist, depth=False) as feed:
        eventually(lambda: feed.venue.connection.connected)
        for _ in range(100):
            bist.move(1.0)
            if feed.live():
                break
        bist.quiet()
        tick = bist.truth("THYAO").ticks[-1]
        eventually(lambda: (feed.store.quote(THYAO).bid, feed.store.quote(THYAO).ask) == (tick.bid, tick.ask))
        assert feed.counters.frames["D"] == 0
        assert feed.store.quote(THYAO).bid_quantity is None


def test_a_call_auction_inside_continuous_trading_is_shown_as_a_halt(feed: Running) -> None:
    stock = feed.bist.market.stocks["THYAO"]
    stock.interrupt(feed.bist.clock.now + 30.0)
    for _ in range(40):
        feed.bist.move(0.5)
        if feed.store.quote(THYAO).phase == "halted":
            break
    assert feed.store.quote(THYAO).phase == "halted"
    eventually(lambda: (feed.store.auction(THYAO).price or Decimal(0)) > 0)
    for _ in range(60):
        feed.bist.move(1.0)
        if feed.store.quote(THYAO).phase == "continuous":
            break
    eventually(lambda: feed.store.quote(THYAO).phase == "continuous")
    assert feed.store.auction(THYAO).price is None
    feed.move_until_right()
    assert feed.counters.halts == 1
