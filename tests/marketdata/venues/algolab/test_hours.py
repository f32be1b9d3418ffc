"""The exchange's hours: what is shown of the phases, and when silence is no trouble."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from common.wire import Phase
from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.rig import Running, running_feed
from tests.venue.algolab.rig import START, Bist, running_bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

MINUTE = 60.0
ELEVEN = START  # 11:00 in Istanbul, a Tuesday
THYAO = "BIST:THYAO"
IMPATIENT = AlgolabTimings(calls=0.02, logins=0.05, feed=FeedTimings(quiet=0.3, repair_pause=60.0))


def at(minutes_after_eleven: float) -> float:
    return ELEVEN + minutes_after_eleven * MINUTE


def _phase_becomes(feed: Running, phase: Phase) -> Callable[[], bool]:
    return lambda: feed.store.quote(THYAO).phase == phase


@pytest.mark.parametrize(
    ("minutes", "phase"),
    [
        (-240.0, "closed"),
        (-70.0, "opening_auction"),
        (0.0, "continuous"),
        (423.0, "closing_auction"),
        (429.0, "trades_at_close"),
        (600.0, "closed"),
        (4 * 24 * 60.0, "closed"),
    ],
)
def test_the_phase_is_the_exchanges(minutes: float, phase: Phase) -> None:
    with running_bist(sessions="real", start=at(minutes)) as bist, running_feed(bist, always_open=False) as feed:
        eventually(_phase_becomes(feed, phase))
        assert feed.store.status(THYAO).phase == phase


def test_an_auction_shows_where_it_would_match_and_a_book_that_may_cross() -> None:
    with running_bist(sessions="real", start=at(-80.5)) as bist, running_feed(bist, always_open=False) as feed:
        eventually(lambda: feed.venue.connection.connected)
        for _ in range(60):
            bist.move(5.0)
            if feed.store.auction(THYAO).price and feed.store.quote(THYAO).phase == "opening_auction":
                break
        eventually(_phase_becomes(feed, "opening_auction"))
        bist.quiet()
        eventually(lambda: feed.store.auction(THYAO).price == bist.truth("THYAO").ticks[-1].balance_price)
        eventually(lambda: feed.equal("THYAO") and not feed.stale("THYAO"))


def test_an_auction_ends_with_a_book_that_does_not_cross() -> None:
    with running_bist(sessions="real", start=at(-62.0)) as bist, running_feed(bist, always_open=False) as feed:
        eventually(_phase_becomes(feed, "opening_auction"))
        for _ in range(20):
            _let_pass(bist, 10.0)
        eventually(_phase_becomes(feed, "continuous"))
        eventually(lambda: feed.equal("THYAO") and not feed.stale("THYAO"))
        bids, asks = feed.shown("THYAO")
        assert bids[0].price < asks[0].price
        assert feed.store.auction(THYAO).price is None


def test_silence_is_trouble_in_trading_hours_alone() -> None:
    with (
        running_bist(sessions="real", start=at(600.0)) as closed,
        running_feed(closed, always_open=False, timings=IMPATIENT) as feed,
    ):
        eventually(_phase_becomes(feed, "closed"))
        eventually(lambda: feed.venue.connection.connected)
        time.sleep(2.5 * IMPATIENT.feed.quiet)
        assert feed.trouble() is None
        assert feed.counters.resyncs["silence"] == 0
    with running_bist() as bist, running_feed(bist, timings=IMPATIENT) as feed:
        eventually(feed.live)
        eventually(lambda: "no share was heard of" in (feed.venue.trouble() or ""))


def test_the_liveness_symbol_tells_a_silent_exchange_from_a_dead_feed() -> None:
    with running_bist() as bist, running_feed(bist, symbols=("NOSUCH",), timings=IMPATIENT) as feed:
        eventually(lambda: feed.venue.connection.connected)

        def told() -> bool:
            bist.move(1.0)
            return "but the feed is alive" in (feed.venue.trouble() or "")

        eventually(told)


def test_outside_of_its_calendar_the_feed_says_so() -> None:
    years = 20 * 365 * 24 * 60.0
    with running_bist(start=at(years)) as bist, running_feed(bist) as feed:
        assert "calendar" in (feed.venue.trouble() or "")


def _let_pass(bist: Bist, seconds: float) -> None:
    """Moves in steps that the exchange plays in full."""
    while seconds > 0:
        bist.move(min(seconds, 5.0))
        seconds -= 5.0
