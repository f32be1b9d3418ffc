"""A stale copy of a book is never traded on: each fill is held against the truth of the moment of its decision."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest

from executor.steady import SteadyClock
from tests.common.local import eventually
from tests.executor.feed import Feed, book_of, feeding
from tests.executor.standin import BEGIN, Executor, MarketData, Place, make_executor, wide_limits

pytestmark = pytest.mark.slow

STALE_SECONDS = 0.4
RUN_SECONDS, LONGEST_SECONDS = 4.0, 40.0
LEAST_FILLS = 15


class Wall:
    """A wall clock that somebody sets again and again."""

    def __init__(self, random: Random) -> None:
        self._random, self._ahead = random, timedelta()

    def __call__(self) -> datetime:
        if self._random.random() < 0.02:
            self._ahead = timedelta(seconds=self._random.choice([0, -3600, 3600, 86_400, -1, 1, -0.2]))
        return BEGIN + self._ahead + timedelta(seconds=time.monotonic())


@dataclass(frozen=True, kw_only=True)
class Noting(SteadyClock):
    """The clock of the ledger; `told` has the moment, by the monotonic clock, at which it told each time."""

    told: dict[datetime, float] = field(default_factory=dict)

    def now(self) -> datetime:
        moment, at = time.monotonic(), super().now()
        self.told.setdefault(at, moment)
        return at

    def moment(self, text: str) -> float:
        """Returns when a time was told."""
        return self.told[datetime.fromisoformat(text)]


class Filled(NamedTuple):
    """A fill: of which book, when it was decided, and if the order had rested."""

    number: int
    moment: float
    liquidity: str


@contextmanager
def running(place: Place, feed: Feed, wall: Wall) -> Iterator[tuple[Executor, Noting]]:
    limits = replace(wide_limits(), quote_stale_seconds=STALE_SECONDS, max_executions=100_000)
    data = MarketData(url=feed.url)
    executor = make_executor(
        place, data, cash={"TRY": Decimal(5_000_000)}, limits=limits, now=wall, monotonic=time.monotonic
    )
    ledger = executor.trading.ledger
    ledger.writer._clock = noting = Noting(**vars(ledger.clock))
    executor.parts.start()
    try:
        eventually(lambda: executor.trading.ledger.writer.reign)
        yield executor, noting
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


def fills(executor: Executor, clock: Noting) -> list[Filled]:
    found, before = [], ""
    while True:
        answer = executor.get(f"/v1/events?kind=filled&limit=500{before}")
        for event in answer["events"]:
            content = event["content"] if "content" in event else json.loads(event["payload"])
            moment = clock.moment(event["recorded_at"])
            found.append(Filled(book_of(Decimal(content["level"]["price"])), moment, content["liquidity"]))
        if answer["next"] is None:
            return found
        before = f"&before={answer['next']}"


@pytest.mark.parametrize("seed", range(6))
def test_no_fill_is_of_a_book_that_was_last_true_longer_ago_than_the_limit(place: Place, seed: int) -> None:
    random, statuses = Random(seed), Counter[str]()
    wall = Wall(Random(seed + 100))
    with feeding(random) as feed, running(place, feed, wall) as (executor, clock):
        begun, turn = time.monotonic(), 0
        while time.monotonic() - begun < LONGEST_SECONDS:
            statuses[trade(executor, random, turn)] += 1
            turn += 1
            time.sleep(random.uniform(0.0, 0.03))
            if time.monotonic() - begun > RUN_SECONDS and statuses["filled"] >= LEAST_FILLS:
                break
        found = fills(executor, clock)
        ages = [fill.moment - feed.last_proved(fill.number, fill.moment) for fill in found]
    print(statuses, Counter(fill.liquidity for fill in found), f"oldest {max(ages):.3f}", sorted(feed.told))
    assert statuses["filled"] >= LEAST_FILLS, statuses
    late = [(fill, age) for fill, age in zip(found, ages, strict=True) if age > STALE_SECONDS]
    assert late == []
