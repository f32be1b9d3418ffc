"""The check for over-filled levels never alarms at fills that keep to the executors' own rule for used-up levels."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.wire import Level
from executor import paper
from executor.paper import LevelUse
from tests.chaos.levels import Taken, overfilled
from tests.chaos.market import Side, State

PRICES = (Decimal(100), Decimal(101), Decimal(102))
STATES, LAG, RUNS = 12, 2, 200
BEGIN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_no_run_of_random_fills_within_the_rule_is_called_over_filled() -> None:
    count = 0
    for seed in range(RUNS):
        rng = random.Random(seed)
        states = market(rng)
        fills = trade(states, rng)
        assert overfilled(states, fills, LAG) == [], f"seed {seed}"
        count += len(fills)
    assert count > RUNS * 5


def market(rng: random.Random) -> list[State]:
    """A book a second, whose levels stay, change, go and come back."""
    states: list[State] = []
    asks: Side = {}
    for second in range(STATES):
        kept = {price: quantity for price, quantity in asks.items() if rng.random() < 0.5}
        fresh = {price: Decimal(rng.randint(1, 3)) for price in PRICES if rng.random() < 0.4}
        asks = dict(sorted((fresh | kept).items()))
        states.append(State(second, {}, asks, second, second + 1))
    return states


def trade(states: list[State], rng: random.Random) -> list[Taken]:
    """Buyers that look at a book of the last seconds, the older ones too after a newer one was traded on."""
    fills: list[Taken] = []
    used: dict[Decimal, LevelUse] = {}
    at = 0.0
    while (at := at + rng.random() / 2) < STATES:
        number = max(0, int(at) - rng.randint(0, LAG))
        seen = BEGIN + timedelta(seconds=number)
        levels = {price: Level(price=price, quantity=quantity) for price, quantity in states[number].asks.items()}
        bound, maker = rng.choice(PRICES), rng.random() < 0.4
        left = [
            Level(price=price, quantity=quantity)
            for price, level in levels.items()
            if (quantity := paper.remaining_quantity(level, used.get(price), number, seen))
        ]
        for part in paper.walk("buy", left, Decimal(rng.randint(1, 4)), bound):
            used[part.price] = paper.use_level(levels[part.price], used.get(part.price), part.quantity, number, seen)
            price = bound if maker else part.price
            fills.append(Taken(f"{len(fills)}", "buy", price, part.quantity, at, maker))
    return fills
