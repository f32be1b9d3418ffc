"""After any fault in a book's frames the book becomes the venue's own again, and no wrong one is published."""

from __future__ import annotations

from typing import Any

import pytest

from tests.marketdata.faults.rig import HASTY, watched
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("fault", "parameters", "reasons"),
    [
        ("skip_cs", {}, {"gap"}),
        ("crossed_book", {}, {"crossed"}),
        ("bad_level", {"code": 2}, {"unknown_change"}),
    ],
)
def test_a_change_that_does_not_fit_costs_one_rejoin_on_the_same_socket(
    fault: str, parameters: dict[str, Any], reasons: set[str]
) -> None:
    with watched() as it:
        it.arm(fault, pair="BTCTRY", **parameters)
        eventually(lambda: sum(it.feed.counters.resyncs.values()) > 0)
        eventually(it.feed.live)
        assert {reason for reason, count in it.feed.counters.resyncs.items() if count} == reasons
        assert it.feed.counters.book_gaps == int("gap" in reasons)
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "parameters", "oddity"),
    [
        ("duplicate_frame", {"model": 432}, "repeated_diff"),
        ("bad_level", {"code": 3}, "absent_delete"),
        ("zero_level", {}, "zero_level"),
        ("off_tick", {}, "off_tick"),
        ("null_side", {}, "null_side"),
    ],
)
def test_a_harmless_oddity_is_applied_and_shown_and_costs_nothing(
    fault: str, parameters: dict[str, Any], oddity: str
) -> None:
    with watched() as it:
        it.arm(fault, pair="BTCTRY", **parameters)
        eventually(lambda: it.feed.counters.oddities[oddity] > 0)
        it.come_to_rest()
        shown = it.feed.venue.row()["oddities"]
        assert isinstance(shown, dict)
        assert shown[oddity] > 0
        assert (sum(it.feed.counters.resyncs.values()), it.venue.server.counters.upgrades["accepted"]) == (0, 1)


@pytest.mark.parametrize(("code", "oddity"), [(0, "absent_update"), (1, "held_new")])
def test_an_amount_that_was_not_expected_is_taken_as_the_venue_tells_it(code: int, oddity: str) -> None:
    with watched() as it:
        it.arm("bad_level", pair="BTCTRY", code=code)
        eventually(lambda: it.feed.counters.oddities[oddity] == 1)
        assert sum(it.feed.counters.resyncs.values()) == 0
        assert it.feed.live()


@pytest.mark.parametrize("fault", ["odd_numbers", "float_noise", "null_fields"])
def test_frames_that_are_written_oddly_are_read_as_if_they_were_not(fault: str) -> None:
    with watched() as it:
        for pair in ("BTCTRY", "ETHUSDT"):
            it.venue.server.faults.arm(fault, pair=pair, count=40)
        done = it.venue.server.faults.done
        eventually(lambda: done()[fault] >= 60)
        it.venue.server.faults.clear()
        it.come_to_rest()
        counters = it.feed.counters
        lost = (sum(counters.resyncs.values()), sum(counters.decode_errors.values()), sum(counters.left_out.values()))
        assert lost == (0, 0, 0)


def test_a_bad_row_of_a_frame_costs_itself() -> None:
    def before(venue: Venue) -> None:
        venue.server.faults.arm("bad_row", pair="BTCTRY", count=2)

    with watched(before=before) as it:
        eventually(lambda: {name for name, count in it.feed.counters.left_out.items() if count} == {"421", "431"})
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) == 0


ENDPOINTS = ("exchangeinfo", "ticker", "trades", "ohlcs", "klines", "orderbook")


@pytest.mark.parametrize("oddity", ["numbers", "bad_row", "zero_row", "float_noise"])
def test_answers_that_are_written_oddly_are_read_as_if_they_were_not(oddity: str) -> None:
    def before(venue: Venue) -> None:
        for endpoint in ENDPOINTS:
            venue.server.faults.arm("odd_answer", endpoint=endpoint, oddity=oddity, count=3)

    with watched(before=before, audit_seconds=0.2) as it:
        counters, audit = it.feed.counters, it.feed.venue.nets
        eventually(lambda: all(counters.backfills[kind] for kind in ("days", "minutes", "tickers")))
        eventually(lambda: counters.audits > 3)
        assert it.feed.venue.readiness["instruments"]() is None
        assert {name for name, count in counters.left_out.items() if count} <= set(ENDPOINTS)
        assert (counters.left_out["exchangeinfo"] > 0) == (oddity == "bad_row")
        assert [net.reason for net in audit] == [""] * len(audit)
        assert counters.audit_mismatches == 0
        assert sum(counters.backfill_failures.values()) == 0


def test_many_faults_in_a_row_never_show_a_wrong_book() -> None:
    with watched() as it:
        for fault in ("skip_cs", "bad_level", "zero_level", "crossed_book", "skip_cs"):
            it.arm(fault, pair="BTCTRY")
            it.arm(fault, pair="ETHUSDT")
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) >= 4


def test_a_change_before_the_book_costs_one_rejoin() -> None:
    def before(venue: Venue) -> None:
        venue.server.faults.arm("diff_before_snapshot", pair="BTCTRY")

    with watched(before=before) as it:
        eventually(lambda: it.feed.counters.resyncs["diff_before_snapshot"] == 1)
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def test_a_book_that_does_not_come_is_joined_again() -> None:
    with watched(before=lambda venue: _arm_no_book(venue, 1), timings=HASTY) as it:
        assert it.feed.counters.no_data["obdiff"] >= 1
        it.come_to_rest()
        assert it.venue.server.counters.upgrades["accepted"] == 1


def test_a_book_that_does_not_come_even_then_is_its_own_trouble_and_costs_no_socket() -> None:
    with watched(before=lambda venue: _arm_no_book(venue, 3), timings=HASTY) as it:
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
        eventually(lambda: counters.decode_errors["json"] + counters.frames["other"] == 1)
        assert (counters.frames["other"] == 1) == (counted == "other")
        it.come_to_rest()
        assert (sum(counters.resyncs.values()), it.venue.server.counters.upgrades["accepted"]) == (0, 1)


def test_books_that_come_whole_need_no_sequence_and_a_wrong_one_costs_a_rejoin() -> None:
    with watched(book="orderbook") as it:
        it.arm("duplicate_frame", pair="BTCTRY", model=431)
        it.come_to_rest()
        assert sum(it.feed.counters.resyncs.values()) == 0
        it.arm("crossed_book", pair="BTCTRY")
        eventually(lambda: it.feed.counters.resyncs["crossed"] == 1)
        eventually(it.feed.live)
        it.come_to_rest()
        assert it.feed.counters.frames["432"] == 0
        assert it.venue.server.counters.upgrades["accepted"] == 1
