"""Streams begin with everything, then tell what changed, beat while nothing does, and are limited in number."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from common.clock import Clock
from common.errors import TooManyStreams
from common.loop import Stop
from common.sse import HEARTBEAT
from marketdata.events import BookSnapshot, PriceLevel, Ticker, Trades, VenueTrade
from marketdata.state.listing import Listing
from marketdata.state.selection import KINDS, Selection
from marketdata.state.store import Store
from marketdata.state.trades import MOST_TRADES
from marketdata.stream.publisher import Publisher, Round
from marketdata.stream.streams import Streams
from tests.marketdata.stream.follower import Event, events

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"
BOTH = Selection((A, B))
Opener = Callable[..., Iterator[bytes]]


@pytest.fixture
def store() -> Store:
    listings = [Listing("BTCTURK", "BTCTRY", "diffs"), Listing("BTCTURK", "ETHTRY", "diffs")]
    return Store(listings, market="simulated", stale_after=0.2, clock=Clock(time.monotonic, lambda: 1.0))


def _streams(store: Store, heartbeat: float = 5.0, stop: Stop | None = None) -> Streams:
    return Streams(store, instruments=dict, most=2, heartbeat=heartbeat, stop=stop or Stop(), monotonic=time.monotonic)


@pytest.fixture
def opened(store: Store) -> Iterator[Opener]:
    """Opens a stream over a running publisher: selection, heartbeat, the last event's id."""
    running: dict[float, Streams] = {}
    stop = Stop()

    def start(wanted: Selection = BOTH, heartbeat: float = 5.0, last_event_id: str = "") -> Iterator[bytes]:
        if not running:
            running[heartbeat] = _streams(store, heartbeat, stop)
            running[heartbeat].publisher.loop.start(stop)
        return running[heartbeat].events(wanted, last_event_id)

    yield start
    stop.set()


def _ticker(last: int) -> Ticker:
    return Ticker("X", Decimal(last), Decimal(0))


def _trades(*numbers: int) -> Trades:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    made = (VenueTrade(str(n), Decimal(n), Decimal(1), "buy", moment) for n in numbers)
    return Trades("BTCTRY", tuple(made), replay=False)


def _one(chunk: bytes) -> Event:
    (event,) = events(chunk)
    return event


def _until(stream: Iterator[bytes], wanted: Callable[[Event], bool]) -> list[Event]:
    """The events up to the first that is wanted, within ten seconds."""
    deadline, found = time.monotonic() + 10, list[Event]()
    for chunk in stream:
        for event in events(chunk):
            found.append(event)
            if wanted(event):
                return found
        assert time.monotonic() < deadline, found
    raise AssertionError


def test_a_stream_begins_with_a_snapshot_of_its_symbols(store: Store, opened: Opener) -> None:
    store.apply_ticker(A, _ticker(5), 50.0)
    event = _one(next(opened(Selection((A,)))))
    assert (event.name, event.id) == ("snapshot", f"{store.epoch}-1")
    assert (event.body["market"], event.body["sequence"]) == ("simulated", 1)
    assert [(quote["symbol"], quote["last"]) for quote in event.body["quotes"]] == [(A, "5")]
    assert set(event.body) == {"market", "sequence", "quotes"}


def test_a_snapshot_has_every_kind_that_was_asked_for(opened: Opener) -> None:
    body = _one(next(opened(Selection((A,), KINDS)))).body
    assert set(body) == {"market", "sequence", "quotes", "books", "trades", "statuses", "auctions", "instruments"}


def test_changes_follow_with_their_sequence_and_other_symbols_do_not(store: Store, opened: Opener) -> None:
    stream = opened(Selection((A,)))
    next(stream)
    store.apply_ticker(B, _ticker(1), 50.0)
    store.apply_ticker(A, _ticker(2), 51.0)
    event = _one(next(stream))
    assert (event.name, event.id) == ("quote", f"{store.epoch}-2")
    assert (event.body["symbol"], event.body["last"]) == (A, "2")


def test_a_slow_client_gets_the_latest_and_not_all_between(store: Store, opened: Opener) -> None:
    slow, quick = opened(), opened()
    next(slow)
    next(quick)
    quickly = []
    for last in range(1, 51):
        store.apply_ticker(A, _ticker(last), 50.0)
        quickly.append(_one(next(quick)).body["last"])
    store.apply_ticker(B, _ticker(7), 50.0)
    assert quickly == [str(last) for last in range(1, 51)]
    told = _until(slow, lambda event: event.body["symbol"] == B)
    assert [(event.body["symbol"], event.body["last"]) for event in told] == [(A, "50"), (B, "7")]


def test_every_trade_is_told_in_the_order_it_came(store: Store, opened: Opener) -> None:
    stream = opened(Selection((A,), ("trade",)))
    next(stream)
    store.apply_trades(A, _trades(1, 2), 50.0)
    store.apply_trades(A, _trades(3), 51.0)
    told = _until(stream, lambda event: event.body["trade_id"] == "3")
    assert [(event.name, event.body["trade_id"]) for event in told] == [("trade", "1"), ("trade", "2"), ("trade", "3")]


def test_a_client_too_slow_for_the_trades_is_told_of_the_gap(store: Store, opened: Opener) -> None:
    stream = opened(Selection((A, B), ("trade",)))
    next(stream)
    store.apply_trades(A, _trades(*range(1, MOST_TRADES + 2)), 50.0)
    told = _until(stream, lambda event: event.body.get("trade_id") == str(MOST_TRADES + 1))
    assert (told[0].name, told[0].body["symbol"], told[0].body["kind"]) == ("gap", A, "trade")
    assert len(told) == 1 + MOST_TRADES


def test_a_client_that_comes_back_gets_what_changed_and_no_more(store: Store, opened: Opener) -> None:
    first = opened()
    next(first)
    store.apply_ticker(A, _ticker(1), 50.0)
    last_id = _one(next(first)).id
    store.apply_ticker(B, _ticker(2), 51.0)
    again = opened(last_event_id=last_id)
    resumed = _one(next(again))
    assert (resumed.name, resumed.id, resumed.body) == ("resumed", last_id, {"market": "simulated", "sequence": 1})
    assert [(event.body["symbol"], event.id) for event in events(next(again))] == [(B, f"{store.epoch}-2")]


@pytest.mark.parametrize("last_event_id", ["00000000-1", "1", "nonsense", "{epoch}-2", "{epoch}-", "{epoch}-١", "-1"])
def test_an_id_of_another_process_or_of_none_gets_the_whole(store: Store, opened: Opener, last_event_id: str) -> None:
    store.apply_ticker(A, _ticker(1), 50.0)
    assert _one(next(opened(last_event_id=last_event_id.format(epoch=store.epoch)))).name == "snapshot"


def test_of_events_with_one_sequence_only_the_last_can_be_resumed_from(store: Store) -> None:
    wanted = Selection((A,), ("quote", "trade"))
    store.apply_trades(A, _trades(1), 50.0)
    until, chunk = Round(store, dict).since(wanted, 0)
    assert until == 1
    assert [event.id for event in events(chunk)] == ["", f"{store.epoch}-1"]


def test_many_clients_cost_one_encoding(store: Store) -> None:
    store.apply_ticker(A, _ticker(1), 50.0)
    store.apply_ticker(B, _ticker(1), 50.0)
    now_on = Round(store, dict)
    assert now_on.since(BOTH, 0)[1] is now_on.since(Selection((A, B)), 0)[1]
    before = store.sequence
    store.apply_ticker(A, _ticker(2), 51.0)
    assert now_on.since(BOTH, 0)[0] == before
    assert now_on.since(BOTH, before) == (before + 1, now_on.since(Selection((A,)), before)[1])


def test_a_crowd_is_woken_less_often_than_a_few_clients(store: Store) -> None:
    publisher = Publisher(store, dict, crowd=lambda: 400)
    stop = Stop()
    publisher.loop.start(stop)
    began, last = time.monotonic(), 0
    while time.monotonic() - began < 0.5:
        store.apply_ticker(A, _ticker(last := last + 1), 50.0)
        time.sleep(0.001)
    stop.set()
    assert 1 <= publisher.rounds.number <= 1 + (time.monotonic() - began) / 0.2


def test_heartbeats_come_while_nothing_changes(opened: Opener) -> None:
    stream = opened(heartbeat=0.05)
    next(stream)
    began = time.monotonic()
    assert [next(stream), next(stream)] == [HEARTBEAT] * 2
    assert time.monotonic() - began < 5


def test_heartbeats_come_while_much_changes(store: Store, opened: Opener) -> None:
    stream = opened(heartbeat=0.05)
    next(stream)
    deadline = time.monotonic() + 10
    for last in range(1_000_000):
        store.apply_ticker(A, _ticker(last), 50.0)
        if next(stream).endswith(HEARTBEAT):
            return
        assert time.monotonic() < deadline


def test_a_quote_that_becomes_stale_is_told_though_its_value_did_not_change(store: Store, opened: Opener) -> None:
    level = PriceLevel(Decimal(1), Decimal(1))
    stream = opened(Selection((A,)))
    next(stream)
    store.apply_book(A, BookSnapshot("X", "obdiff", 1, (level,), ()), 50.0)
    told = _until(stream, lambda event: bool(event.body["stale"] and event.body["ask"]))
    assert told[-1].body["ask"] == "1"
    store.prove_book(A, time.monotonic() + 60)
    again = _until(stream, lambda event: not event.body["stale"])[-1].body
    assert (again["ask"], again["sequence"] > told[-1].body["sequence"]) == ("1", True)


def test_beyond_the_limit_a_stream_is_refused_until_one_leaves(store: Store) -> None:
    streams = _streams(store)
    release = streams.slots.acquire()
    streams.slots.acquire()
    with pytest.raises(TooManyStreams, match="all 2 streams are taken: close one, or ask /v1/quotes"):
        streams.slots.acquire()
    assert (streams.slots.open, streams.refused) == (2, 1)
    release()
    release()
    assert streams.slots.open == 1
    streams.slots.acquire()
