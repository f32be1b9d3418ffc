"""A stream that lost track is stale at once, and asked for again: on the same socket first, then on a new one."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from common.wire import Level
from marketdata.link.inbox import Arrival
from marketdata.venues.btcturk.resync import ResyncTimings
from tests.marketdata.rig import (
    ScriptedVenue,
    book_change,
    scripted_venue,
    whole_book,
)
from tests.marketdata.venues.btcturk.rig import (
    QUICK,
    Following,
    all_on_join,
    following,
    single_trade,
)
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"
BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"


def _shown(feed: Following, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    book = feed.book(symbol.partition(":")[2])
    return book.bids, book.asks


def test_a_gap_asks_for_a_new_book_on_the_same_socket(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        _forget(venue)
        venue.say(book_change("BTCTRY", 11, [(1, "102", "5")], []))
        venue.say(book_change("BTCTRY", 13, [(1, "103", "5")], []))
        asked = [venue.next_heard(), venue.next_heard()]
        assert [(request["event"], request["join"]) for request in asked] == [("BTCTRY", False), ("BTCTRY", True)]
        eventually(lambda: not feed.store.not_live())
        assert (feed.counters.book_gaps, feed.counters.resyncs["gap"], venue.accepted) == (1, 1, 1)
        assert len(_shown(feed, BTCTRY)[1]) == 1


def test_a_book_with_a_gap_is_shown_as_stale_and_as_it_was_before(rest_url: str) -> None:
    left: set[str] = set()

    def until_left(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            left.add(request["event"])
        return [] if request["event"] in left else all_on_join(request)

    with scripted_venue(until_left) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        venue.say(book_change("BTCTRY", 12, [(1, "100", "5")], []))
        eventually(lambda: feed.store.not_live() == [BTCTRY])
        quote = feed.store.quote(BTCTRY)
        assert (quote.stale, quote.ask) == (True, Decimal(101))
        assert not feed.store.quote(ETHUSDT).stale


def test_frames_of_the_old_subscription_ask_for_nothing_more(rest_url: str) -> None:
    rejoined: set[str] = set()

    def first_join_only(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            rejoined.add(request["event"])
        return [] if request["event"] in rejoined else all_on_join(request)

    with scripted_venue(first_join_only) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        for sequence in (15, 16, 17):
            venue.say(book_change("BTCTRY", sequence, [(1, "103", "5")], []))
        eventually(lambda: feed.counters.frames["432"] == 3)
        assert feed.store.not_live() == [BTCTRY]
        assert (sum(feed.counters.resyncs.values()), feed.counters.book_gaps) == (1, 1)
        venue.say(whole_book("BTCTRY", 500, {"102": "1"}, {"98": "1"}))
        venue.say(book_change("BTCTRY", 501, [(0, "102", "7")], []))
        eventually(lambda: feed.store.quote(BTCTRY).ask_quantity == Decimal(7))
        assert not feed.store.not_live()


def test_a_socket_that_answers_no_rejoin_of_any_book_is_replaced(rest_url: str) -> None:
    def first_join_of_a_socket_only(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            deaf.add(venue.accepted)
        return [] if venue.accepted in deaf else all_on_join(request)

    deaf: set[int] = set()
    resync = ResyncTimings(first_data=5.0, rejoin=0.15, hopeless=5.0)
    with (
        scripted_venue(first_join_of_a_socket_only) as venue,
        following(venue.url, rest_url, timings=replace(QUICK, resync=resync)) as feed,
    ):
        eventually(lambda: not feed.store.not_live())
        venue.say(book_change("BTCTRY", 99, [], []))
        venue.say(book_change("ETHUSDT", 99, [], []))
        eventually(lambda: venue.accepted == 2 and not feed.store.not_live())


def test_a_book_that_never_comes_again_costs_the_others_nothing(rest_url: str) -> None:
    def lost_for_ever(request: dict[str, Any]) -> list[str]:
        if request["event"] == "BTCTRY" and not request["join"]:
            lost.add(request["channel"])
        return [] if request["event"] == "BTCTRY" and request["channel"] in lost else all_on_join(request)

    lost: set[str] = set()
    resync = ResyncTimings(first_data=5.0, rejoin=0.05, hopeless=0.2)
    with (
        scripted_venue(lost_for_ever) as venue,
        following(venue.url, rest_url, timings=replace(QUICK, resync=resync)) as feed,
    ):
        eventually(lambda: not feed.store.not_live())
        venue.say(book_change("BTCTRY", 99, [], []))
        eventually(lambda: feed.counters.resyncs["resync_timeout"] >= 5)
        assert venue.accepted == 1
        assert BTCTRY in feed.store.not_live()
        assert feed.store.is_live(ETHUSDT)


def test_a_book_that_never_comes_is_asked_for_again_though_it_was_acknowledged(rest_url: str) -> None:
    left: set[str] = set()

    def only_after_a_leave(request: dict[str, Any]) -> list[str]:
        if not request["join"]:
            left.add(request["event"])
        ack = '[100,{"type":100,"ok":true,"message":"join"}]'
        silent = request["channel"] == "obdiff" and request["event"] not in left
        return [ack] if silent else [ack, *all_on_join(request)]

    resync = ResyncTimings(first_data=0.1, rejoin=5.0, hopeless=5.0)
    with (
        scripted_venue(only_after_a_leave) as venue,
        following(venue.url, rest_url, timings=replace(QUICK, resync=resync)) as feed,
    ):
        eventually(lambda: not feed.store.not_live())
        assert feed.counters.resyncs["no_first_data"] == feed.counters.no_data["obdiff"] == 2
        assert venue.accepted == 1


@pytest.mark.parametrize(
    "change",
    [
        book_change("BTCTRY", 11, [(2, "101", "1")], []),
        book_change("BTCTRY", 11, [], [(1, "105", "1")]),
        whole_book("BTCTRY", 20, {"99": "1"}, {"100": "1"}),
    ],
)
def test_a_frame_that_does_not_fit_the_book_asks_for_a_new_one(rest_url: str, change: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(lambda: not feed.store.not_live())
        venue.say(change)
        eventually(lambda: sum(feed.counters.resyncs.values()) == 1 and not feed.store.not_live())
        assert feed.store.quote(BTCTRY).ask == Decimal(101)


def test_a_stream_that_never_brings_anything_is_named_and_costs_no_socket(rest_url: str) -> None:
    def all_but_bars(request: dict[str, Any]) -> list[str]:
        return [] if request["channel"] == "tradeview" else all_on_join(request)

    resync = ResyncTimings(first_data=0.1, rejoin=0.1, hopeless=0.1)
    with (
        scripted_venue(all_but_bars) as venue,
        following(venue.url, rest_url, "BTCTRY", timings=replace(QUICK, resync=resync)) as feed,
    ):
        eventually(lambda: feed.counters.no_data["tradeview"] >= 3)
        assert feed.venue.trouble() == "no data on tradeview:BTCTRY_1"
        assert (feed.store.not_live(), venue.accepted) == ([], 1)


def test_a_book_frame_that_cannot_be_read_costs_its_book_at_once(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(feed.live)
        _forget(venue)
        venue.say(book_change("BTCTRY", 11, [(1, "NaN", "5")], []))
        asked = [venue.next_heard(), venue.next_heard()]
        assert [(request["event"], request["join"]) for request in asked] == [("BTCTRY", False), ("BTCTRY", True)]
        eventually(feed.live)
        assert (feed.counters.resyncs["unreadable"], feed.counters.decode_errors["number"]) == (1, 1)


def test_a_book_frame_of_a_pair_that_cannot_be_told_costs_every_book(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(feed.live)
        venue.say("[432,{")
        venue.say("[432,{}]")
        venue.say(single_trade("BTCTRY", 9))
        eventually(lambda: feed.counters.frames["422"] == 1)
        assert feed.counters.resyncs["unreadable"] == 0
        venue.say('[432,{"CS":11,"BO":[{"CP":0,"P":"99","A"')
        eventually(lambda: feed.counters.resyncs["unreadable"] == 2 and feed.live())


def test_a_book_frame_that_is_cut_costs_the_book_that_it_names_alone(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(feed.live)
        venue.say('[432,{"CS":11,"PS":"BTCTRY","BO":[{"CP":0,"P":"99","A"')
        eventually(lambda: feed.counters.resyncs["unreadable"] == 1 and feed.live())
        assert [venue.next_heard()["event"] for _ in range(4)].count("ETHUSDT") == 1


def test_a_whole_book_that_cannot_be_read_costs_its_book_at_once(rest_url: str) -> None:
    def whole(request: dict[str, Any], price: str = "99") -> list[str]:
        if not (request["channel"] == "orderbook" and request["join"]):
            return all_on_join(request)
        return [whole_book(request["event"], 1, {"101": "1"}, {price: "2"}).replace("obdiff", "orderbook")]

    with scripted_venue(whole) as venue, following(venue.url, rest_url, book="orderbook") as feed:
        eventually(feed.live)
        _forget(venue)
        venue.say(whole({"channel": "orderbook", "join": True, "event": "BTCTRY"}, "NaN")[0])
        asked = [venue.next_heard("orderbook"), venue.next_heard("orderbook")]
        assert [(request["event"], request["join"]) for request in asked] == [("BTCTRY", False), ("BTCTRY", True)]
        eventually(feed.live)
        assert feed.counters.resyncs["unreadable"] == 1


def test_a_difference_that_was_dropped_on_the_way_costs_its_book(rest_url: str) -> None:
    with scripted_venue(all_on_join) as venue, following(venue.url, rest_url) as feed:
        eventually(feed.live)
        _forget(venue)
        feed.venue.inbox.put([Arrival("lost", time.monotonic(), time.time(), b"obdiff:ETHUSDT")])
        asked = [venue.next_heard(), venue.next_heard()]
        assert [(request["event"], request["join"]) for request in asked] == [("ETHUSDT", False), ("ETHUSDT", True)]
        eventually(feed.live)
        assert feed.counters.resyncs["dropped"] == 1


def _forget(venue: ScriptedVenue) -> None:
    while not venue.heard.empty():
        venue.heard.get()
