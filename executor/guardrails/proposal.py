"""The order as the rules see it: what it asks for, the market it meets, and what the account holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import msgspec

from common.decimals import plain_text
from common.wire import Denial, Instrument, OrderType, Phase, Side
from executor.guardrails.controls import Hold
from executor.guardrails.limits import Limits
from executor.orders import exact


class MarketView(NamedTuple):
    """The market when the order is decided. Prices are in the quote currency.

    age_seconds: the age of the book.
    stale: true when market data calls the book stale.
    reference: the price that the order is measured from; None for an empty book.
    one_sided: true when the book lacks a side, and no last trade tells what a fair price is.
    best_opposite: the best price that the order could trade at; None when that side is empty.
    quote_currency: the currency of the prices.
    phase: the trading phase.
    delayed: true for a feed that is minutes old by contract.
    floor, ceiling: the day's price limits; None where the venue has none.
    """

    age_seconds: float
    stale: bool
    reference: Decimal | None
    best_opposite: Decimal | None
    quote_currency: str
    phase: Phase = "continuous"
    delayed: bool = False
    floor: Decimal | None = None
    ceiling: Decimal | None = None
    one_sided: bool = False


class Holdings(NamedTuple):
    """The account beside this order, and beside the order that it replaces.

    position: the quantity of the symbol; None where its base asset is cash.
    open_buys: the quantity of the symbol that other orders may still buy.
    exposure: the cost of all positions and open buys, in the quote currency.
    opposite: the best limit price of an own open order on the other side; None when there is none.
    recent: how many orders came within the last second.
    twin: the id of an order that asked for the same within `Limits.duplicate_seconds`; None when there is none.
    executions: how many orders of the symbol and side were executed within a minute.
    open_orders: how many orders of the account are open.
    open_of_symbol: how many of them are orders of the symbol.
    """

    position: Decimal | None = None
    open_buys: Decimal = Decimal(0)
    exposure: Decimal = Decimal(0)
    opposite: Decimal | None = None
    recent: int = 0
    twin: str | None = None
    executions: int = 0
    open_orders: int = 0
    open_of_symbol: int = 0


class Proposal(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An order as it would be if it were accepted.

    symbol, side, type, quantity, limit_price, post_only: of the order.
    market: the market that it meets; None without a book.
    instrument: the symbol's grid; None when market data gave none.
    funds_unit: the currency or asset that it pays in.
    funds_needed: how much of it the order needs.
    funds_available: how much of it is free.
    kill_switch: why a kill switch stops trading; None when none does.
    holdings: the account beside this order.
    reach: the furthest price at which it would trade or rest; None when it would do neither.
    holds: the holds on the account, by code.
    rests: true when a part of it would stay open.
    doubts: what keeps the equity from being relied on, by symbol or currency, with the age of its last mark in seconds.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    post_only: bool
    market: MarketView | None
    instrument: Instrument | None
    funds_unit: str
    funds_needed: Decimal
    funds_available: Decimal
    kill_switch: str | None
    holdings: Holdings = Holdings()
    reach: Decimal | None = None
    holds: Mapping[str, Hold] = msgspec.field(default_factory=dict)
    rests: bool = False
    doubts: Mapping[str, float | None] = msgspec.field(default_factory=dict)

    @cached_property
    def price(self) -> Decimal | None:
        """The price that the order counts at: the limit price; for a market order the highest price that it would buy
        at, or the reference price when it sells. None without a market."""
        highest = self.reach if self.limit_price is None and self.side == "buy" else self.limit_price
        return self.market.reference if highest is None and self.market is not None else highest

    @cached_property
    def notional(self) -> Decimal | None:
        """Quantity times `price`; None without a price."""
        with exact():
            return None if self.price is None else self.price * self.quantity


class LimitUse(NamedTuple):
    """The use of a limit.

    value: the measured amount.
    limit: the limit on it.
    """

    value: Decimal
    limit: Decimal

    @property
    def over(self) -> bool:
        """True when the value is above the limit."""
        return self.value > self.limit

    @property
    def share(self) -> Decimal:
        """The part of the limit that would be used; 1 is all of it."""
        with exact():
            return self.value / self.limit if self.limit else Decimal(self.value > 0)


Rule = Callable[[Proposal, Limits], Denial | None]
Measure = Callable[[Proposal, Limits], LimitUse | None]


def deny(code: str, message: str, **numbers: Decimal | str) -> Denial:
    """Returns a denial with the numbers that met."""
    texts = {name: value if isinstance(value, str) else plain_text(value) for name, value in sorted(numbers.items())}
    return Denial(code=code, message=message, numbers=texts)


def limited(code: str, measure: Measure, name: str, message: str) -> Rule:
    """Returns the rule that a measure must not go above its limit.

    `name` is the measured value's name in the numbers; `message` has places for `value` and `limit`.
    """

    def rule(proposal: Proposal, limits: Limits) -> Denial | None:
        use = measure(proposal, limits)
        if use is None or not use.over:
            return None
        sentence = message.format(value=plain_text(use.value), limit=plain_text(use.limit))
        return deny(code, sentence, **{name: use.value, "limit": use.limit})

    return rule


def multiple(value: Decimal, step: Decimal) -> bool:
    """Returns true when a value is a multiple of a step; every value is one of a step of 0."""
    with exact():
        return step <= 0 or value % step == 0
