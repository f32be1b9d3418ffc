"""Frames that a fault changed, as a client sees them on the wire, and the honest frames around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.venue.btcturk.rig import Client, Venue, client, running_venue
from tests.venue.rig import eventually


@pytest.fixture(scope="module")
def running() -> Iterator[Venue]:
    with running_venue() as venue:
        yield venue


@pytest.fixture
def venue(running: Venue) -> Iterator[Venue]:
    yield running
    running.server.faults.clear()


@pytest.fixture
def reader(venue: Venue) -> Iterator[Client]:
    with client(venue.url) as joined:
        yield joined


def _join(reader: Client) -> dict[str, Any]:
    reader.ask("obdiff", "BTCTRY")
    return reader.next_of(431)


def _next_changes(venue: Venue, reader: Client) -> dict[str, Any]:
    venue.move(3)
    return reader.next_of(432)


def test_a_skipped_sequence_is_one_frame_lost(venue: Venue, reader: Client) -> None:
    whole = _join(reader)
    venue.server.faults.arm("skip_cs", pair="BTCTRY")
    venue.move(3)
    eventually(lambda: venue.server.faults.done()["skip_cs"])
    assert _next_changes(venue, reader)["CS"] == whole["CS"] + 2


def test_a_doubled_frame_is_the_same_twice(venue: Venue, reader: Client) -> None:
    _join(reader)
    venue.server.faults.arm("duplicate_frame")
    assert _next_changes(venue, reader) == reader.next_of(432)


def test_a_change_can_come_before_its_book(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("diff_before_snapshot", pair="BTCTRY")
    reader.ask("obdiff", "BTCTRY")
    assert [reader.next()[0] for _ in range(3)] == [100, 432, 431]


def _apply(book: dict[str, str], changes: list[dict[str, Any]]) -> None:
    for change in changes:
        if change["CP"] == 3:
            book.pop(change["P"], None)
        else:
            book[change["P"]] = change["A"]


def test_a_crossed_book_bids_above_the_best_ask(venue: Venue, reader: Client) -> None:
    whole = _join(reader)
    venue.server.faults.arm("crossed_book")
    body = _next_changes(venue, reader)
    asks, bids = ({level["P"]: level["A"] for level in whole[side]} for side in ("AO", "BO"))
    _apply(asks, body["AO"])
    _apply(bids, body["BO"])
    assert max(map(float, bids)) > min(map(float, asks))


@pytest.mark.parametrize(("code", "held"), [(0, False), (1, True), (2, False), (3, False)])
def test_a_bad_level_contradicts_the_book_that_the_client_holds(
    venue: Venue, reader: Client, code: int, held: bool
) -> None:
    bids = {level["P"] for level in _join(reader)["BO"]}
    venue.server.faults.arm("bad_level", code=code)
    *_, bad = _next_changes(venue, reader)["BO"]
    assert (bad["CP"], bad["P"] in bids) == (code, held)
    assert all(change["CP"] != 2 for change in _next_changes(venue, reader)["BO"])


def test_a_book_that_never_comes_is_acknowledged_and_comes_after_another_join(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("no_book", pair="BTCTRY")
    reader.ask("obdiff", "BTCTRY")
    reader.ask("obdiff", "ETHTRY")
    assert reader.next()[1] == {"type": 100, "ok": True, "message": "join|obdiff:BTCTRY"}
    assert reader.next_of(431)["PS"] == "ETHTRY"
    assert _next_changes(venue, reader)["PS"] == "ETHTRY"
    reader.ask("obdiff", "BTCTRY", join=False)
    assert _join(reader)["PS"] == "BTCTRY"
    venue.move(3)
    assert {reader.next_of(432)["PS"], reader.next_of(432)["PS"]} == {"BTCTRY", "ETHTRY"}


def test_a_ticker_is_repeated_byte_for_byte(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("repeat_ticker", times=20)
    reader.ask("ticker", "BTCTRY")
    assert len({json.dumps(reader.next_of(402)) for _ in range(21)}) == 1
    assert venue.server.faults.done()["repeat_ticker"] == 1


@pytest.mark.parametrize(
    ("fault", "begin", "size"), [("garbage", "<html>", 1), ("unknown_model", "[9999,", 1), ("huge_frame", "[", 2**20)]
)
def test_foreign_frames_come_between_the_others(venue: Venue, fault: Any, begin: str, size: int) -> None:
    with client(venue.url) as reader:
        reader.socket.protocol.max_message_size = None
        venue.server.faults.arm(fault)
        text = reader.socket.recv(5)
        assert isinstance(text, str)
        assert text.startswith(begin)
        assert len(text) > size
        reader.ask("trade", "BTCTRY")
        assert reader.next_of(421)


def test_a_fault_of_a_pair_leaves_sockets_that_did_not_join_it_alone(venue: Venue, reader: Client) -> None:
    _join(reader)
    venue.server.faults.arm("garbage", pair="BTCTRY")
    with client(venue.url) as other:
        other.ask("obdiff", "ETHTRY")
        assert other.next_of(431)
        assert reader.socket.recv(5) == "<html><body>502 Bad Gateway</body></html>"
        venue.move(3)
        assert other.next_of(432)


def test_a_paused_market_lets_a_clients_book_be_compared_with_the_truth(venue: Venue, reader: Client) -> None:
    whole = _join(reader)
    venue.move(3)
    venue.server.pause()
    eventually(venue.server.settled)
    view = venue.server.views["BTCTRY"]
    asks, bids = ({level["P"]: level["A"] for level in whole[side]} for side in ("AO", "BO"))
    while (asks, bids) != tuple(
        {view.spec.price_text(price): view.spec.amount_text(amount) for price, amount in levels}
        for levels in (view.asks, view.bids)
    ):
        body = reader.next_of(432)
        _apply(asks, body["AO"])
        _apply(bids, body["BO"])
    venue.clock.now += 60
    assert venue.server.views["BTCTRY"] is view
    venue.server.resume()
    eventually(lambda: venue.server.views["BTCTRY"].at > view.at)


@pytest.mark.parametrize("left", [0, 3])
def test_a_partial_replay_has_only_the_newest_trades(venue: Venue, reader: Client, left: int) -> None:
    reader.ask("trade", "BTCTRY")
    whole = reader.next_of(421)["items"]
    assert len(whole) > left
    venue.server.faults.arm("partial_replay", pair="BTCTRY", trades=left)
    reader.ask("trade", "BTCTRY", join=False)
    reader.ask("trade", "BTCTRY")
    assert reader.next_of(421)["items"] == whole[:left]
