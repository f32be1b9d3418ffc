"""Streams begin with everything, then tell what changed, beat while nothing does, and are limited in number."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from common.errors import Unavailable
from marketdata.store import Store
from marketdata.stream import Streams
from marketdata.venues.events import BookSnapshot, PriceLevel, Ticker

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"


@pytest.fixture
def store() -> Store:
    return Store([A, B], market="simulated", source="BTCTURK", stale_after=0.2, clock=time.monotonic, started=1.0)


def _ticker(last: int) -> Ticker:
    return Ticker("X", Decimal(last), Decimal(0))


def _events(store: Store, symbols: tuple[str, ...] = (A, B), heartbeat: float = 5.0) -> Iterator[bytes]:
    return Streams(store, most=2, heartbeat=heartbeat, clock=time.monotonic).events(symbols)


def _read(event: bytes) -> tuple[str, int, dict[str, Any]]:
    assert event.endswith(b"\n\n")
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return fields["event"], int(fields["id"]), json.loads(fields["data"])


def test_a_stream_begins_with_a_snapshot_of_its_symbols(store: Store) -> None:
    store.apply_ticker(A, _ticker(5), 50.0)
    name, sequence, body = _read(next(_events(store, (A,))))
    assert (name, sequence, body["market"], body["sequence"]) == ("snapshot", 1, "simulated", 1)
    assert [(quote["symbol"], quote["last"]) for quote in body["quotes"]] == [(A, "5")]


def test_changes_follow_with_their_sequence_and_other_symbols_do_not(store: Store) -> None:
    events = _events(store, (A,))
    next(events)
    store.apply_ticker(B, _ticker(1), 50.0)
    store.apply_ticker(A, _ticker(2), 51.0)
    name, sequence, body = _read(next(events))
    assert (name, sequence, body["symbol"], body["last"]) == ("quote", 2, A, "2")


def test_a_slow_client_gets_the_latest_and_not_all_between(store: Store) -> None:
    slow, quick = _events(store), _events(store)
    next(slow)
    next(quick)
    quickly = []
    for last in range(1, 51):
        store.apply_ticker(A, _ticker(last), 50.0)
        quickly.append(_read(next(quick))[2]["last"])
    store.apply_ticker(B, _ticker(7), 50.0)
    assert quickly == [str(last) for last in range(1, 51)]
    told = [_read(next(slow))[2] for _ in range(2)]
    assert {(quote["symbol"], quote["last"]) for quote in told} == {(A, "50"), (B, "7")}


def test_heartbeats_come_while_nothing_changes(store: Store) -> None:
    events = _events(store, heartbeat=0.05)
    next(events)
    began = time.monotonic()
    assert [next(events), next(events)] == [b": heartbeat\n\n"] * 2
    assert time.monotonic() - began < 2


def test_heartbeats_come_while_much_changes(store: Store) -> None:
    events = _events(store, heartbeat=0.05)
    next(events)
    deadline = time.monotonic() + 5
    for last in range(1_000_000):
        store.apply_ticker(A, _ticker(last), 50.0)
        if next(events).startswith(b":"):
            return
        assert time.monotonic() < deadline


def test_a_quote_that_becomes_stale_is_told_though_its_value_did_not_change(store: Store) -> None:
    level = PriceLevel(Decimal(1), Decimal(1))
    store.apply_book(A, BookSnapshot("X", "obdiff", 1, (level,), ()), 50.0)
    store.proved(time.monotonic())
    events = _events(store, (A,))
    _, sequence, body = _read(next(events))
    assert body["quotes"][0]["stale"] is False
    name, again, quote = _read(next(events))
    assert (name, again, quote["stale"]) == ("quote", sequence, True)


def test_beyond_the_limit_a_stream_is_refused_until_one_leaves(store: Store) -> None:
    streams = Streams(store, most=2, heartbeat=5.0, clock=time.monotonic)
    leave = streams.enter()
    streams.enter()
    with pytest.raises(Unavailable, match="all 2 streams are taken"):
        streams.enter()
    assert (streams.open_count, streams.refused) == (2, 1)
    leave()
    leave()
    assert streams.open_count == 1
    streams.enter()
