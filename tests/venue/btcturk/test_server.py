"""BTCTurk's WebSocket on a real socket: its books, its pings, its counts, and its loop when it fails."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import connect

from tests.venue.btcturk.rig import START, Venue, client, running_venue
from tests.venue.rig import eventually
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.subscriptions import PairSubscriptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


def test_the_server_sends_first_and_negotiates_no_compression(venue: Venue) -> None:
    with connect(venue.url) as socket_with_offer:
        kind, body = json.loads(socket_with_offer.recv(5))
        assert (kind, body["current"], body["min"]) == (991, "6.0.0", "2.3.0")
        assert socket_with_offer.protocol.extensions == []


def test_a_client_that_applies_all_changes_has_the_venues_book(venue: Venue) -> None:
    with client(venue.url) as reader:
        reader.ask("obdiff", "ETHUSDT")
        whole = reader.next_of(431)
        book = {side: {level["P"]: level["A"] for level in whole[side]} for side in ("AO", "BO")}
        for expected in range(whole["CS"] + 1, whole["CS"] + 40):
            venue.move(2)
            body = reader.next_of(432)
            assert body["CS"] == expected
            for side in ("AO", "BO"):
                for change in body[side]:
                    if change["CP"] == 3:
                        del book[side][change["P"]]
                    else:
                        book[side][change["P"]] = change["A"]
        view = venue.server.views["ETHUSDT"]
        for side, levels in (("AO", view.asks), ("BO", view.bids)):
            shown = {view.spec.price_text(price): view.spec.amount_text(amount) for price, amount in levels}
            assert book[side] == shown


def test_two_sockets_have_their_own_sequences(venue: Venue) -> None:
    bases = []
    for _ in range(2):
        with client(venue.url) as reader:
            reader.ask("obdiff", "BTCTRY")
            bases.append(reader.next_of(431)["CS"])
    assert bases[0] != bases[1]


def test_nonsense_gets_no_answer_and_the_socket_stays_open(venue: Venue) -> None:
    with client(venue.url) as reader:
        reader.say("hello")
        reader.say('{"event":"ping"}')
        reader.ask("trade", "BTCTRY")
        assert reader.next()[1]["message"] == "join|trade:BTCTRY"
        assert reader.next()[0] == 421


def test_tickers_keep_coming_when_nothing_changes(venue: Venue) -> None:
    with client(venue.url) as reader:
        reader.ask("ticker", "BTCTRY")
        assert reader.next_of(402) == reader.next_of(402)


def test_a_client_that_never_pongs_is_closed_with_1000_and_no_reason_after_three_periods() -> None:
    pace = BtcturkServerTimings(conflation=0.01, ping=0.1, step=0.01)
    with running_venue(timings=pace) as venue, socket.create_connection(("127.0.0.1", venue.server.port)) as raw:
        raw.settimeout(5)
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        received = b""
        while not received.endswith(b"\x88\x02" + struct.pack(">H", 1000)):
            more = raw.recv(4096)
            assert more, "closed without a close frame"
            received += more
        assert received.count(b"\x89\x04") == 2
        assert venue.server.counters.closures["no_pong"] == 1


def test_a_client_that_pongs_is_kept() -> None:
    """The period is long enough that a client on a busy machine still pongs within three of them."""
    with (
        running_venue(timings=BtcturkServerTimings(conflation=0.01, ping=0.6, step=0.01)) as venue,
        client(venue.url) as reader,
    ):
        with pytest.raises(TimeoutError):
            reader.next(timeout=2.4)
        reader.ask("trade", "BTCTRY")
        assert reader.next_of(421)


def test_a_market_that_fails_once_is_moved_again() -> None:
    class Stumbling(BtcturkMarket):
        failures = 1

        def advance(self, now: float) -> None:
            if self.failures and now > START:
                self.failures -= 1
                raise RuntimeError("stumbled")
            super().advance(now)

    with running_venue(market=Stumbling(1, START, warm_up_seconds=0)) as venue:
        venue.move(3)
        assert venue.server.counters.failures["market"] == 1


def test_a_port_in_use_is_refused_at_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="already in use"), running_venue(port=port):
            pass


def test_connections_and_subscriptions_are_counted_while_they_last() -> None:
    with running_venue() as venue:
        counters = venue.server.counters
        with client(venue.url) as reader:
            reader.ask("ticker", "BTCTRY")
            reader.ask("trade", "BTCTRY")
            reader.next_of(421)
            assert (counters.connections, counters.subscriptions) == (1, 2)
        eventually(lambda: (counters.connections, counters.subscriptions) == (0, 0))


def test_stop_closes_the_sockets() -> None:
    with running_venue() as venue, connect(venue.url, close_timeout=1) as reader:
        reader.recv(5)
        venue.stop()
        with pytest.raises(ConnectionClosed):
            reader.recv(5)


def test_a_server_whose_event_loop_fails_is_started_again_on_the_same_port() -> None:
    with running_venue(warm_up=1.0) as venue:
        eventually(lambda: venue.server._events is not None)
        port, events = venue.server.port, venue.server._events
        assert events is not None
        with connect(venue.url, close_timeout=1) as reader:
            reader.recv(5)
            events.call_soon_threadsafe(events.stop)
            with pytest.raises(ConnectionClosed):
                reader.recv(5)
        with client(venue.url) as reader:
            reader.ask("trade", "BTCTRY")
            assert reader.next_of(421)
        assert venue.server.port == port
        (health,) = venue.parts.loops.health()
        assert (health.name, health.failures, health.trouble) == ("btcturk", 1, None)


def test_a_socket_whose_frames_cannot_be_made_is_ended_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[bytes]:
        raise ArithmeticError("no frame")

    monkeypatch.setattr(PairSubscriptions, "due", fail)
    with running_venue() as venue, client(venue.url) as joined:
        with pytest.raises(ConnectionClosedError):
            joined.socket.recv(5)
        assert venue.server.counters.failures["socket"] == 1
        eventually(lambda: venue.server.counters.connections == 0)
