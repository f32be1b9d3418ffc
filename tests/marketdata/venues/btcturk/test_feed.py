"""The feed end to end over real sockets: against the simulated venue, and against one that misbehaves."""

from __future__ import annotations

import time
from decimal import Decimal
from functools import partial

from common.clock import SYSTEM_CLOCK
from common.loop import Stop
from common.wire import Instrument, Level
from marketdata.counters import Counters
from marketdata.link.inbox import Arrival, Inbox
from marketdata.link.worker import LinkEnds
from marketdata.state.candlestore import CandleStore
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.feed import BtcturkFeed, Mailbox
from marketdata.venues.btcturk.notes import Notes
from marketdata.venues.btcturk.subscriptions import Followed
from tests.marketdata.rig import (
    book_change,
    frame,
    scripted_venue,
)
from tests.marketdata.venues.btcturk.rig import (
    INSTRUMENT,
    QUICK,
    Following,
    all_on_join,
    following,
)
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually

PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"
BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"


def _shown(feed: Following, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    book = feed.book(symbol.partition(":")[2])
    return book.bids, book.asks


def _venues_own(venue: Venue, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    view = venue.server.views[symbol.partition(":")[2]]
    unit = Decimal(1).scaleb(-view.spec.amount_scale)
    bids, asks = (
        tuple(Level(price=price * view.spec.tick, quantity=amount * unit) for price, amount in side)
        for side in (view.bids, view.asks)
    )
    return bids, asks


def _equal(feed: Following, venue: Venue, symbol: str) -> bool:
    return _shown(feed, symbol) == _venues_own(venue, symbol)


def test_after_many_changes_every_book_equals_the_venues_own_level_by_level(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, PAIRS) as feed:
        eventually(lambda: not feed.store.not_live())
        for _ in range(60):
            venue.move(1.0)
        for symbol in feed.store.symbols:
            eventually(partial(_equal, feed, venue, symbol))
        assert feed.counters.frames["432"] > 100
        assert sum(feed.counters.resyncs.values()) == 0
        assert sum(feed.counters.decode_errors.values()) == 0


def test_quotes_follow_book_ticker_and_trades(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        venue.move(5.0)
        view = venue.server.views["BTCTRY"]
        eventually(lambda: feed.store.quote(BTCTRY).bid == view.bids[0][0] * view.spec.tick)
        eventually(lambda: feed.store.quote(BTCTRY).last == view.last * view.spec.tick)
        quote = feed.store.quote(BTCTRY)
        assert quote.ask == view.asks[0][0] * view.spec.tick
        assert quote.daily_change_percent is not None
        assert not quote.stale
        newest = feed.store.trades(BTCTRY, 1).trades
        assert [trade.trade_id for trade in newest] == [view.trades[-1].trade_id]


def test_a_venue_that_dies_and_comes_back_is_joined_again(rest_url: str) -> None:
    with running_venue() as first:
        port = first.server.port
        with following(first.url, rest_url) as feed:
            eventually(lambda: not feed.store.not_live())
            before = feed.store.quote(BTCTRY)
            first.stop()
            eventually(lambda: feed.store.quote(BTCTRY).stale)
            lost = feed.store.quote(BTCTRY)
            assert (lost.bid, lost.ask) == (before.bid, before.ask)
            assert lost.sequence > before.sequence
            assert "not connected" in (feed.venue.connection.trouble() or "")
            with running_venue(seed=2, port=port) as second:
                eventually(lambda: not feed.store.not_live())
                eventually(lambda: _equal(feed, second, BTCTRY))
                assert feed.venue.connection.trouble() is None


def test_a_pair_that_the_venue_does_not_trade_is_named_and_never_joined(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url, "NOPETRY,BTCTRY") as feed:
        eventually(lambda: feed.store.not_live() == ["BTCTURK:NOPETRY"])
        assert feed.venue.readiness["instruments"]() == "the venue does not trade NOPETRY"
        wanted = {(channel, "BTCTRY") for channel in ("ticker", "trade", "obdiff")} | {("tradeview", "BTCTRY_1")}
        heard = venue.heard.queue
        # The last request may still be on its way when the answers to the others have made the book live.
        eventually(lambda: wanted <= {(request["channel"], request["event"]) for request in list(heard)})
        assert {(request["channel"], request["event"]) for request in list(heard)} == wanted


def test_garbage_is_counted_and_the_feed_goes_on(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        for garbage in ("hello", b"\xff\xfe\x00", "{}", "[9999,{}]", "[402,{}]", "x" * 1_000_000):
            venue.say(garbage)
        venue.say(book_change("DOGETRY", 1, [], []))
        venue.say(book_change("BTCTRY", 11, [(0, "101", "9")], []))
        eventually(lambda: feed.store.quote(BTCTRY).ask_quantity == Decimal(9))
        errors = feed.counters.decode_errors
        assert (errors["json"], errors["shape"], errors["field"], errors["pair"]) == (3, 1, 1, 1)
        assert (feed.counters.frames["other"], venue.accepted) == (1, 1)


def test_a_refused_join_is_counted(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        venue.say('[100,{"type":100,"ok":false,"message":"join|obdiff:BTCTRY"}]')
        eventually(lambda: feed.counters.refused_joins == 1)


def test_all_tickers_in_one_frame_reach_the_pairs_that_are_followed(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(feed.live)
        items = [{"PS": "DOGETRY", "LA": "7", "DP": "1"}, {"PS": "BTCTRY", "LA": "222", "DP": "1"}]
        broken, never_traded = {"PS": None, "LA": "9", "DP": "1"}, {"PS": "ETHUSDT", "LA": "0", "DP": "1"}
        venue.say(frame(401, {"items": [*items, broken, never_traded], "channel": "ticker", "event": "all"}))
        eventually(lambda: feed.store.quote(BTCTRY).last == 222)
        assert (feed.counters.frames["401"], feed.counters.decode_errors["pair"]) == (1, 0)
        eventually(lambda: feed.counters.left_out["401"] == 1)
        assert sum(feed.counters.decode_errors.values()) == 0
        assert feed.store.quote(ETHUSDT).last == 100


def test_a_worker_that_fails_replaces_the_socket_and_goes_on() -> None:
    class Link:
        def __init__(self) -> None:
            self.sent: list[str] = []
            self.dropped: list[str] = []

        def send(self, text: str) -> bool:
            self.sent.append(text)
            return True

        def drop(self, reason: str) -> None:
            self.dropped.append(reason)

    def tradable() -> dict[str, Instrument]:
        if not link.dropped:
            raise RuntimeError("stumbled")
        return {"BTCTRY": INSTRUMENT}

    link, counters = Link(), Counters()
    inbox = Inbox(10, counters, frames.classify)
    listings = [Listing("BTCTURK", "BTCTRY", "diffs")]
    feed = BtcturkFeed(
        Followed(["BTCTRY"], "obdiff", tradable),
        LinkEnds(inbox, link, counters),
        store=Store(listings, market="simulated", stale_after=5.0, clock=SYSTEM_CLOCK),
        candles=CandleStore([BTCTRY], unix=time.time),
        timings=QUICK.resync,
        mailbox=Mailbox(Notes(), lambda _pair, _missed: None),
        clock=SYSTEM_CLOCK,
    )
    stop = Stop()
    feed.loop.start(stop)
    inbox.put([Arrival("opened", time.monotonic(), time.time())])
    eventually(lambda: len(link.sent) == 4)
    stop.set()
    assert feed.loop.join(5.0)
    assert link.dropped == ["worker_failure"]
    assert feed.loop.failures == 1
