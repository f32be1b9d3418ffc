"""Correlated fair prices: three geometric random walks, and the lira pairs that follow from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

SECONDS_PER_YEAR = 365.0 * 86_400.0

LEGS = {"BTCUSDT": (0,), "ETHUSDT": (1,), "USDTTRY": (2,), "BTCTRY": (0, 2), "ETHTRY": (1, 2)}
"""The legs of each pair's price: 0 is BTCUSDT, 1 is ETHUSDT, 2 is USDTTRY."""


@dataclass(slots=True)
class FairPrices:
    """The fair prices of the five pairs; `step` moves them.

    BTCUSDT, ETHUSDT and USDTTRY are geometric Brownian motions without drift. The first two share most of their
    shocks. BTCTRY and ETHTRY are the product of their two legs times a small basis. Arbitrage pulls the basis
    back to its mean.

    btc_usdt: the price of a bitcoin, in USDT.
    eth_usdt: the price of an ether, in USDT.
    usdt_try: the price of a USDT, in TRY.
    btc_basis: the logarithm of BTCTRY over the product of its legs.
    eth_basis: the logarithm of ETHTRY over the product of its legs.
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
        """Moves all prices on by `seconds` of market time."""
        btc, eth, lira = shocks(rng, seconds)
        self.btc_usdt *= math.exp(btc)
        self.eth_usdt *= math.exp(eth)
        self.usdt_try *= math.exp(lira)
        keep = 0.5 ** (seconds / self.basis_half_life_seconds)
        noise = self.basis_deviation * math.sqrt(1.0 - keep**2)
        self.btc_basis = keep * self.btc_basis + noise * rng.gauss(0.0, 1.0)
        self.eth_basis = keep * self.eth_basis + noise * rng.gauss(0.0, 1.0)

    def of(self, pair: str) -> float:
        """Returns the fair price of a pair, in its denominator. Raises `KeyError` for an unknown pair."""
        return {
            "BTCUSDT": self.btc_usdt,
            "ETHUSDT": self.eth_usdt,
            "USDTTRY": self.usdt_try,
            "BTCTRY": self.btc_usdt * self.usdt_try * math.exp(self.btc_basis),
            "ETHTRY": self.eth_usdt * self.usdt_try * math.exp(self.eth_basis),
        }[pair]

    @classmethod
    def deviation(cls, pair: str, seconds: float) -> float:
        """Returns the standard deviation of the change of a pair's log-price in that time, without the basis."""
        yearly = (cls.btc_volatility, cls.eth_volatility, cls.lira_volatility)
        return math.sqrt(sum(yearly[leg] ** 2 for leg in LEGS[pair]) * seconds / SECONDS_PER_YEAR)


def shocks(rng: random.Random, seconds: float) -> tuple[float, float, float]:
    """Returns changes of the log-prices of BTCUSDT, ETHUSDT and USDTTRY in that time. Expected prices stay the same."""
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
