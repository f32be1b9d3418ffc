"""Correlated fair prices: three geometric random walks, themes beside them, and the prices that follow from these."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from operator import mul

from venue.btcturk.pairs import Legs, PairSpec

SECONDS_PER_YEAR = 365.0 * 86_400.0

Point = tuple[float, ...]
"""Logarithms of the factors: BTCUSDT, ETHUSDT, USDTTRY, then the themes."""

BTC_VOLATILITY, ETH_VOLATILITY, LIRA_VOLATILITY, THEME_VOLATILITY = 0.55, 0.70, 0.20, 0.60
"""Per year."""
CORRELATION = 0.75
"""Of the shocks of BTCUSDT and ETHUSDT; the other factors move by themselves."""
FIRST = (math.log(86_700.0), math.log(2_769.0), math.log(46.28))
"""The factors of a new market without themes."""


@dataclass(slots=True)
class FairPrices:
    """The fair prices of all pairs; `step` moves them.

    The factors are geometric Brownian motions without drift. BTCUSDT and ETHUSDT share most of their shocks. A theme
    moves the coins of one kind, and begins at 1. A pair's price is what its legs make of the factors. BTCTRY and ETHTRY
    have a small basis on top. Arbitrage pulls the basis back to its mean.

    factors: their logarithms.
    bases: by pair, the logarithm of the price over the product of its legs.
    """

    factors: Point = FIRST
    bases: dict[str, float] = field(default_factory=lambda: {"BTCTRY": 0.0, "ETHTRY": 0.0})

    basis_deviation = 0.0002
    basis_half_life_seconds = 60.0

    @classmethod
    def with_themes(cls, count: int) -> FairPrices:
        """Returns the prices of a new market with so many themes."""
        return cls((*FIRST, *([0.0] * count)))

    @property
    def themes(self) -> int:
        """The number of themes."""
        return len(self.factors) - len(FIRST)

    def step(self, rng: random.Random, seconds: float) -> None:
        """Moves all prices on by `seconds` of market time."""
        moves = shocks(rng, seconds, self.themes)
        self.factors = tuple(factor + move for factor, move in zip(self.factors, moves, strict=True))
        keep = 0.5 ** (seconds / self.basis_half_life_seconds)
        noise = self.basis_deviation * math.sqrt(1.0 - keep**2)
        for pair, basis in self.bases.items():
            self.bases[pair] = keep * basis + noise * rng.gauss(0.0, 1.0)

    def of(self, spec: PairSpec) -> float:
        """Returns the fair price of a pair, in its denominator."""
        return math.exp(log_price(spec.legs, self.factors) + self.bases.get(spec.name, 0.0))


def log_price(legs: Legs, factors: Point) -> float:
    """Returns the logarithm of a price, without a basis."""
    moved: float = sum(map(mul, legs.weights, factors))
    return legs.level + moved


def deviation(legs: Legs, seconds: float) -> float:
    """Returns the standard deviation of the change of a log-price in that time, without a basis."""
    btc, eth, lira, *themes = (*legs.weights, 0.0, 0.0, 0.0)
    variance = (btc * BTC_VOLATILITY) ** 2 + (eth * ETH_VOLATILITY) ** 2 + (lira * LIRA_VOLATILITY) ** 2
    variance += 2 * CORRELATION * btc * BTC_VOLATILITY * eth * ETH_VOLATILITY
    variance += sum((theme * THEME_VOLATILITY) ** 2 for theme in themes)
    return math.sqrt(variance * seconds / SECONDS_PER_YEAR)


def shocks(rng: random.Random, seconds: float, themes: int = 0) -> Point:
    """Returns changes of the factors' logarithms in that time. Expected prices stay the same."""
    root = math.sqrt(seconds / SECONDS_PER_YEAR)
    shared = rng.gauss(0.0, 1.0)
    own = CORRELATION * shared + math.sqrt(1.0 - CORRELATION**2) * rng.gauss(0.0, 1.0)
    return (
        _change(BTC_VOLATILITY * root, shared),
        _change(ETH_VOLATILITY * root, own),
        _change(LIRA_VOLATILITY * root, rng.gauss(0.0, 1.0)),
        *(_change(THEME_VOLATILITY * root, rng.gauss(0.0, 1.0)) for _ in range(themes)),
    )


def _change(deviation: float, shock: float) -> float:
    return deviation * shock - 0.5 * deviation**2
