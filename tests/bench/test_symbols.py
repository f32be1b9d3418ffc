"""The bench's venue of many symbols says what marketdata understands, and says it in order over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from websocket import WebSocket, create_connection

from bench import symbol_rows
from bench.symbols import bars
from bench.symbols.bare import pair_requests, share_requests
from bench.symbols.pairs import ALL, PEAK, Pairs
from bench.symbols.shares import Shares
from bench.symbols.venue import Source
from marketdata.events import BookDiff, BookRow, BookSnapshot, Ticker, Trades, Unreadable
from marketdata.state.bars import MOST_BARS
from marketdata.venues.algolab import frames as share_frames
from marketdata.venues.btcturk import bar_answers
from marketdata.venues.btcturk import frames as pair_frames
from marketdata.venues.btcturk.history import DAYS_ASKED


def join(channel: str, event: str, wanted: bool = True) -> bytes:
    return json.dumps([151, {"type": 151, "channel": channel, "event": event, "join": wanted}]).encode()


def test_every_frame_of_a_pair_is_understood() -> None:
    stamps: list[str] = []
    pairs = Pairs(3, stamps.append)
    first = [frame for request in pair_requests(3) for frame in pairs.heard(request.encode())]
    made = [pairs.make(channel) for channel in PEAK for _ in range(6)]
    events = [event for frame in (*first, *made) for event in pair_frames.parse(frame).events]
    assert not [event for event in events if isinstance(event, Unreadable)]
    for kind in (BookDiff, BookSnapshot, Ticker, Trades):
        assert any(isinstance(event, kind) for event in events), kind
    assert len(stamps) == 6
    changed = [event for event in events if isinstance(event, BookDiff)]
    assert [change.sequence for change in changed if change.pair == "P1TRY"] == [11, 12]


def test_all_tickers_come_in_one_frame_as_often_as_one() -> None:
    pairs = Pairs(4, lambda _stamp: None)
    pairs.heard(join("ticker", ALL))
    assert pairs.rates()["ticker"] == PEAK["ticker"]
    assert len(pair_frames.parse(pairs.make("ticker")).events) == 4


def test_nothing_is_sent_of_what_was_not_joined() -> None:
    pairs, shares = Pairs(4, lambda _stamp: None), Shares(4)
    assert set(pairs.rates().values()) == {0.0} == set(shares.rates().values())
    pairs.heard(join("obdiff", "P0TRY"))
    assert pairs.rates() == {"obdiff": PEAK["obdiff"], "ticker": 0.0, "trade": 0.0}
    pairs.heard(join("obdiff", "P0TRY", wanted=False))
    assert set(pairs.rates().values()) == {0.0}


def test_every_frame_of_a_share_is_understood_and_its_rows_never_cross() -> None:
    shares = Shares(3)
    first = [frame for request in share_requests(3) for frame in shares.heard(request.encode())]
    assert len(first) == 3 * 2 * 10
    made = [shares.make(kind) for kind in ("tick", "row") for _ in range(300)]
    events = [event for frame in (*first, *made) for event in share_frames.parse(frame).events]
    assert not [event for event in events if isinstance(event, Unreadable)]
    rows = [event for event in events if isinstance(event, BookRow)]
    assert {(row.side, row.row) for row in rows} == {(side, place) for side in ("buy", "sell") for place in range(10)}
    bids, asks = ([row.price for row in rows if row.side == side] for side in ("buy", "sell"))
    assert max(bids) < min(asks)


@pytest.fixture
def source() -> Source:
    return Source(Pairs(2, lambda _stamp: None))


@pytest.fixture
def client(source: Source) -> Iterator[WebSocket]:
    with closing(create_connection(source.server.address, timeout=20)) as connected:
        yield connected


def test_a_client_gets_a_book_and_then_its_changes_at_the_set_rate(source: Source, client: WebSocket) -> None:
    client.send(join("obdiff", "P0TRY"))
    assert json.loads(client.recv())[1]["CS"] == 10
    for _ in range(4):
        source.send(0.25, 8 / PEAK["obdiff"])
    assert [json.loads(client.recv())[1]["CS"] for _ in range(8)] == list(range(11, 19))
    client.ping("alive?")
    opcode, payload = client.recv_data(control_frame=True)
    assert (opcode, payload) == (0xA, b"alive?")


def test_a_pairs_past_is_understood_in_full() -> None:
    now = 1_790_000_040
    assert len(bar_answers.minutes(bars.minutes(Random(1), now)).rows) == MOST_BARS["1m"]
    assert len(bar_answers.days(bars.days(Random(1), now)).rows) == DAYS_ASKED + 1


def test_the_peak_of_all_pairs_is_the_published_one() -> None:
    assert symbol_rows.nominal(379, 0) == pytest.approx(351 + 37.9 + 79 / 60)
    assert symbol_rows.nominal(200, 600) == pytest.approx(200 * (351 / 379 + 0.1 + 79 / 60) + 3_000)
