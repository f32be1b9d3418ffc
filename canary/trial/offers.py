"""The symbols that a trial trades, and the prices and quantities of its orders (pure)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from common.answers import Instruments, Quotes

MOST_SYMBOLS = 5
_REST_BELOW = Decimal("0.9")
"""A resting order's price, in that of the best bid: far enough below to be reached by no usual move."""
_CROSSING = Decimal("0.005")
"""The share of the best price by which a limit order goes beyond it to be filled at once."""
_SPREAD_OF_SIZES = Decimal("0.6180339887")
"""The golden ratio's part: its multiples, without their whole parts, are spread evenly from 0 to 1."""


@dataclass(frozen=True)
class Offer:
    """A symbol with its steps and its best prices.

    symbol, quote_currency: the instrument.
    tick_size, lot_size: the steps between two prices, and between two quantities.
    min_notional: the smallest price times quantity of an order, in the quote currency.
    bid, ask: the best prices.
    """

    symbol: str
    quote_currency: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    bid: Decimal
    ask: Decimal

    def quantity(self, number: int, least: Decimal = Decimal(2)) -> Decimal:
        """Returns a quantity worth `least` to 1.5 times `least` of the smallest order, another one for each number."""
        notional = self.min_notional * least * (1 + (number * _SPREAD_OF_SIZES) % 1 / 2)
        return max(self.lot_size, _stepped(notional / self.bid, self.lot_size, ROUND_CEILING))

    def crossing_price(self, side: str) -> Decimal:
        """Returns a limit price at which an order of the side is filled at once."""
        if side == "buy":
            return _stepped(self.ask * (1 + _CROSSING), self.tick_size, ROUND_CEILING)
        return _stepped(self.bid * (1 - _CROSSING), self.tick_size, ROUND_FLOOR)

    def resting_price(self) -> Decimal:
        """Returns a price at which a buy rests."""
        return _stepped(self.bid * _REST_BELOW, self.tick_size, ROUND_CEILING)

    def maker_price(self) -> Decimal:
        """Returns the highest price at which a buy rests."""
        return max(self.bid, self.ask - self.tick_size)


def offers(instruments: Instruments, quotes: Quotes, cash: Collection[str]) -> tuple[Offer, ...]:
    """Returns the first symbols that can be bought and sold now for cash, at most `MOST_SYMBOLS`.

    A symbol whose base asset is cash is left out: buying it is no position.
    """
    known = {one.symbol: one for one in instruments.instruments if one.state == "trading"}
    found = []
    for quote in quotes.quotes:
        one = known.get(quote.symbol)
        if one is None or quote.stale or quote.delayed or quote.phase != "continuous":
            continue
        if quote.bid is None or quote.ask is None or one.quote_currency not in cash or one.base_asset in cash:
            continue
        found.append(
            Offer(
                symbol=one.symbol,
                quote_currency=one.quote_currency,
                tick_size=one.tick_size,
                lot_size=one.lot_size,
                min_notional=one.min_notional,
                bid=quote.bid,
                ask=quote.ask,
            )
        )
    return tuple(found[:MOST_SYMBOLS])


def _stepped(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).quantize(Decimal(1), rounding=rounding) * step
