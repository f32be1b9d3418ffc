"""The executor's copy of the market: its ages are never too young, whatever happens to the stream on its way."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest

from common.sse import Event
from executor.market.copy import LATE_SECONDS, MarketCopy, WrongMarket
from executor.market.proof_time import KEPT_SECONDS, ProofTime
from tests.common.local import eventually
from tests.executor.standin import BTCTRY, USDTTRY, MarketData, Place, make_executor, market_data

EPOCH, AHEAD = "5eed", 5_000.0


class Told:
    """Market data as it tells, and the copy that hears it; `now` is the moment in the copy's own clock."""

    def __init__(self, data: MarketData | None = None) -> None:
        self.data = data or market_data()
        self.times = ProofTime()
        self.changed: list[str] = []
        self.copy = MarketCopy("simulated", self.times, self.changed.append)
        self.now = 100.0
        self.measure()
        self.copy.begin(_event("snapshot", self.data.snapshot()), self.now)

    def measure(self, delay: float = 0.0) -> None:
        """Asks for the other clock; the request took `delay` on its way."""
        self.times.learn(EPOCH, self.now + delay + AHEAD, self.now)

    def proof(self, age: float = 0.1) -> Event:
        """A proof as of now."""
        return _event("proof", {"at": self.now + AHEAD, "ages": {BTCTRY: age}})

    def age(self) -> float | None:
        found = self.copy.look(BTCTRY, self.now)
        return None if found is None else found.age_seconds(self.now)


def _event(name: str, body: Any) -> Event:
    return Event(name, json.dumps(body), f"{EPOCH}-1")


def test_a_book_that_does_not_change_is_as_old_as_its_latest_proof() -> None:
    told = Told()
    for _ in range(50):
        told.now += 0.5
        told.copy.apply(told.proof())
        assert told.age() == pytest.approx(0.1)
    told.now += 1.0
    assert told.age() == pytest.approx(1.1)


def test_a_books_age_in_a_snapshot_counts_from_when_the_stream_was_asked_for() -> None:
    told = Told()
    asked_at = told.now
    told.now += 1.5
    told.copy.begin(_event("snapshot", told.data.snapshot()), asked_at)
    assert told.age() == pytest.approx(1.6), "0.1 as it was told, and the way that the snapshot may have taken"


def test_a_copy_without_proofs_is_not_used() -> None:
    told = Told()
    told.now += LATE_SECONDS + 0.1
    assert told.age() is None
    assert told.copy.quotes(told.now) is None
    told.copy.apply(told.proof())
    assert told.age() == pytest.approx(0.1)
    told.copy.lose()
    assert told.age() is None


def test_a_stream_that_is_held_back_makes_nothing_younger() -> None:
    told, held = Told(), list[Event]()
    for _ in range(4):
        told.now += 0.5
        held.append(told.proof(age=0.1))
    for event in held:
        told.copy.apply(event)
    assert told.age() == pytest.approx(0.1), "the last one is of this moment"
    late = told.proof(age=0.1)
    told.now += 1.5
    told.copy.apply(late)
    assert told.age() == pytest.approx(1.6), "it was told 1.5 s ago, and comes now"


def test_a_slow_measurement_of_the_clock_makes_everything_older_and_never_younger() -> None:
    told = Told()
    told.times = ProofTime()
    told.copy = MarketCopy("simulated", told.times, told.changed.append)
    told.measure(delay=0.4)
    told.copy.begin(_event("snapshot", told.data.snapshot()), told.now)
    told.now += 0.5
    told.copy.apply(told.proof())
    assert told.age() == pytest.approx(0.5)
    told.measure(delay=0.001)
    told.copy.apply(told.proof())
    assert told.age() == pytest.approx(0.101)


def test_a_clock_that_drifts_is_measured_anew() -> None:
    times = ProofTime()
    times.learn(EPOCH, 1000.0, 0.0)
    times.learn(EPOCH, 1000.0 + KEPT_SECONDS + 1.5, KEPT_SECONDS + 1.0)
    assert times.ours(EPOCH, 1000.0 + KEPT_SECONDS + 1.5) == KEPT_SECONDS + 1.0


def test_proofs_of_another_run_of_market_data_prove_nothing() -> None:
    told = Told()
    told.times.learn("another", 7.0, told.now)
    told.now += LATE_SECONDS + 0.1
    told.copy.apply(told.proof())
    assert told.age() is None


def test_a_new_book_counts_from_the_proof_before_it_until_the_next() -> None:
    told = Told()
    told.now += 0.5
    told.copy.apply(told.proof())
    told.now += 0.3
    told.data.put(BTCTRY, [("101", "2")], [("101.1", "2")], age=0.0)
    told.copy.apply(_event("book", told.data.books[BTCTRY]))
    found = told.copy.look(BTCTRY, told.now)
    assert found is not None
    assert found.book is not None
    assert str(found.book.bids[0].price) == "101"
    assert told.age() == pytest.approx(0.3)
    told.copy.apply(told.proof(age=0.0))
    assert told.age() == pytest.approx(0.0)
    assert told.changed == [USDTTRY, BTCTRY, BTCTRY]


def test_a_stream_of_another_market_is_refused_and_a_symbol_that_is_gone_is_asked_for() -> None:
    told = Told()
    told.copy.apply(_event("unfollowed", {"symbol": BTCTRY, "sequence": 9}))
    assert told.age() is None
    live = market_data()
    live.market = "live"
    with pytest.raises(WrongMarket):
        told.copy.begin(_event("snapshot", live.snapshot()), told.now)


@pytest.mark.parametrize("seed", range(20))
def test_however_the_stream_comes_no_book_is_told_younger_than_it_is(seed: int) -> None:
    """Events come in their order, each as late as it may be; the truth is when the book was really proved."""
    random, told = Random(seed), Told()
    proved_at, waiting = told.now - 0.1, list[tuple[float, Event, float]]()
    arrives = told.now
    for _ in range(300):
        told.now += random.uniform(0.0, 0.3)
        if random.random() < 0.7:
            proved_at = told.now - random.uniform(0.0, 1.0)
        arrives = max(arrives, told.now + random.choice([0.0, 0.001, 0.2, 1.5, 4.0]))
        waiting.append((arrives, told.proof(told.now - proved_at), proved_at))
        if random.random() < 0.1:
            told.measure(delay=random.uniform(0.0, 0.5))
        while waiting and waiting[0][0] <= told.now:
            _, event, known = waiting.pop(0)
            told.copy.apply(event)
            found = told.copy.look(BTCTRY, told.now)
            if found is not None:
                assert found.proved_at <= known + 1e-6


def test_a_stream_that_is_lost_again_and_again_leaves_the_executor_ready(place: Place, marketdata: MarketData) -> None:
    executor = make_executor(place, marketdata, monotonic=time.monotonic)
    executor.parts.start()
    try:
        copy = executor.parts.follower._copy
        for _ in range(4):
            eventually(lambda: copy.look(BTCTRY, time.monotonic()))
            marketdata.cuts += 1
            eventually(lambda: copy.look(BTCTRY, time.monotonic()) is None)
        eventually(lambda: copy.look(BTCTRY, time.monotonic()))
        eventually(lambda: executor.client.get("/readyz").status_code == 200)
    finally:
        executor.parts.stop()
