"""Fair prices move together as they should."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import fmean as mean
from statistics import pvariance

import pytest

from venue.btcturk.prices import SECONDS_PER_YEAR, FairPrices


@pytest.fixture(scope="module")
def hours() -> list[FairPrices]:
    """A thousand hours of fair prices, one by one."""
    rng, prices, seen = random.Random(1), FairPrices(), []
    for _ in range(1_000):
        prices.step(rng, 3_600.0)
        seen.append(FairPrices(prices.btc_usdt, prices.eth_usdt, prices.usdt_try, prices.btc_basis, prices.eth_basis))
    return seen


def _returns(prices: list[float]) -> list[float]:
    return [math.log(after / before) for before, after in pairwise(prices)]


def test_bitcoin_and_ether_share_most_of_their_shocks(hours: list[FairPrices]) -> None:
    btc, eth = _returns([state.btc_usdt for state in hours]), _returns([state.eth_usdt for state in hours])
    covariance = mean((b - mean(btc)) * (e - mean(eth)) for b, e in zip(btc, eth, strict=True))
    assert covariance / math.sqrt(pvariance(btc) * pvariance(eth)) == pytest.approx(0.75, abs=0.05)


def test_volatility_is_per_year(hours: list[FairPrices]) -> None:
    per_hour = math.sqrt(pvariance(_returns([state.btc_usdt for state in hours])))
    assert per_hour * math.sqrt(SECONDS_PER_YEAR / 3_600.0) == pytest.approx(0.55, rel=0.1)


def test_the_lira_price_is_the_product_of_its_legs_within_the_basis(hours: list[FairPrices]) -> None:
    for state in hours:
        assert state.of("BTCTRY") == pytest.approx(state.btc_usdt * state.usdt_try, rel=0.0015)


def test_an_unknown_pair_has_no_price() -> None:
    with pytest.raises(KeyError):
        FairPrices().of("NOPETRY")
