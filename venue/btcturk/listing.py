"""The pairs of a larger simulated BTCTurk: the five of `pairs.py`, and coins with a pair in lira and one in USDT.

A pair is the same whatever the number of pairs and the market's seed, so that a client's list of pairs stays right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from random import Random

from venue.btcturk.pairs import ASSETS, PAIRS, Asset, Legs, PairSpec
from venue.btcturk.prices import FIRST
from venue.invented import invented_names

MOST_PAIRS = 379
"""As many as the venue had on 2026-09-23: 190 in lira, 189 in USDT."""
THEMES = 4
_KNOWN = {
    3: "PAXG XAUT YFI",
    2: "BNB BCH SOL AAVE LTC XMR ZEC COMP QNT DASH GNO",
    1: "AVAX LINK ETC UNI ICP ATOM DOT NEAR INJ FIL ENS NEO HNT",
    0: "XRP TON SUI APT ADA XTZ LDO CAKE AXS ENA ONDO",
    -1: "TRX XLM HBAR ALGO GRT SAND MANA CRV CHZ ENJ SNX BAT ZRX IMX FLOW",
    -2: "VET ANKR JASMY ONE CELR SKL RVN DENT GALA IOTX",
    -3: "HOT WIN SPELL REEF XVG VTHO STMX",
    -5: "SHIB",
    -6: "PEPE FLOKI",
    -7: "BONK BABYDOGE",
    -8: "BTT SATS",
}
"""Well-known coins by the power of ten of an invented price in USDT. The other coins are invented altogether."""
_POWERS = (2, 1, 0, 0, -1, -1, -2, -3, -4, -5, -6, -7, -8)
_FINE_TICKS, _COARSE_TICKS = 30_000, 1_500
"""A price has at least so many ticks."""
_PACES = (2, 3, 4, 5, 7, 10, 15, 20, 30)


def listed_pairs(count: int) -> tuple[PairSpec, ...]:
    """Returns so many pairs, from 5 to `MOST_PAIRS`: the five that are always there, then coin by coin."""
    added = (spec for number, (coin, power) in enumerate(_coins()) for spec in _both(number, coin, power))
    return (*PAIRS, *(spec for spec, _ in zip(added, range(count - len(PAIRS)), strict=False)))


def assets(specs: Sequence[PairSpec]) -> list[Asset]:
    """Returns every currency that the pairs trade. A coin that is not among `ASSETS` is called like its symbol."""
    known = {asset.symbol for asset in ASSETS}
    coins = {spec.numerator: spec for spec in specs if spec.numerator not in known}
    return [*ASSETS, *(Asset(coin, coin.title(), spec.amount_scale, "CRYPTO") for coin, spec in coins.items())]


def _coins() -> list[tuple[str, int]]:
    """Returns the coins behind bitcoin, ether and tether, each with the power of ten of its price in USDT."""
    known = [(coin, power) for power, coins in _KNOWN.items() for coin in coins.split()]
    rng = Random("coins")
    invented = [(name, rng.choice(_POWERS)) for name in invented_names(MOST_PAIRS // 2 - 2 - len(known), "coins")]
    rng.shuffle(known)
    return known + invented


def _both(number: int, coin: str, power: int) -> tuple[PairSpec, PairSpec]:
    """Returns a coin's pair in lira and its pair in USDT."""
    rng = Random(f"coin {coin}")
    price = rng.uniform(1.0, 9.9) * 10.0**power
    amount_scale = min(max(4 + power, 0), 8)
    legs = _legs(rng, price)
    value, half_spread = math.exp(rng.gauss(6.0, 0.8)), math.exp(rng.gauss(2.0, 0.6))
    rate, pace = math.exp(rng.uniform(-5.0, -1.5)), rng.choice(_PACES)
    fewest = _COARSE_TICKS if price < 1e-3 or rng.random() < 0.3 else _FINE_TICKS

    def pair(pair_id: int, money: str, legs: Legs, first: float, least_value: str) -> PairSpec:
        scale = math.floor(math.log10(first / fewest))
        return PairSpec(
            pair_id=pair_id,
            numerator=coin,
            denominator=money,
            tick=Decimal(1).scaleb(scale),
            price_scale=max(-scale, 0),
            amount_scale=amount_scale,
            min_exchange_value=Decimal(least_value),
            half_spread_bps=half_spread,
            typical_amount=value / price,
            trades_per_second=rate,
            legs=legs,
            pace=pace,
        )

    weights = (*legs.weights[:2], 1.0, *legs.weights[3:])
    in_lira = pair(101 + 2 * number, "TRY", Legs(weights, legs.level), price * math.exp(FIRST[2]), "99.91")
    return in_lira, pair(102 + 2 * number, "USDT", legs, price, "2.5")


def _legs(rng: Random, price: float) -> Legs:
    """Returns legs that begin at `price`, in USDT. The coin follows bitcoin, ether and, most of all, one theme."""
    btc, eth = rng.uniform(0.1, 0.9), rng.uniform(0.0, 0.6)
    themes = [rng.uniform(-0.15, 0.15) for _ in range(THEMES)]
    themes[rng.randrange(THEMES)] = rng.uniform(0.4, 1.2)
    return Legs((btc, eth, 0.0, *themes), math.log(price) - btc * FIRST[0] - eth * FIRST[1])
