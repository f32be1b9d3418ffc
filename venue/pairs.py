"""The pairs of the simulated exchange: their grid of prices and amounts, and how they like to trade."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class PairSpec:
    """One pair. Prices are whole ticks and amounts whole units inside the model, so that its sums are exact.

    `half_spread_bps` is half of the usual distance between bid and ask, in basis points of the price.
    `typical_amount` is the median amount of a level next to the touch, in the numerator's currency.
    `trades_per_second` is the base rate of trades; clusters come on top.
    """

    pair_id: int
    numerator: str
    denominator: str
    tick: Decimal
    price_scale: int
    amount_scale: int
    min_exchange_value: Decimal
    half_spread_bps: float
    typical_amount: float
    trades_per_second: float

    @property
    def name(self) -> str:
        """The pair as the socket spells it, such as `BTCTRY`."""
        return self.numerator + self.denominator

    @property
    def normalized(self) -> str:
        """The pair as REST also accepts it, such as `BTC_TRY`."""
        return f"{self.numerator}_{self.denominator}"

    @property
    def daily_volume(self) -> float:
        """What is usually traded in a day, in the numerator's currency; measured on the market as it trades here."""
        return 0.9 * self.trades_per_second * 86_400.0 * self.typical_amount

    def price_text(self, ticks: int) -> str:
        """A price in ticks as the wire writes it: plain digits, no trailing zeros."""
        mantissa = ticks * int(self.tick.scaleb(self.price_scale))
        return decimal_text(mantissa, self.price_scale)

    def amount_text(self, units: int) -> str:
        """An amount in units of the smallest fraction as the wire writes it."""
        return decimal_text(units, self.amount_scale)


def decimal_text(mantissa: int, scale: int) -> str:
    """`mantissa` · 10^-`scale`, for a mantissa of at least 0, without exponent or trailing zeros."""
    if scale == 0:
        return str(mantissa)
    whole, fraction = divmod(mantissa, 10**scale)
    return f"{whole}.{fraction:0{scale}d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency of the exchange, for `exchangeinfo`."""

    symbol: str
    name: str
    precision: int
    kind: Literal["CRYPTO", "FIAT"]


ASSETS = (
    Asset("BTC", "Bitcoin", 8, "CRYPTO"),
    Asset("ETH", "Ethereum", 8, "CRYPTO"),
    Asset("USDT", "Tether", 4, "CRYPTO"),
    Asset("TRY", "Türk Lirası", 2, "FIAT"),
)

PAIRS = (
    PairSpec(1, "BTC", "TRY", Decimal(1), 0, 8, Decimal("99.91"), 1.5, 0.02, 0.5),
    PairSpec(3, "ETH", "TRY", Decimal(1), 0, 8, Decimal("99.91"), 2.0, 0.4, 0.35),
    PairSpec(18, "USDT", "TRY", Decimal("0.001"), 3, 4, Decimal("99.91"), 0.6, 4000.0, 0.6),
    PairSpec(19, "BTC", "USDT", Decimal(1), 0, 8, Decimal("2.5"), 0.6, 0.03, 0.25),
    PairSpec(20, "ETH", "USDT", Decimal("0.1"), 1, 8, Decimal("2.5"), 1.2, 0.6, 0.2),
)
