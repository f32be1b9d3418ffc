"""A client that asks for proofs is told how old its books are, also while nothing changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from common.clock import Clock
from common.loop import Stop
from marketdata.events import BookSnapshot, PriceLevel
from marketdata.state.listing import Listing
from marketdata.state.selection import Selection
from marketdata.state.store import Store
from marketdata.stream.streams import PROOF_SECONDS, Streams
from tests.marketdata.stream.follower import Event, events

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"
ROUNDED = 0.001
"""Ages are told in whole milliseconds."""
WANTED = Selection((A, B), ("book",), proofs=True)


@pytest.fixture
def before() -> float:
    """The time just before there was a store, on the monotonic clock."""
    return time.monotonic()


@pytest.fixture
def store(before: float) -> Store:
    listings = [Listing("BTCTURK", "BTCTRY", "diffs"), Listing("BTCTURK", "ETHTRY", "diffs")]
    return Store(listings, market="simulated", stale_after=5.0, clock=Clock(time.monotonic, lambda: 1.0))


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.set()


def _proofs(stream: Iterator[bytes], count: int) -> list[Event]:
    found: list[Event] = []
    for chunk in stream:
        found += [event for event in events(chunk) if event.name == "proof"]
        if len(found) >= count:
            return found
    raise AssertionError("the stream ended")


def test_proofs_come_twice_a_second_with_the_ages_of_all_books(before: float, store: Store, stop: Stop) -> None:
    streams = Streams(store, instruments=dict, most=1, stop=stop, monotonic=time.monotonic)
    streams.publisher.loop.start(stop)
    began, stream = time.monotonic(), streams.events(WANTED)
    proofs = _proofs(stream, 3)
    assert 2 * PROOF_SECONDS <= time.monotonic() - began < 10 * PROOF_SECONDS
    for proof in proofs:
        assert set(proof.body["ages"]) == {A, B}
        least, most = proof.body["at"] - began - ROUNDED, proof.body["at"] - before + ROUNDED
        assert least <= proof.body["ages"][A] <= most
        assert proof.id == "", "a client that comes back is told what changed since the last event before it"


def test_a_book_that_the_client_was_not_told_yet_is_not_proved(store: Store) -> None:
    known = store.sequence
    level = PriceLevel(Decimal(1), Decimal(1))
    store.apply_book(A, BookSnapshot("BTCTRY", "orderbook", 1, (level,), ()), 1.0)
    assert set(store.proof(WANTED, known).ages) == {B}
    assert set(store.proof(WANTED, store.sequence).ages) == {A, B}


def test_the_clock_of_proofs_is_that_of_the_ages(store: Store) -> None:
    before, told, after = time.monotonic(), store.clock(), time.monotonic()
    assert before <= told.at <= after
    assert told.epoch == store.epoch
