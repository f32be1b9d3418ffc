"""Pre-trade guardrails: small rules over the proposed order; nothing trades unless all agree. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from common.wire import Denial, Instrument, OrderType, Phase, Side
from executor.orders import PRECISION
from executor.paper import within


@dataclass(frozen=True)
class Limits:
    """What the rules measure against. A currency that has no maximum notional can't be traded with at all."""

    quote_stale_seconds: float
    price_collar_percent: Decimal
    max_order_notional: Mapping[str, Decimal]


@dataclass(frozen=True)
class Market:
    """What is known of the market when the order is decided; ages in seconds, prices in the quote currency."""

    age_seconds: float
    stale: bool
    reference: Decimal | None
    best_opposite: Decimal | None
    quote_currency: str
    phase: Phase = "continuous"
    delayed: bool = False


@dataclass(frozen=True)
class Proposal:
    """An order as it would be if it were accepted: what it asks, what it meets, what it takes from where."""

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
    """Why trading is stopped, or None when it is not."""

    @property
    def notional(self) -> Decimal | None:
        """Quantity at the limit price, for a market order at the reference price."""
        price = self.limit_price or (self.market.reference if self.market else None)
        with localcontext(prec=PRECISION):
            return None if price is None else price * self.quantity


Rule = Callable[[Proposal, Limits], Denial | None]


def _kill_switch(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.kill_switch is None:
        return None
    return _deny("KILL_SWITCH", f"the kill switch is engaged: {proposal.kill_switch}")


def _quote(proposal: Proposal, _limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None:
        return _deny("NO_QUOTE", "market data gave no book for this symbol")
    if market.reference is None or (proposal.type == "market" and market.best_opposite is None):
        return _deny("NO_QUOTE", "the book has no quote to trade against")
    return None


def _quote_age(proposal: Proposal, limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None or (not market.stale and market.age_seconds <= limits.quote_stale_seconds):
        return None
    age, limit = f"{market.age_seconds:.3f}", f"{limits.quote_stale_seconds:g}"
    why = "market data calls the book stale" if market.stale else "the book is too old"
    return _deny("QUOTE_STALE", f"{why}: {age} s, the limit is {limit} s", age_seconds=age, limit_seconds=limit)


def _open_market(proposal: Proposal, _limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None or market.phase == "continuous":
        return None
    return _deny("MARKET_CLOSED", f"the market is not in continuous trading: {market.phase}", phase=market.phase)


def _delayed(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.market is None or not proposal.market.delayed:
        return None
    return _deny("QUOTE_DELAYED", "the feed is delayed by contract: its prices are minutes old")


def _tick_size(proposal: Proposal, _limits: Limits) -> Denial | None:
    price, instrument = proposal.limit_price, proposal.instrument
    if price is None or instrument is None or _multiple(price, instrument.tick_size):
        return None
    return _deny(
        "TICK_SIZE",
        f"limit_price {price} is not a multiple of the tick size {instrument.tick_size}",
        limit_price=price,
        tick_size=instrument.tick_size,
    )


def _lot_size(proposal: Proposal, _limits: Limits) -> Denial | None:
    instrument = proposal.instrument
    if instrument is None or _multiple(proposal.quantity, instrument.lot_size):
        return None
    return _deny(
        "LOT_SIZE",
        f"quantity {proposal.quantity} is not a multiple of the lot size {instrument.lot_size}",
        quantity=proposal.quantity,
        lot_size=instrument.lot_size,
    )


def _min_notional(proposal: Proposal, _limits: Limits) -> Denial | None:
    instrument, notional = proposal.instrument, proposal.notional
    if instrument is None or notional is None or notional >= instrument.min_notional:
        return None
    return _deny(
        "MIN_NOTIONAL",
        f"the order is worth {_shown(notional)}, the venue asks for {instrument.min_notional}",
        notional=notional,
        min_notional=instrument.min_notional,
    )


def _max_notional(proposal: Proposal, limits: Limits) -> Denial | None:
    notional = proposal.notional
    if proposal.market is None or notional is None:
        return None
    currency = proposal.market.quote_currency
    limit = limits.max_order_notional.get(currency, Decimal(0))
    if notional <= limit:
        return None
    return _deny(
        "MAX_NOTIONAL",
        f"the order is worth {_shown(notional)} {currency}, the limit is {_shown(limit)}",
        notional=notional,
        limit=limit,
        currency=currency,
    )


def _price_collar(proposal: Proposal, limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None or market.reference is None:
        return None
    price = proposal.limit_price if proposal.type == "limit" else market.best_opposite
    if price is None:
        return None
    with localcontext(prec=PRECISION):
        away = abs(price - market.reference) * 100 / market.reference
    if away <= limits.price_collar_percent:
        return None
    percent = f"{away:.4f}"
    return _deny(
        "PRICE_COLLAR",
        f"{price} is {percent} % away from {_shown(market.reference)}, the limit is {limits.price_collar_percent} %",
        price=price,
        reference=market.reference,
        away_percent=percent,
        limit_percent=limits.price_collar_percent,
    )


def _post_only(proposal: Proposal, _limits: Limits) -> Denial | None:
    best = proposal.market.best_opposite if proposal.market else None
    if not proposal.post_only or best is None or proposal.limit_price is None:
        return None
    if not within(proposal.side, best, proposal.limit_price):
        return None
    return _deny(
        "POST_ONLY",
        f"a post-only order at {proposal.limit_price} would trade at {best} at once",
        limit_price=proposal.limit_price,
        best_opposite=best,
    )


def _funds(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.market is None or proposal.funds_needed <= proposal.funds_available:
        return None
    return _deny(
        "INSUFFICIENT_FUNDS",
        f"needs {_shown(proposal.funds_needed)} {proposal.funds_unit}, {_shown(proposal.funds_available)} is available",
        needed=proposal.funds_needed,
        available=proposal.funds_available,
        unit=proposal.funds_unit,
    )


RULES: Mapping[str, Rule] = {
    "KILL_SWITCH": _kill_switch,
    "NO_QUOTE": _quote,
    "QUOTE_STALE": _quote_age,
    "QUOTE_DELAYED": _delayed,
    "MARKET_CLOSED": _open_market,
    "TICK_SIZE": _tick_size,
    "LOT_SIZE": _lot_size,
    "MIN_NOTIONAL": _min_notional,
    "MAX_NOTIONAL": _max_notional,
    "PRICE_COLLAR": _price_collar,
    "POST_ONLY": _post_only,
    "INSUFFICIENT_FUNDS": _funds,
}
"""Every rule under the one code it denies with; the order is the order in which denials are listed."""


def check(proposal: Proposal, limits: Limits) -> tuple[Denial, ...]:
    """Every rule's refusal, not only the first; empty when the order may pass."""
    refusals = (rule(proposal, limits) for rule in RULES.values())
    return tuple(refusal for refusal in refusals if refusal is not None)


def _deny(code: str, message: str, **numbers: Decimal | str) -> Denial:
    texts = {name: value if isinstance(value, str) else _shown(value) for name, value in numbers.items()}
    return Denial(code=code, message=message, numbers=texts)


def _shown(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _multiple(value: Decimal, step: Decimal) -> bool:
    with localcontext(prec=PRECISION):
        return step <= 0 or value % step == 0
