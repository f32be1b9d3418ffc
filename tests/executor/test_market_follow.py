"""Following market data's stream, over real sockets: it may go away and come back, and nothing is the worse for it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from common.client import JsonClient
from common.errors import Unavailable
from common.loop import Loop, Stop
from executor.market.copy import MarketCopy
from executor.market.follow import MarketFollower
from executor.market.proof_time import ProofTime
from executor.market.reach import Reach
from tests.common.local import eventually
from tests.executor.standin import BTCTRY, MarketData

pytestmark = pytest.mark.slow


@pytest.fixture
def copy() -> MarketCopy:
    return MarketCopy("simulated", ProofTime(), lambda _: None)


@pytest.fixture
def reach() -> Reach:
    """Market data did not answer so far."""
    reach = Reach(time.monotonic)
    reach.failed(Unavailable("it does not answer"))
    return reach


@pytest.fixture
def loop(marketdata: MarketData, copy: MarketCopy, reach: Reach) -> Iterator[Loop]:
    """The loop that follows the stream, running."""
    times = copy._times
    follower = MarketFollower(JsonClient(marketdata.url, 1.0), copy, times, reach, time.monotonic, depth=100)
    loop, stop = Loop("market", follower.step), Stop()
    loop.start(stop)
    yield loop
    stop.set()
    follower.end()
    assert loop.join(10)


def test_a_market_data_that_was_away_is_followed_again_and_leaves_no_trouble_behind(
    marketdata: MarketData, copy: MarketCopy, reach: Reach, loop: Loop
) -> None:
    eventually(lambda: copy.look(BTCTRY, time.monotonic()))
    reach.check()
    for _ in range(3):
        asked = len(marketdata.requests)
        marketdata.status = 503
        eventually(lambda: copy.look(BTCTRY, time.monotonic()) is None)
        eventually(lambda asked=asked: len(marketdata.requests) > asked + 2)  # type: ignore[misc]
        marketdata.status = 200
        eventually(lambda: copy.look(BTCTRY, time.monotonic()))
    assert loop.health().trouble is None
    assert loop.failures == 0
