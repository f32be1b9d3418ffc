"""After any fault in a book's frames the book becomes the venue's own again, and no wrong one is published."""

from __future__ import annotations

from typing import Any

import pytest

from tests.marketdata.faults.rig import watched
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually


@pytest.mark.parametrize(
    ("fault", "parameters", "reasons"),
    [
        ("skip_cs", {}, {"gap"}),
        ("duplicate_frame", {"model": 432}, {"gap"}),
        ("crossed_book", {}, {"crossed"}),
        ("bad_level", {"code": 2}, {"unknown_change"}),
        ("bad_level", {"code": 1}, {"new_on_held"}),
        ("bad_level", {"code": 3}, {"change_on_absent"}),
        ("bad_level", {"code": 0}, {"change_on_absent"}),
    ],
)
def test_a_change_that_does_not_fit_costs_one_rejoin_on_the_same_socket(
    fault: str, parameters: dict[str, Any], reasons: set[str]
) -> None:
    with watched() as it:
        it.arm(fault, pair="BTCTRY", **parameters)
        eventually(lambda: sum(it.feed.counters.resyncs.values()) > 0, seconds=20)
        eventually(it.feed.live, seconds=20)
        assert {reason for reason, count in it.feed.counters.resyncs.items() if count} == reasons
        assert it.feed.counters.book_gaps == int("gap" in reasons)
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def test_many_faults_in_a_row_never_show_a_wrong_book() -> None:
    with watched() as it:
        for fault in ("skip_cs", "bad_level", "duplicate_frame", "crossed_book", "skip_cs"):
            it.arm(fault, pair="BTCTRY")
            it.arm(fault, pair="ETHUSDT")
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) >= 5


def test_a_change_before_the_book_costs_one_rejoin() -> None:
    def before(venue: Venue) -> None:
        venue.server.faults.arm("diff_before_snapshot", pair="BTCTRY")

    with watched(before=before) as it:
        eventually(lambda: it.feed.counters.resyncs["diff_before_snapshot"] == 1)
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def test_a_book_that_does_not_come_is_joined_again() -> None:
    with watched(before=lambda venue: _arm_no_book(venue, 1)) as it:
        assert it.feed.counters.no_data["obdiff"] == 1
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def test_a_book_that_does_not_come_even_then_is_its_own_trouble_and_costs_no_socket() -> None:
    with watched(before=lambda venue: _arm_no_book(venue, 3)) as it:
        assert it.feed.counters.resyncs["resync_timeout"] >= 1
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def _arm_no_book(venue: Venue, count: int) -> None:
    venue.server.faults.arm("no_book", pair="BTCTRY", count=count)


def test_frames_that_are_told_again_change_nothing() -> None:
    with watched() as it:
        it.arm("repeat_ticker", pair="BTCTRY", times=20)
        it.arm("duplicate_frame", pair="BTCTRY", model=422)
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) == 0
        trades = it.feed.store.trades("BTCTURK:BTCTRY", 200).trades
        assert len({trade.trade_id for trade in trades}) == len(trades)


@pytest.mark.parametrize(
    ("fault", "counted"),
    [("garbage", "json"), ("unknown_model", "other"), ("huge_frame", "other")],
)
def test_a_frame_that_says_nothing_is_counted_and_costs_nothing(fault: str, counted: str) -> None:
    with watched() as it:
        it.arm(fault)
        counters = it.feed.counters
        eventually(lambda: counters.decode_errors["json"] + counters.frames["other"] == 1, seconds=20)
        assert (counters.frames["other"] == 1) == (counted == "other")
        it.come_to_rest()
        assert (sum(counters.resyncs.values()), it.venue.server.counters.upgrades["accepted"]) == (0, 1)


def test_books_that_come_whole_need_no_sequence_and_a_wrong_one_costs_a_rejoin() -> None:
    with watched(book="orderbook") as it:
        it.arm("duplicate_frame", pair="BTCTRY", model=431)
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) == 0
        it.arm("crossed_book", pair="BTCTRY")
        eventually(lambda: it.feed.counters.resyncs["crossed"] == 1, seconds=20)
        eventually(it.feed.live, seconds=20)
        it.come_to_rest()
        assert it.feed.counters.frames["432"] == 0
        assert it.venue.server.counters.upgrades["accepted"] == 1
