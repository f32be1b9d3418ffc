"""Correlated fair prices: three geometric random walks, and the lira pairs that follow from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

SECONDS_PER_YEAR = 365.0 * 86_400.0

LEGS = {"BTCUSDT": (0,), "ETHUSDT": (1,), "USDTTRY": (2,), "BTCTRY": (0, 2), "ETHTRY": (1, 2)}
"""Which of BTCUSDT, ETHUSDT and USDTTRY make up a pair's price."""


@dataclass(slots=True)
class FairPrices:
    """Fair prices of the five pairs, moved by `step`.

    BTCUSDT, ETHUSDT and USDTTRY are geometric Brownian motions without drift; the first two share most of their
    shocks. BTCTRY and ETHTRY are the product of their two legs times a small mean-reverting basis, as arbitrage
    would leave it.
    """

    btc_usdt: float = 86_700.0
    eth_usdt: float = 2_769.0
    usdt_try: float = 46.28
    btc_basis: float = 0.0
    eth_basis: float = 0.0

    btc_volatility = 0.55
    eth_volatility = 0.70
    lira_volatility = 0.20
    correlation = 0.75
    basis_deviation = 0.0002
    basis_half_life_seconds = 60.0

    def step(self, rng: random.Random, seconds: float) -> None:
        """Moves all prices by `seconds` of market time."""
        btc, eth, lira = shocks(rng, seconds)
        self.btc_usdt *= math.exp(btc)
        self.eth_usdt *= math.exp(eth)
        self.usdt_try *= math.exp(lira)
        keep = 0.5 ** (seconds / self.basis_half_life_seconds)
        noise = self.basis_deviation * math.sqrt(1.0 - keep**2)
        self.btc_basis = keep * self.btc_basis + noise * rng.gauss(0.0, 1.0)
        self.eth_basis = keep * self.eth_basis + noise * rng.gauss(0.0, 1.0)

    def of(self, pair: str) -> float:
        """The fair price of a pair, in its denominator's currency; raises `KeyError` for any other."""
        return {
            "BTCUSDT": self.btc_usdt,
            "ETHUSDT": self.eth_usdt,
            "USDTTRY": self.usdt_try,
            "BTCTRY": self.btc_usdt * self.usdt_try * math.exp(self.btc_basis),
            "ETHTRY": self.eth_usdt * self.usdt_try * math.exp(self.eth_basis),
        }[pair]

    @classmethod
    def deviation(cls, pair: str, seconds: float) -> float:
        """The standard deviation of the change of a pair's log-price in that time, the basis left aside."""
        yearly = (cls.btc_volatility, cls.eth_volatility, cls.lira_volatility)
        return math.sqrt(sum(yearly[leg] ** 2 for leg in LEGS[pair]) * seconds / SECONDS_PER_YEAR)


def shocks(rng: random.Random, seconds: float) -> tuple[float, float, float]:
    """Changes of the log-prices of BTCUSDT, ETHUSDT and USDTTRY in that time; the mean of each price is unchanged."""
    root = math.sqrt(seconds / SECONDS_PER_YEAR)
    shared = rng.gauss(0.0, 1.0)
    correlation = FairPrices.correlation
    own = correlation * shared + math.sqrt(1.0 - correlation**2) * rng.gauss(0.0, 1.0)
    return (
        _change(FairPrices.btc_volatility * root, shared),
        _change(FairPrices.eth_volatility * root, own),
        _change(FairPrices.lira_volatility * root, rng.gauss(0.0, 1.0)),
    )


def _change(deviation: float, shock: float) -> float:
    return deviation * shock - 0.5 * deviation**2
