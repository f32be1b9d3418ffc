"""Rules about the order itself: its grid, its size, its price."""

from __future__ import annotations

from decimal import Decimal

from common.decimals import plain_text
from common.wire import Denial
from executor.guardrails.limits import Limits
from executor.guardrails.proposal import LimitUse, Proposal, deny, limited, multiple
from executor.orders import exact
from executor.paper import within


def tick_size(proposal: Proposal, _limits: Limits) -> Denial | None:
    price, instrument = proposal.limit_price, proposal.instrument
    if price is None or instrument is None or multiple(price, instrument.tick_size):
        return None
    return deny(
        "TICK_SIZE",
        f"limit_price {plain_text(price)} is not a multiple of the tick size {plain_text(instrument.tick_size)}",
        limit_price=price,
        tick_size=instrument.tick_size,
    )


def lot_size(proposal: Proposal, _limits: Limits) -> Denial | None:
    instrument = proposal.instrument
    if instrument is None or multiple(proposal.quantity, instrument.lot_size):
        return None
    return deny(
        "LOT_SIZE",
        f"quantity {plain_text(proposal.quantity)} is not a multiple of the lot size {plain_text(instrument.lot_size)}",
        quantity=proposal.quantity,
        lot_size=instrument.lot_size,
    )


def min_notional(proposal: Proposal, _limits: Limits) -> Denial | None:
    instrument, notional = proposal.instrument, proposal.notional
    if instrument is None or notional is None or notional >= instrument.min_notional:
        return None
    return deny(
        "MIN_NOTIONAL",
        f"the order is worth {plain_text(notional)}, the venue asks for {plain_text(instrument.min_notional)}",
        notional=notional,
        min_notional=instrument.min_notional,
    )


def max_quantity_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the order's quantity against the symbol's largest."""
    limit = limits.max_order_quantity.get(proposal.symbol)
    return None if limit is None else LimitUse(proposal.quantity, limit)


max_quantity = limited("MAX_QUANTITY", max_quantity_use, "quantity", "quantity {value} is above the limit of {limit}")


def max_notional_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the order's notional against the largest in its currency."""
    if proposal.market is None or proposal.notional is None:
        return None
    return LimitUse(proposal.notional, limits.max_order_notional.get(proposal.market.quote_currency, Decimal(0)))


def max_notional(proposal: Proposal, limits: Limits) -> Denial | None:
    use = max_notional_use(proposal, limits)
    if use is None or not use.over or proposal.market is None:
        return None
    currency = proposal.market.quote_currency
    return deny(
        "MAX_NOTIONAL",
        f"the order is worth {plain_text(use.value)} {currency}, the limit is {plain_text(use.limit)}",
        notional=use.value,
        limit=use.limit,
        currency=currency,
    )


def price_collar(proposal: Proposal, limits: Limits) -> Denial | None:
    """Denies paying too much, and selling for too little. A better price than the reference harms nobody."""
    return _too_far("PRICE_COLLAR", proposal, limits.collar_of(proposal.symbol), "worse than", 1)


def far_price(proposal: Proposal, limits: Limits) -> Denial | None:
    """Denies an order that would rest so far from the market that its price must be a typing mistake."""
    return _too_far("FAR_PRICE", proposal, limits.far_of(proposal.symbol), "away from", -1)


def _too_far(code: str, proposal: Proposal, limit: Decimal, of: str, sign: int) -> Denial | None:
    """Measures how far a price is beyond the reference: with the sign 1 on the bad side, with -1 on the good one."""
    market = proposal.market
    if market is None or market.reference is None:
        return None
    price = proposal.limit_price if proposal.type == "limit" else market.best_opposite
    if price is None:
        return None
    with exact():
        above = (price - market.reference) * 100 / market.reference
        away = above * sign if proposal.side == "buy" else -above * sign
    if away <= limit:
        return None
    percent = plain_text(Decimal(f"{away:.4f}"))
    return deny(
        code,
        f"{plain_text(price)} is {percent} % {of} {plain_text(market.reference)}, the limit is {plain_text(limit)} %",
        price=price,
        reference=market.reference,
        away_percent=percent,
        limit_percent=limit,
    )


def price_limit(proposal: Proposal, _limits: Limits) -> Denial | None:
    market, price = proposal.market, proposal.limit_price
    if market is None or price is None or market.floor is None or market.ceiling is None:
        return None
    if market.floor <= price <= market.ceiling:
        return None
    lowest, highest = plain_text(market.floor), plain_text(market.ceiling)
    return deny(
        "PRICE_LIMIT",
        f"limit_price {plain_text(price)} is outside the day's limits, {lowest} to {highest}",
        limit_price=price,
        floor=market.floor,
        ceiling=market.ceiling,
    )


def post_only(proposal: Proposal, _limits: Limits) -> Denial | None:
    best = proposal.market.best_opposite if proposal.market else None
    if not proposal.post_only or best is None or proposal.limit_price is None:
        return None
    if not within(proposal.side, best, proposal.limit_price):
        return None
    return deny(
        "POST_ONLY",
        f"a post-only order at {plain_text(proposal.limit_price)} would trade at {plain_text(best)} at once",
        limit_price=proposal.limit_price,
        best_opposite=best,
    )
