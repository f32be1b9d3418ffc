"""The symbols of the simulated Borsa Istanbul, and how each share moves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
    weight: its part of the index.
    """

    symbol: str
    close: Decimal
    beta: float
    volatility: float
    lots: int
    trades_per_second: float
    weight: float


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
