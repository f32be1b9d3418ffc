"""Frames that a fault changed, as a client sees them on the wire, and the honest frames around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.venue.btcturk.rig import Client, Venue, client, running_venue
from tests.venue.rig import eventually
from venue.btcturk import odd_frames


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


@pytest.mark.parametrize("name", ["odd_numbers", "float_noise"])
def test_a_frame_can_be_written_oddly_and_tell_the_same(venue: Venue, reader: Client, name: Any) -> None:
    whole = _join(reader)
    venue.server.faults.arm(name, pair="BTCTRY")
    changes = _next_changes(venue, reader)
    levels = [level for side in ("AO", "BO") for level in changes[side]]
    assert float(changes["CS"]) == whole["CS"] + 1
    assert levels
    assert not all(isinstance(level["P"], str) and isinstance(level["A"], str) for level in levels)


def test_a_list_can_have_a_row_that_means_nothing(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("bad_row", pair="BTCTRY")
    assert _join(reader)["BO"][0] == {"P": None, "A": "1"}


def test_a_level_can_have_no_amount(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("zero_level", pair="BTCTRY")
    assert _join(reader)["BO"][-1]["A"] == "0.00000000"
    venue.server.faults.arm("zero_level", pair="BTCTRY")
    assert _next_changes(venue, reader)["BO"][-1]["A"] == "0.00000000"


def test_a_price_can_be_off_its_tick(venue: Venue, reader: Client) -> None:
    _join(reader)
    venue.server.faults.arm("off_tick", pair="BTCTRY")
    price = _next_changes(venue, reader)["BO"][-1]["P"]
    assert float(price) % float(venue.server.views["BTCTRY"].spec.tick)


def test_a_side_without_changes_can_be_null(venue: Venue) -> None:
    change, view = {"CP": 0, "P": "1", "A": "1"}, venue.server.views["BTCTRY"]
    one_sided: dict[str, Any] = {"CS": 2, "AO": [], "BO": [change]}
    assert odd_frames.fits("null_side", 432, one_sided)
    assert json.loads(odd_frames.odd("null_side", 432, one_sided, view))[1]["AO"] is None
    assert not odd_frames.fits("null_side", 432, {**one_sided, "AO": [change]})


def test_the_fields_that_nobody_needs_can_be_null(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("null_fields", pair="BTCTRY")
    reader.ask("ticker", "BTCTRY")
    told = reader.next_of(402)
    assert (told["DP"], told["H"], told["BA"]) == (None, None, None)
    assert told["LA"]


@pytest.mark.parametrize("left", [0, 3])
def test_a_partial_replay_has_only_the_newest_trades(venue: Venue, reader: Client, left: int) -> None:
    reader.ask("trade", "BTCTRY")
    whole = reader.next_of(421)["items"]
    assert len(whole) > left
    venue.server.faults.arm("partial_replay", pair="BTCTRY", trades=left)
    reader.ask("trade", "BTCTRY", join=False)
    reader.ask("trade", "BTCTRY")
    assert reader.next_of(421)["items"] == whole[:left]


def test_a_ticker_that_lies_tells_lower_prices_that_are_possible(venue: Venue, reader: Client) -> None:
    venue.server.faults.arm("lying_ticker", pair="BTCTRY", seconds=3600.0)
    reader.ask("ticker", "BTCTRY")
    told, view = reader.next_of(402), venue.server.views["BTCTRY"]
    bid, ask = Decimal(told["B"]), Decimal(told["A"])
    assert bid < ask < view.bids[0][0] * view.spec.tick * Decimal("0.95")
    assert not bid % view.spec.tick
    assert not ask % view.spec.tick
