"""The market of the stand-in: books that a thread moves, every state of them kept with the time it was shown."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.executor.standin import BEGIN, BTCTRY, BTCUSDT, USDTTRY, MarketData

SYMBOLS = {BTCTRY: ("BTC", "TRY"), BTCUSDT: ("BTC", "USDT"), USDTTRY: ("USDT", "TRY")}
"""Base asset and quote currency. All three trade near 100, which no real market does and no rule minds."""
CASH = {"TRY": Decimal(100_000_000), "USDT": Decimal(100_000_000)}
STEP = Decimal("0.05")
CENTRE_STEPS, SWING_STEPS, SWING_SECONDS = 2000, 8, 16.0
LEVELS = 5
MOVE_SECONDS = 0.1
REFRESHED_SHARE = 0.01
"""Of the levels at each move: so rarely that clients want more than is shown, and used-up levels stay for seconds."""

SLOW_SHARE, SLOWEST_SECONDS = 0.1, 0.8
"""Of the answers; the executors give market data a second."""

Side = dict[Decimal, Decimal]
"""Quantity by price."""


class SlowMarketData(MarketData):
    """A stand-in that now and then takes its time over an answer, so that an executor trades on a book that is older
    than what the other one has seen, as it may for as long as the book is not stale."""

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body as they were when it was asked."""
        status, body = super().answer(path)
        if random.random() < SLOW_SHARE:
            time.sleep(random.uniform(0.0, SLOWEST_SECONDS))
        return status, body


@dataclass
class State:
    """A book as it was shown: from when to when at most, in seconds since 1970."""

    sequence: int
    bids: Side
    asks: Side
    since: float
    until: float = math.inf


class Market:
    """Moves the books of `data`; `states` has every state of every symbol, oldest first. `rng` decides all but time."""

    def __init__(self, data: MarketData, rng: random.Random) -> None:
        self._data, self._rng = data, rng
        self._began, self._moves = time.monotonic(), 0
        self.states: dict[str, list[State]] = {symbol: [] for symbol in SYMBOLS}
        for symbol in SYMBOLS:
            self._move(symbol)

    def centre(self, symbol: str) -> int:
        """The best bid, in steps of the price."""
        return int(max(self.states[symbol][-1].bids) / STEP)

    def run(self, stop: threading.Event) -> None:
        """Moves every book a few times a second until `stop` is set."""
        while not stop.wait(MOVE_SECONDS):
            for symbol in SYMBOLS:
                self._move(symbol)

    def _move(self, symbol: str) -> None:
        """The next state: it is current at some moment between the two times that are taken around showing it."""
        states = self.states[symbol]
        turn = (time.monotonic() - self._began) / SWING_SECONDS + list(SYMBOLS).index(symbol) / len(SYMBOLS)
        centre = CENTRE_STEPS + round(SWING_STEPS * math.sin(2 * math.pi * turn))
        bids = self._side([centre - depth for depth in range(LEVELS)], states[-1].bids if states else {})
        asks = self._side([centre + 1 + depth for depth in range(LEVELS)], states[-1].asks if states else {})
        state = State(self._data.moved + 1, bids, asks, time.time())
        self._moves += 1
        arrived = (BEGIN + timedelta(seconds=self._moves)).isoformat()
        self._data.put(symbol, _rows(bids), _rows(asks), moved=state.sequence, received_at=arrived)
        if states:
            states[-1].until = time.time()
        states.append(state)

    def _side(self, steps: list[int], before: Side) -> Side:
        """Levels that were there stay as they were, but for the few that are refreshed."""
        side: Side = {}
        for step in steps:
            price = step * STEP
            kept = None if self._rng.random() < REFRESHED_SHARE else before.get(price)
            side[price] = kept or Decimal(self._rng.randint(5, 30)) / 10
        return side


def _rows(side: Side) -> list[tuple[str, str]]:
    return [(str(price), str(quantity)) for price, quantity in side.items()]


@contextmanager
def moving(data: MarketData, rng: random.Random) -> Iterator[Market]:
    """A market that moves until left."""
    market, stop = Market(data, rng), threading.Event()
    thread = threading.Thread(target=market.run, args=(stop,), name="market", daemon=True)
    thread.start()
    try:
        yield market
    finally:
        stop.set()
        thread.join()
