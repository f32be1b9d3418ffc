"""AlgoLab's WebSocket on a real socket: the clients that it admits, the frames that it sends, its hang-ups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from tests.venue.algolab.rig import QUICK, Bist, client, running_bist, socket_headers
from tests.venue.rig import eventually
from venue.algolab.views import DepthRow


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


def _rows(frames: list[dict[str, Any]], side: str) -> list[DepthRow]:
    """Rows of one side as a client would keep them."""
    held: dict[int, DepthRow] = {}
    for content in frames:
        if content["Direction"] == side:
            held[content["Row"]] = DepthRow(Decimal(str(content["Price"])), content["Quantity"], content["OrderCount"])
    return [held[number] for number in sorted(held) if held[number].quantity]


@pytest.mark.parametrize("changed", [{"APIKEY": "API-x"}, {"Checker": "0" * 64}, {"Authorization": "another"}])
def test_an_upgrade_with_a_wrong_header_is_unauthorized(bist: Bist, changed: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, client(bist, **changed):
        pass
    assert refused.value.response.status_code == 401
    assert bist.server.counters.upgrades["unauthorized"] == 1


def test_another_path_is_not_found(bist: Bist) -> None:
    headers = socket_headers(bist.session())
    with pytest.raises(InvalidStatus) as refused, connect(bist.ws_url + "/x", additional_headers=headers):
        pass
    assert refused.value.response.status_code == 404


def test_a_book_begins_with_every_row_and_goes_on_with_changed_ones(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("D", "THYAO")
        told = joined.contents("D", 20)
        assert [(content["Direction"], content["Row"]) for content in told] == [
            (side, row) for side in "BS" for row in range(10)
        ]
        for _ in range(20):
            bist.move(1.0)
        bist.quiet()
        while True:
            truth = bist.truth("THYAO")
            if _rows(told, "B") == list(truth.bids) and _rows(told, "S") == list(truth.asks):
                break
            told.append(joined.next_of("D"))
        assert len(told) > 20


def test_a_tick_is_a_trade_with_all_its_fields(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "GARAN", key="Token")
        eventually(lambda: bist.server.counters.subscriptions == 1)
        bist.move(9.0)
        content = joined.next_of("T")
    truth = bist.truth("GARAN")
    assert list(content) == [
        *("Symbol", "Market", "Price", "Change", "Ask", "Bid", "Date", "ChangePercentage", "High", "Low"),
        *("TradeQuantity", "Direction", "RefPrice", "BalancePrice", "BalanceAmount", "Buying", "Selling"),
    ]
    assert (content["Symbol"], content["Market"]) == ("GARAN", "IMKBH")
    assert content["Direction"] in ("B", "S")
    assert content["TradeQuantity"] > 0
    assert content["RefPrice"] == float(truth.reference)
    assert content["Bid"] < content["Ask"]
    assert content["BalancePrice"] == 0.0
    assert content["Buying"] != content["Selling"]
    assert re.fullmatch(r"2026-09-22T\d\d:\d\d:\d\d\+03:00", content["Date"])


def test_all_means_every_symbol(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "ALL")
        eventually(lambda: bist.server.counters.subscriptions == 1)
        bist.move(9.5)
        wanted = {"THYAO": "IMKBH", "XU100": "IMKBX", "USDTRY": "FX"}
        while wanted:
            content = joined.next_of("T")
            assert wanted.pop(content["Symbol"], content["Market"]) == content["Market"]


def test_an_unknown_symbol_is_silence(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "NOSUCH")
        joined.ask("D", "NOSUCH")
        eventually(lambda: bist.server.counters.subscriptions == 2)
        bist.move(5.0)
        with pytest.raises(TimeoutError):
            joined.socket.recv(0.1)


def test_a_client_that_subscribes_to_nothing_is_hung_up_on() -> None:
    with running_bist(timings=replace(QUICK, first_subscription=0.05)) as bist, client(bist) as joined:
        with pytest.raises(ConnectionClosedError) as closed:
            joined.socket.recv(10)
        assert closed.value.rcvd is None
        assert bist.server.counters.closures["nothing_subscribed"] == 1


def test_a_client_that_misses_heartbeats_is_hung_up_on() -> None:
    timings = replace(QUICK, heartbeat=0.05, missed_heartbeats=3)
    with running_bist(timings=timings) as bist, client(bist) as joined:
        joined.ask("T", "THYAO")
        with pytest.raises(ConnectionClosedError) as closed:
            joined.socket.recv(10)
        assert closed.value.rcvd is None
        assert bist.server.counters.closures["no_heartbeat"] == 1


def test_a_client_that_sends_heartbeats_is_kept() -> None:
    timings = replace(QUICK, heartbeat=0.4, missed_heartbeats=3)
    with running_bist(timings=timings) as bist, client(bist) as joined:
        joined.ask("T", "THYAO")
        for _ in range(30):
            joined.beat()
            with pytest.raises(TimeoutError):
                joined.socket.recv(0.05)
        assert bist.server.counters.closures["no_heartbeat"] == 0


def test_a_frame_with_another_token_ends_the_socket(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "THYAO")
        joined.socket.send('{"Type":"H","Token":"another"}')
        with pytest.raises(ConnectionClosedError):
            joined.socket.recv(10)
        assert bist.server.counters.closures["wrong_token"] == 1


def test_a_session_that_ends_takes_its_sockets_along(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "THYAO")
        bist.accounts.expire()
        with pytest.raises(ConnectionClosedError):
            joined.socket.recv(10)


def test_a_ping_is_answered(bist: Bist) -> None:
    with client(bist) as joined:
        joined.ask("T", "THYAO")
        assert joined.socket.ping().wait(10)
