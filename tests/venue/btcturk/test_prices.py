"""Fair prices move together as they should."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import fmean as mean
from statistics import pvariance

import pytest

from venue.btcturk.pairs import PAIRS
from venue.btcturk.prices import SECONDS_PER_YEAR, FairPrices

SPECS = {spec.name: spec for spec in PAIRS}


@pytest.fixture(scope="module")
def hours() -> list[FairPrices]:
    """A thousand hours of fair prices, one by one."""
    rng, prices, seen = random.Random(1), FairPrices(), []
    for _ in range(1_000):
        prices.step(rng, 3_600.0)
        seen.append(FairPrices(prices.factors, dict(prices.bases)))
    return seen


def _returns(prices: list[float]) -> list[float]:
    return [math.log(after / before) for before, after in pairwise(prices)]


def test_bitcoin_and_ether_share_most_of_their_shocks(hours: list[FairPrices]) -> None:
    btc, eth = (_returns([state.of(SPECS[name]) for state in hours]) for name in ("BTCUSDT", "ETHUSDT"))
    covariance = mean((b - mean(btc)) * (e - mean(eth)) for b, e in zip(btc, eth, strict=True))
    assert covariance / math.sqrt(pvariance(btc) * pvariance(eth)) == pytest.approx(0.75, abs=0.05)


def test_volatility_is_per_year(hours: list[FairPrices]) -> None:
    per_hour = math.sqrt(pvariance(_returns([state.of(SPECS["BTCUSDT"]) for state in hours])))
    assert per_hour * math.sqrt(SECONDS_PER_YEAR / 3_600.0) == pytest.approx(0.55, rel=0.1)


def test_the_lira_price_is_the_product_of_its_legs_within_the_basis(hours: list[FairPrices]) -> None:
    for state in hours:
        legs = state.of(SPECS["BTCUSDT"]) * state.of(SPECS["USDTTRY"])
        assert state.of(SPECS["BTCTRY"]) == pytest.approx(legs, rel=0.0015)
