"""The symbols of the simulated Borsa Istanbul, and how each share moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from common.bist import rules
from venue.invented import invented_names

SHARE_MARKET, INDEX_MARKET, FX_MARKET = "IMKBH", "IMKBX", "FX"


@dataclass(frozen=True, slots=True)
class ListedShare:
    """One share.

    symbol: the exchange's name of it.
    close: the close before the first simulated day, in TRY.
    beta: the part of the market's moves that the share makes too.
    volatility: of its own moves, per year of trading round the clock.
    lots: the usual quantity at a price near the best one.
    trades_per_second: the base rate of trades; clusters of trades come on top.
    weight: its part of the index; 0 for a share outside of it.
    pace: the market's steps from one move of the share to the next.
    """

    symbol: str
    close: Decimal
    beta: float
    volatility: float
    lots: int
    trades_per_second: float
    weight: float
    pace: int = 1


SHARES = (
    ListedShare("THYAO", Decimal("312.50"), 1.1, 0.30, 9_000, 0.9, 0.24),
    ListedShare("GARAN", Decimal("148.30"), 1.2, 0.28, 14_000, 0.7, 0.18),
    ListedShare("AKBNK", Decimal("71.45"), 1.2, 0.28, 30_000, 0.7, 0.16),
    ListedShare("ASELS", Decimal("246.60"), 0.9, 0.35, 8_000, 0.6, 0.18),
    ListedShare("EREGL", Decimal("29.94"), 0.9, 0.30, 60_000, 0.5, 0.10),
    ListedShare("TUPRS", Decimal("231.40"), 0.8, 0.30, 6_000, 0.4, 0.14),
)
INDEX, INDEX_CLOSE = "XU100", Decimal("11240.55")
DOLLAR, DOLLAR_CLOSE = "USDTRY", Decimal("46.2800")
MARKET_VOLATILITY = 0.45

BROKERS = ("Lodos", "Poyraz", "Yakamoz", "Kehribar", "Zeytin", "Erguvan", "Mercan", "Karanfil")
"""Invented names: the feed names the buying and the selling broker of each trade."""

MOST_SHARES = 600
_PACES = (2, 3, 4, 5, 7, 10, 15, 20, 30)
_LEAST_CLOSE, _MOST_CLOSE = 1.2, 4_000.0
_TICKS_OF = date(2026, 1, 2)
"""The day whose tick table the invented closes keep to."""


def listed_shares(count: int) -> tuple[ListedShare, ...]:
    """Returns so many shares, from 6 to `MOST_SHARES`: the six of the index, then invented ones.

    A share is the same whatever the number of shares and the market's seed. Closes are spread over the tick table.
    """
    return (*SHARES, *(_invented(name) for name in invented_names(count - len(SHARES), "shares")))


def _invented(name: str) -> ListedShare:
    rng = Random(f"share {name}")
    price = Decimal(math.exp(rng.uniform(math.log(_LEAST_CLOSE), math.log(_MOST_CLOSE))))
    tick = rules.tick_size(price, _TICKS_OF)
    close = max(round(price / tick), 1) * tick
    return ListedShare(
        symbol=name,
        close=close,
        beta=rng.uniform(0.4, 1.5),
        volatility=rng.uniform(0.2, 0.6),
        lots=max(int(math.exp(rng.gauss(12.0, 1.0)) / float(close)), 1),
        trades_per_second=math.exp(rng.uniform(-5.0, -1.0)),
        weight=0.0,
        pace=rng.choice(_PACES),
    )
