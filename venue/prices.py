"""Correlated fair prices: three geometric random walks, and the lira pairs that follow from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

SECONDS_PER_YEAR = 365.0 * 86_400.0


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
        root = math.sqrt(seconds / SECONDS_PER_YEAR)
        shared = rng.gauss(0.0, 1.0)
        own = math.sqrt(1.0 - self.correlation**2) * rng.gauss(0.0, 1.0)
        self.btc_usdt *= _growth(self.btc_volatility * root, shared)
        self.eth_usdt *= _growth(self.eth_volatility * root, self.correlation * shared + own)
        self.usdt_try *= _growth(self.lira_volatility * root, rng.gauss(0.0, 1.0))
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


def _growth(deviation: float, shock: float) -> float:
    return math.exp(deviation * shock - 0.5 * deviation**2)
