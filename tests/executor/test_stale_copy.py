"""A stale copy of a book is never traded on: each fill is held against the truth of the moment of its decision."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest

from tests.common.local import eventually
from tests.executor.feed import Feed, book_of, feeding
from tests.executor.standin import BEGIN, Executor, MarketData, Place, make_executor, wide_limits

pytestmark = pytest.mark.slow

STALE_SECONDS = 0.4
RUN_SECONDS, LONGEST_SECONDS = 4.0, 40.0
LEAST_FILLS = 15
FINE = 100_000
"""Moments of the wall clock are told apart in hundred-thousandths of a second, which a float of it keeps."""


class Wall:
    """A wall clock that somebody sets again and again; it remembers when each time was told."""

    def __init__(self, random: Random) -> None:
        self.asked: dict[int, float] = {}
        self._random, self._ahead, self._lock = random, timedelta(), threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            if self._random.random() < 0.02:
                self._ahead = timedelta(seconds=self._random.choice([0, -3600, 3600, 86_400, -1, 1, -0.2]))
            moment = time.monotonic()
            ticks = round((BEGIN + self._ahead + timedelta(seconds=moment)).timestamp() * FINE)
            while ticks in self.asked:
                ticks += 1
            self.asked[ticks] = moment
            return datetime.fromtimestamp(ticks / FINE, UTC)

    def moment(self, text: str) -> float:
        """Returns when a time was told, in seconds of the monotonic clock."""
        return self.asked[round(datetime.fromisoformat(text).timestamp() * FINE)]


class Filled(NamedTuple):
    """A fill: of which book, when it was decided, and if the order had rested."""

    number: int
    moment: float
    liquidity: str


@contextmanager
def running(place: Place, feed: Feed, wall: Wall) -> Iterator[Executor]:
    limits = replace(wide_limits(), quote_stale_seconds=STALE_SECONDS, max_executions=100_000)
    data = MarketData(url=feed.url)
    executor = make_executor(place, data, limits=limits, now=wall, monotonic=time.monotonic)
    executor.parts.start()
    try:
        eventually(lambda: executor.trading.ledger.writer.reign, 30)
        yield executor
    finally:
        executor.parts.stop()


def trade(executor: Executor, random: Random, turn: int) -> str:
    """Places an order that trades at once or waits for the market; returns its status, or the code of its denial."""
    side = "buy" if turn % 3 else "sell"
    wanted = {"client_order_id": f"n{turn}", "side": side, "quantity": "0.1"}
    if turn % 4 == 3:
        offset = Decimal(random.randint(-150, 150)) / 100
        wanted |= {"side": "buy", "type": "limit", "limit_price": str(Decimal(102) + offset)}
    status, answer = executor.order(**wanted)
    assert status in (201, 404, 503), answer
    if status != 201:
        return str(answer["error"]["code"])
    return str(answer["denials"][0]["code"] if answer["denials"] else answer["status"])


def fills(executor: Executor, wall: Wall) -> list[Filled]:
    found, before = [], ""
    while True:
        answer = executor.get(f"/v1/events?kind=filled&limit=500{before}")
        for event in answer["events"]:
            content = event["content"] if "content" in event else json.loads(event["payload"])
            moment = wall.moment(event["recorded_at"])
            found.append(Filled(book_of(Decimal(content["level"]["price"])), moment, content["liquidity"]))
        if answer["next"] is None:
            return found
        before = f"&before={answer['next']}"


@pytest.mark.parametrize("seed", range(6))
def test_no_fill_is_of_a_book_that_was_last_true_longer_ago_than_the_limit(place: Place, seed: int) -> None:
    random, statuses = Random(seed), Counter[str]()
    wall = Wall(Random(seed + 100))
    with feeding(random) as feed, running(place, feed, wall) as executor:
        begun, turn = time.monotonic(), 0
        while time.monotonic() - begun < LONGEST_SECONDS:
            statuses[trade(executor, random, turn)] += 1
            turn += 1
            time.sleep(random.uniform(0.0, 0.03))
            if time.monotonic() - begun > RUN_SECONDS and statuses["filled"] >= LEAST_FILLS:
                break
        found = fills(executor, wall)
        ages = [fill.moment - feed.last_proved(fill.number, fill.moment) for fill in found]
    print(statuses, Counter(fill.liquidity for fill in found), f"oldest {max(ages):.3f}", sorted(feed.told))
    assert statuses["filled"] >= LEAST_FILLS, statuses
    late = [(fill, age) for fill, age in zip(found, ages, strict=True) if age > STALE_SECONDS]
    assert late == []
