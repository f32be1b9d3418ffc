"""Rates of currencies: what one unit is worth in another currency, and the quote that says so. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext

from common.wire import Message
from executor.orders import exact


class CurrencyRate(Message, frozen=True, kw_only=True):
    """The worth of one unit of a currency in the currency of the equity.

    amount: in the currency of the equity, per unit.
    symbol: the instrument whose mark it is; None for the currency of the equity itself.
    at: when market data last proved that mark, UTC; None for the currency of the equity itself.
    """

    amount: Decimal
    symbol: str | None = None
    at: datetime | None = None


ITSELF = CurrencyRate(amount=Decimal(1))
"""The rate of a currency to itself."""


def rate_of(unit: str, base_asset: str, price: Decimal, symbol: str, at: datetime) -> CurrencyRate:
    """Returns the rate of `unit`, which is one side of a pair of that `price`."""
    with exact():
        amount = price if unit == base_asset else 1 / price
        return CurrencyRate(amount=_short(amount), symbol=symbol, at=at)


def _short(amount: Decimal) -> Decimal:
    """Returns a rate with as many digits as anybody needs."""
    with localcontext(prec=28):
        return +amount
