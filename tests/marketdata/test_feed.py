"""The feed end to end over real sockets: against the simulated venue, and against one that misbehaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from common.wire import Level
from marketdata.app import Parts
from marketdata.feed import Feed
from marketdata.inbox import Arrival, Inbox
from marketdata.resync import Patience
from marketdata.store import Store
from marketdata.tally import Tally
from tests.marketdata.rig import (
    PATIENT,
    ScriptedVenue,
    book_change,
    books_on_join,
    http_server,
    rest_app,
    running_marketdata,
    scripted_venue,
    settings_for,
    whole_book,
)
from tests.venue.rig import Venue, eventually, running_venue

PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"
BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@pytest.fixture(scope="module")
def rest_url(venue: Venue) -> Iterator[str]:
    with http_server(rest_app(venue)) as url:
        yield url


def _shown(parts: Parts, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    instrument = parts.instruments.instruments[symbol.partition(":")[2]]
    book = parts.store.book(symbol, 100, instrument)
    return book.bids, book.asks


def _venues_own(venue: Venue, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    view = venue.server.views[symbol.partition(":")[2]]
    unit = Decimal(1).scaleb(-view.spec.amount_scale)
    bids, asks = (
        tuple(Level(price=price * view.spec.tick, quantity=amount * unit) for price, amount in side)
        for side in (view.bids, view.asks)
    )
    return bids, asks


def _equal(parts: Parts, venue: Venue, symbol: str) -> bool:
    return _shown(parts, symbol) == _venues_own(venue, symbol)


def test_after_many_changes_every_book_equals_the_venues_own_level_by_level(venue: Venue, rest_url: str) -> None:
    with running_marketdata(settings_for(venue.url, rest_url, PAIRS)) as parts:
        eventually(lambda: not parts.store.not_live())
        for _ in range(60):
            venue.move(1.0)
        for symbol in parts.store.symbols:
            eventually(partial(_equal, parts, venue, symbol))
        assert parts.tally.frames["432"] > 100
        assert sum(parts.tally.resyncs.values()) == 0
        assert sum(parts.tally.decode_errors.values()) == 0


def test_quotes_follow_book_ticker_and_trades(venue: Venue, rest_url: str) -> None:
    with running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        venue.move(5.0)
        view = venue.server.views["BTCTRY"]
        eventually(lambda: parts.store.quote(BTCTRY).bid == view.bids[0][0] * view.spec.tick)
        eventually(lambda: parts.store.quote(BTCTRY).last == view.last * view.spec.tick)
        quote = parts.store.quote(BTCTRY)
        assert quote.ask == view.asks[0][0] * view.spec.tick
        assert quote.daily_change_percent is not None
        assert not quote.stale
        newest = parts.store.trades(BTCTRY, 1)["trades"]
        assert [trade.trade_id for trade in newest] == [view.trades[-1].trade_id]  # type: ignore[attr-defined]


def test_a_venue_that_dies_and_comes_back_is_joined_again(rest_url: str) -> None:
    with running_venue() as first:
        port = first.server.port
        with running_marketdata(settings_for(first.url, rest_url)) as parts:
            eventually(lambda: not parts.store.not_live())
            before = parts.store.quote(BTCTRY)
            first.server.stop()
            eventually(lambda: parts.store.quote(BTCTRY).stale)
            lost = parts.store.quote(BTCTRY)
            assert (lost.bid, lost.ask) == (before.bid, before.ask)
            assert lost.sequence > before.sequence
            assert "not connected" in (parts.connection.trouble() or "")
            with running_venue(seed=2, port=port) as second:
                eventually(lambda: not parts.store.not_live())
                eventually(lambda: _equal(parts, second, BTCTRY))
                assert parts.connection.trouble() is None


def test_a_pair_that_the_venue_does_not_trade_is_named_and_never_joined(rest_url: str) -> None:
    with scripted_venue(books_on_join) as venue:
        settings = settings_for(venue.url, rest_url, "NOPETRY,BTCTRY")
        with running_marketdata(settings) as parts:
            eventually(lambda: parts.store.not_live() == ["BTCTURK:NOPETRY"])
            assert parts.instruments.trouble() == "the venue does not trade NOPETRY"
            joined = {(request["channel"], request["event"]) for request in list(venue.heard.queue)}
            assert joined == {(channel, "BTCTRY") for channel in ("ticker", "trade", "obdiff")}


def test_a_gap_asks_for_a_new_book_on_the_same_socket(rest_url: str) -> None:
    with scripted_venue(books_on_join) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        _forget(venue)
        venue.say(book_change("BTCTRY", 11, [(1, "102", "5")], []))
        venue.say(book_change("BTCTRY", 13, [(1, "103", "5")], []))
        asked = [venue.next_heard(), venue.next_heard()]
        assert [(request["event"], request["join"]) for request in asked] == [("BTCTRY", False), ("BTCTRY", True)]
        eventually(lambda: not parts.store.not_live())
        assert (parts.tally.book_gaps, parts.tally.resyncs["gap"], venue.accepted) == (1, 1, 1)
        assert len(_shown(parts, BTCTRY)[1]) == 1


def test_a_book_with_a_gap_is_shown_as_stale_and_as_it_was_before(rest_url: str) -> None:
    left: set[str] = set()

    def until_left(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            left.add(request["event"])
        return [] if request["event"] in left else books_on_join(request)

    with scripted_venue(until_left) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        venue.say(book_change("BTCTRY", 12, [(1, "100", "5")], []))
        eventually(lambda: parts.store.not_live() == [BTCTRY])
        quote = parts.store.quote(BTCTRY)
        assert (quote.stale, quote.ask) == (True, Decimal(101))
        assert not parts.store.quote(ETHUSDT).stale


def test_frames_of_the_old_subscription_ask_for_nothing_more(rest_url: str) -> None:
    rejoined: set[str] = set()

    def first_join_only(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            rejoined.add(request["event"])
        return [] if request["event"] in rejoined else books_on_join(request)

    with scripted_venue(first_join_only) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        for sequence in (15, 16, 17):
            venue.say(book_change("BTCTRY", sequence, [(1, "103", "5")], []))
        eventually(lambda: parts.tally.frames["432"] == 3)
        assert parts.store.not_live() == [BTCTRY]
        assert (sum(parts.tally.resyncs.values()), parts.tally.book_gaps) == (1, 1)
        venue.say(whole_book("BTCTRY", 500, {"102": "1"}, {"98": "1"}))
        venue.say(book_change("BTCTRY", 501, [(0, "102", "7")], []))
        eventually(lambda: parts.store.quote(BTCTRY).ask_quantity == Decimal(7))
        assert not parts.store.not_live()


def test_a_rejoin_that_is_not_answered_leads_to_a_new_socket(rest_url: str) -> None:
    def first_join_of_a_socket_only(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            deaf.add(venue.accepted)
        return [] if venue.accepted in deaf else books_on_join(request)

    deaf: set[int] = set()
    patience = Patience(first_data=5.0, rejoin=0.15, hopeless=5.0)
    with (
        scripted_venue(first_join_of_a_socket_only) as venue,
        running_marketdata(settings_for(venue.url, rest_url), patience=patience) as parts,
    ):
        eventually(lambda: not parts.store.not_live())
        venue.say(book_change("BTCTRY", 99, [], []))
        eventually(lambda: venue.accepted == 2 and not parts.store.not_live())
        assert parts.tally.resyncs["resync_timeout"] == 1


def test_a_book_that_never_comes_is_asked_for_again_though_it_was_acknowledged(rest_url: str) -> None:
    left: set[str] = set()

    def only_after_a_leave(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            left.add(request["event"])
        ack = '[100,{"type":100,"ok":true,"message":"join"}]'
        return [ack, *books_on_join(request)] if request["event"] in left else [ack]

    patience = Patience(first_data=0.1, rejoin=5.0, hopeless=5.0)
    with (
        scripted_venue(only_after_a_leave) as venue,
        running_marketdata(settings_for(venue.url, rest_url), patience=patience) as parts,
    ):
        eventually(lambda: not parts.store.not_live())
        assert parts.tally.resyncs["no_first_data"] == 2
        assert venue.accepted == 1


@pytest.mark.parametrize(
    "change",
    [
        book_change("BTCTRY", 11, [(2, "101", "1")], []),
        book_change("BTCTRY", 11, [(1, "101", "1")], []),
        book_change("BTCTRY", 11, [(3, "777", "1")], []),
        book_change("BTCTRY", 11, [], [(1, "105", "1")]),
        whole_book("BTCTRY", 20, {"99": "1"}, {"100": "1"}),
    ],
)
def test_a_frame_that_does_not_fit_the_book_asks_for_a_new_one(rest_url: str, change: str) -> None:
    with scripted_venue(books_on_join) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        venue.say(change)
        eventually(lambda: sum(parts.tally.resyncs.values()) == 1 and not parts.store.not_live())
        assert parts.store.quote(BTCTRY).ask == Decimal(101)


def test_garbage_is_counted_and_the_feed_goes_on(rest_url: str) -> None:
    with scripted_venue(books_on_join) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        for garbage in ("hello", b"\xff\xfe\x00", "{}", "[9999,{}]", "[432,{}]", "x" * 1_000_000):
            venue.say(garbage)
        venue.say(book_change("DOGETRY", 1, [], []))
        venue.say(book_change("BTCTRY", 11, [(0, "101", "9")], []))
        eventually(lambda: parts.store.quote(BTCTRY).ask_quantity == Decimal(9))
        errors = parts.tally.decode_errors
        assert (errors["json"], errors["shape"], errors["field"], errors["pair"]) == (3, 1, 1, 1)
        assert (parts.tally.frames["other"], venue.accepted) == (1, 1)


def test_a_refused_join_is_counted(rest_url: str) -> None:
    with scripted_venue(books_on_join) as venue, running_marketdata(settings_for(venue.url, rest_url)) as parts:
        eventually(lambda: not parts.store.not_live())
        venue.say('[100,{"type":100,"ok":false,"message":"join|obdiff:BTCTRY"}]')
        eventually(lambda: parts.tally.refused_joins == 1)


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

    def tradable() -> set[str]:
        if not link.dropped:
            raise RuntimeError("stumbled")
        return {"BTCTRY"}

    link, tally = Link(), Tally()
    inbox = Inbox(10, tally)
    store = Store([BTCTRY], market="simulated", source="BTCTURK", stale_after=5.0, clock=time.monotonic, started=1.0)
    feed = Feed(
        ["BTCTRY"],
        store=store,
        inbox=inbox,
        link=link,
        tally=tally,
        tradable=tradable,
        patience=PATIENT,
        clock=time.monotonic,
    )
    feed.start()
    inbox.put(Arrival("opened", time.monotonic(), time.time()))
    eventually(lambda: len(link.sent) == 3)
    feed.stop()
    assert link.dropped == ["worker_failure"]
    assert tally.failures["worker"] == 1


def _forget(venue: ScriptedVenue) -> None:
    while not venue.heard.empty():
        venue.heard.get()
