"""The pairs of the simulated BTCTurk: their grid of prices and amounts, and how they trade."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Legs:
    """A pair's fair price as a product of powers of the market's factors.

    weights: the power of each factor: BTCUSDT, ETHUSDT, USDTTRY, then the themes. Factors behind the last have none.
    level: logarithm of the price when every factor is 1.
    """

    weights: tuple[float, ...]
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class PairSpec:
    """One pair. Inside the model prices are whole ticks and amounts whole units, so that sums are exact.

    pair_id: the venue's number of the pair.
    numerator: the currency that is bought and sold.
    denominator: the currency that it is paid with.
    tick: the step of prices, in the denominator.
    price_scale: digits after the point of a price.
    amount_scale: digits after the point of an amount; a unit is 10 to the power of minus this.
    min_exchange_value: the smallest value of an order, in the denominator.
    half_spread_bps: half of the usual distance between bid and ask, in basis points of the price.
    typical_amount: the median amount of a level next to the best price, in the numerator.
    trades_per_second: the base rate of trades; clusters of trades come on top.
    legs: how its price follows from the market's factors.
    pace: the market's steps from one move of the book to the next.
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
    legs: Legs
    pace: int = 1

    @property
    def name(self) -> str:
        """The pair as the socket writes it, such as `BTCTRY`."""
        return self.numerator + self.denominator

    @property
    def normalized(self) -> str:
        """The pair as REST also accepts it, such as `BTC_TRY`."""
        return f"{self.numerator}_{self.denominator}"

    @property
    def daily_volume(self) -> float:
        """The usual volume of a day, in the numerator; the factor was measured on this market."""
        return 0.9 * self.trades_per_second * 86_400.0 * self.typical_amount

    def price_text(self, ticks: int) -> str:
        """Returns a price, given in ticks, as the wire writes it: plain digits without trailing zeros."""
        mantissa = ticks * int(self.tick.scaleb(self.price_scale))
        return decimal_text(mantissa, self.price_scale)

    def amount_text(self, units: int) -> str:
        """Returns an amount, given in units of the smallest fraction, as the wire writes it."""
        return decimal_text(units, self.amount_scale)


def decimal_text(mantissa: int, scale: int) -> str:
    """Returns `mantissa` · 10^-`scale` without exponent or trailing zeros. The mantissa must be 0 or more."""
    if scale == 0:
        return str(mantissa)
    whole, fraction = divmod(mantissa, 10**scale)
    return f"{whole}.{fraction:0{scale}d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency, for `exchangeinfo`.

    symbol: such as `BTC`.
    name: the currency's full name.
    precision: digits after the point of an amount.
    kind: CRYPTO for a crypto currency, FIAT for the money of a state.
    """

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
    PairSpec(1, "BTC", "TRY", Decimal(1), 0, 8, Decimal("99.91"), 1.5, 0.02, 0.5, Legs((1, 0, 1))),
    PairSpec(3, "ETH", "TRY", Decimal(1), 0, 8, Decimal("99.91"), 2.0, 0.4, 0.35, Legs((0, 1, 1))),
    PairSpec(18, "USDT", "TRY", Decimal("0.001"), 3, 4, Decimal("99.91"), 0.6, 4000.0, 0.6, Legs((0, 0, 1))),
    PairSpec(19, "BTC", "USDT", Decimal(1), 0, 8, Decimal("2.5"), 0.6, 0.03, 0.25, Legs((1,))),
    PairSpec(20, "ETH", "USDT", Decimal("0.1"), 1, 8, Decimal("2.5"), 1.2, 0.6, 0.2, Legs((0, 1))),
)
