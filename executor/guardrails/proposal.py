"""What the rules are asked about: an order as it would be, what it meets, what is held; and what they measure it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import NamedTuple

from common.wire import Denial, Instrument, OrderType, Phase, Side
from executor.guardrails.controls import Hold
from executor.guardrails.limits import Limits
from executor.orders import PRECISION


@dataclass(frozen=True)
class Market:
    """What is known of the market when the order is decided; ages in seconds, prices in the quote currency. `floor` and
    `ceiling` are the day's limits, where the venue has them."""

    age_seconds: float
    stale: bool
    reference: Decimal | None
    best_opposite: Decimal | None
    quote_currency: str
    phase: Phase = "continuous"
    delayed: bool = False
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True)
class Holdings:
    """What the account has and did, without this order and without one that it replaces.

    `position` is the quantity held of the symbol, None where its base is cash; `open_buys` what other orders may still
    buy of it; `exposure` what all positions cost and open buys would, in the quote currency; `opposite` the best limit
    price of an own open order on the other side; `recent` how many orders came within the last second; `twin` the id
    of one with the same content within `Limits.duplicate_seconds`; `executions` how many orders of the symbol and side
    were executed within a minute.
    """

    position: Decimal | None = None
    open_buys: Decimal = Decimal(0)
    exposure: Decimal = Decimal(0)
    opposite: Decimal | None = None
    recent: int = 0
    twin: str | None = None
    executions: int = 0


@dataclass(frozen=True)
class Proposal:
    """An order as it would be if it were accepted: what it asks, what it meets, what it takes from where.

    `reach` is the furthest price at which it would trade or rest; None when it would do neither. `kill_switch` is why
    trading is stopped, or None; `holds` are those of the account, by code.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    post_only: bool
    market: Market | None
    instrument: Instrument | None
    funds_unit: str
    funds_needed: Decimal
    funds_available: Decimal
    kill_switch: str | None
    holdings: Holdings = Holdings()
    reach: Decimal | None = None
    holds: Mapping[str, Hold] = field(default_factory=dict)

    @property
    def price(self) -> Decimal | None:
        """What a unit is counted at: the limit price; for a market order the dearest that it would buy at, and the
        reference price when it sells."""
        dearest = self.limit_price or (self.reach if self.side == "buy" else None)
        return dearest or (self.market.reference if self.market else None)

    @property
    def notional(self) -> Decimal | None:
        """Quantity at `price`."""
        with localcontext(prec=PRECISION):
            return None if self.price is None else self.price * self.quantity


class Use(NamedTuple):
    """How much of a limit there would be used, and the limit."""

    value: Decimal
    limit: Decimal

    @property
    def over(self) -> bool:
        """Whether the limit would be passed."""
        return self.value > self.limit

    @property
    def share(self) -> Decimal:
        """The part of the limit that would be used; 1 is all of it."""
        with localcontext(prec=PRECISION):
            return self.value / self.limit if self.limit else Decimal(self.value > 0)


Rule = Callable[[Proposal, Limits], Denial | None]
Measure = Callable[[Proposal, Limits], Use | None]


def deny(code: str, message: str, **numbers: Decimal | str) -> Denial:
    """A refusal with the numbers that met."""
    texts = {name: value if isinstance(value, str) else shown(value) for name, value in numbers.items()}
    return Denial(code=code, message=message, numbers=texts)


def limited(code: str, measure: Measure, name: str, message: str) -> Rule:
    """The rule that a measure must not pass its limit; `message` has places for `value` and `limit`, and `name` is the
    measure's in the numbers."""

    def rule(proposal: Proposal, limits: Limits) -> Denial | None:
        use = measure(proposal, limits)
        if use is None or not use.over:
            return None
        told = message.format(value=shown(use.value), limit=shown(use.limit))
        return deny(code, told, **{name: use.value, "limit": use.limit})

    return rule


def shown(value: Decimal) -> str:
    """A number as people write it."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def multiple(value: Decimal, step: Decimal) -> bool:
    """Whether a value is on the grid of a step."""
    with localcontext(prec=PRECISION):
        return step <= 0 or value % step == 0
