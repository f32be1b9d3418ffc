"""A book that differs from the venue's own for long enough is found out; one that is only ahead or behind is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import pytest

from common.wire import Level
from marketdata.counters import Counters
from marketdata.nets import SafetyNet
from marketdata.rest.replies import Reply
from marketdata.state.book import Sides
from marketdata.venues.btcturk.audit import DEPTH, PAUSE_SECONDS, Audit, AuditTimings, Differences, differences
from marketdata.venues.btcturk.notes import Notes, RightBook, WrongBook
from tests.marketdata.rig import book_change, scripted_venue
from tests.marketdata.venues.btcturk.rig import INSTRUMENT, all_on_join, following
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually


def _side(*levels: tuple[int, int]) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(price), quantity=Decimal(quantity)) for price, quantity in levels)


def _numbers(found: Differences) -> set[str]:
    return {f"{side} {price}: {ours}, {theirs}" for (side, price), (ours, theirs) in found.items()}


OURS: Sides = (_side((99, 1), (98, 2)), _side((101, 3), (102, 4)))


def test_equal_books_do_not_differ() -> None:
    assert differences(OURS, OURS) == {}


def test_a_level_may_be_missing_differ_or_be_too_many() -> None:
    theirs = (_side((99, 1)), _side((101, 5), (102, 4), (103, 6)))
    assert _numbers(differences(OURS, theirs)) == {"buy 98: 2, None", "sell 101: 3, 5", "sell 103: None, 6"}


def test_nothing_is_said_of_what_one_side_is_too_short_to_show() -> None:
    ours = (_side(*((100 - n, 1) for n in range(DEPTH))), ())
    theirs = (_side(*((100 - n, 1) for n in range(DEPTH + 1) if n != 3)), ())
    assert _numbers(differences(ours, theirs)) == {"buy 97: 1, None"}


class _Answers:
    """Gives one REST book after the other."""

    def __init__(self, books: Iterable[str]) -> None:
        self._books = iter(books)

    def get(self, *_asked: object, **_more: object) -> Reply:
        return Reply(200, next(self._books).encode())


def _book(bid: str) -> str:
    return (
        f'{{"success":true,"data":{{"timestamp":1,"bids":[["99","{bid}"],["98","2"]],'
        '"asks":[["101","3"],["102","4"]]}}'
    )


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([_book("1")], False),
        ([_book("7"), _book("1")], False),
        ([_book("7"), _book("8")], False),
        ([_book("7"), _book("7")], True),
    ],
)
def test_only_a_difference_that_stays_the_same_is_a_mismatch(answers: list[str], wrong: bool) -> None:
    notes, counters = Notes(), Counters()
    audit = _audit(lambda _pair: OURS, _Answers(answers), notes, counters)
    for _ in answers:
        audit.step()
    assert counters.audit_mismatches == int(wrong)
    assert notes.empty() is not wrong
    assert notes.empty() or notes.get() == WrongBook("BTCTRY", "audit")


def test_a_wrong_book_that_is_right_again_is_told_once() -> None:
    notes = Notes()
    audit = _audit(lambda _pair: OURS, _Answers([_book("7"), _book("7"), _book("1"), _book("1")]), notes)
    for _ in range(4):
        audit.step()
    assert [notes.get(), notes.get(), notes.empty()] == [WrongBook("BTCTRY", "audit"), RightBook("BTCTRY"), True]


def _audit(
    book: Callable[[str], Sides | None],
    api: _Answers,
    notes: Notes | None = None,
    counters: Counters | None = None,
    net: SafetyNet | None = None,
    timings: AuditTimings | None = None,
) -> Audit:
    return Audit(
        lambda: {"BTCTRY": INSTRUMENT},
        book,
        api=api,
        notes=notes or Notes(),
        counters=counters or Counters(),
        net=net or SafetyNet("book_audit"),
        timings=timings or AuditTimings(every=1.0, recheck=0.0, pause=0.0),
    )


def test_a_book_with_a_difference_is_compared_again_soon_and_else_in_its_turn() -> None:
    audit = _audit(lambda _pair: OURS, _Answers([_book("7"), _book("7"), _book("1")]))
    assert [audit.step(), audit.step(), audit.step()] == [0.0, 1.0, 1.0]


def test_a_stale_book_is_not_compared() -> None:
    counters = Counters()
    audit = _audit(lambda _pair: None, _Answers([]), counters=counters)
    assert audit.step() == 1.0
    assert counters.audits == 0


def test_an_audit_that_cannot_compare_is_a_torn_net_and_one_with_nothing_to_compare_is_not() -> None:
    net = SafetyNet("book_audit")
    audit = _audit(lambda _pair: OURS, _Answers(["{}", "<html>", _book("1"), *["[]"] * 3]), net=net)
    audit.step()
    assert (net.successes, net.failures, net.torn) == (0, 1, False)
    audit.step()
    audit.step()
    assert (net.successes, net.in_a_row, net.reason) == (1, 0, "")
    for _ in range(3):
        audit.step()
    assert net.torn
    assert "orderbook" in (net.trouble() or "")
    idle = SafetyNet("book_audit")
    _audit(lambda _pair: None, _Answers([]), net=idle).step()
    assert (idle.successes, idle.failures) == (0, 0)


def test_an_order_book_is_compared_though_its_time_is_a_float_and_a_level_of_it_is_bad() -> None:
    counters, net = Counters(), SafetyNet("book_audit")
    told = _book("1").replace('"timestamp":1', '"timestamp":1568899482709.0').replace('["98","2"]', '["98",null]')
    audit = _audit(lambda _pair: OURS, _Answers([told] * 2), counters=counters, net=net)
    assert [audit.step(), audit.step()] == [1.0, 1.0]
    assert (counters.audits, net.successes, counters.audit_mismatches) == (2, 2, 0)
    assert counters.left_out["orderbook"] == 2


def test_many_books_use_at_most_half_of_the_budget() -> None:
    audit = _audit(lambda _pair: OURS, _Answers([_book("1")]), timings=AuditTimings(every=0.001))
    assert audit.step() == PAUSE_SECONDS
    assert 60.0 / PAUSE_SECONDS <= 180 * 0.8 / 2


def test_a_book_that_follows_the_venue_passes(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, "BTCTRY", audit_seconds=0.05) as feed:
        eventually(feed.live)
        for _ in range(10):
            venue.move(1.0)
        seen = feed.counters.audits
        eventually(lambda: feed.counters.audits > seen + 3)
        assert feed.counters.audit_mismatches == 0


def test_a_book_that_is_not_the_venues_is_asked_for_again(rest_url: str) -> None:
    with (
        scripted_venue(all_on_join) as scripted,
        following(scripted.url, rest_url, "BTCTRY", audit_seconds=0.05) as feed,
    ):
        eventually(feed.live)
        scripted.say(book_change("BTCTRY", 11, [(1, "102", "5")], []))
        eventually(lambda: feed.counters.audit_mismatches > 0 and feed.counters.resyncs["audit"] > 0)


def test_a_feed_whose_books_cannot_be_audited_is_degraded_until_they_can(venue: Venue, rest_url: str) -> None:
    venue.server.faults.arm("rest_status", endpoint="orderbook", status=400, count=10_000)
    with following(venue.url, rest_url, "BTCTRY", audit_seconds=0.05) as feed:
        eventually(lambda: feed.venue.state() == "degraded" and "book_audit" in (feed.venue.reason() or ""))
        assert feed.live()
        venue.server.faults.clear()
        eventually(lambda: feed.venue.state() == "live")


def test_a_feed_that_is_not_audited_has_no_such_net(venue: Venue, rest_url: str) -> None:
    with following(venue.url, rest_url, "BTCTRY") as feed:
        assert [net.name for net in feed.venue.nets] == ["instruments", "tickers", "history"]
        eventually(lambda: feed.venue.nets[1].successes == 1)
