"""Rules about the account: its funds, its positions, its exposure, its own other orders, and how fast they come."""

from __future__ import annotations

from decimal import Decimal

from common.decimals import plain_text
from common.wire import Denial
from executor.guardrails.limits import Limits
from executor.guardrails.proposal import LimitUse, Proposal, deny, limited
from executor.orders import exact
from executor.paper import within


def funds(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.market is None or proposal.funds_needed <= proposal.funds_available:
        return None
    needed, available = plain_text(proposal.funds_needed), plain_text(proposal.funds_available)
    return deny(
        "INSUFFICIENT_FUNDS",
        f"needs {needed} {proposal.funds_unit}, {available} is available",
        needed=proposal.funds_needed,
        available=proposal.funds_available,
        unit=proposal.funds_unit,
    )


def max_position_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the position with open buys and this order, at the order's price. Only buying adds to it."""
    held, price = proposal.holdings, proposal.price
    if proposal.side == "sell" or held.position is None or price is None or proposal.market is None:
        return None
    with exact():
        value = (held.position + held.open_buys + proposal.quantity) * price
    return LimitUse(value, limits.max_position_notional.get(proposal.market.quote_currency, Decimal(0)))


max_position = limited(
    "MAX_POSITION", max_position_use, "position", "the position would be worth {value}, the limit is {limit}"
)


def max_exposure_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the cost of all positions in the currency, of open buys and of this order. Only buying adds to it."""
    if proposal.side == "sell" or proposal.holdings.position is None or proposal.market is None:
        return None
    with exact():
        value = proposal.holdings.exposure + (proposal.notional or Decimal(0))
    return LimitUse(value, limits.max_exposure.get(proposal.market.quote_currency, Decimal(0)))


max_exposure = limited(
    "MAX_EXPOSURE", max_exposure_use, "exposure", "positions and open orders would cost {value}, the limit is {limit}"
)


def self_trade(proposal: Proposal, _limits: Limits) -> Denial | None:
    own, reach = proposal.holdings.opposite, proposal.reach
    if own is None or reach is None or not within(proposal.side, own, reach):
        return None
    message = f"an own open order on the other side, at {plain_text(own)}, is within reach of {plain_text(reach)}"
    return deny("SELF_TRADE", message, own_price=own, reach=reach)


def order_rate_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the orders within a second, this one included."""
    return LimitUse(Decimal(proposal.holdings.recent + 1), Decimal(limits.max_orders_per_second))


order_rate = limited("ORDER_RATE", order_rate_use, "orders", "{value} orders within a second, the limit is {limit}")


def _open_orders(proposal: Proposal, limits: Limits) -> dict[str, LimitUse]:
    """Returns the uses of the limits on open orders, by scope; none for an order that leaves nothing open."""
    if not proposal.rests:
        return {}
    held = proposal.holdings
    return {
        "account": LimitUse(Decimal(held.open_orders + 1), Decimal(limits.max_open_orders)),
        proposal.symbol: LimitUse(Decimal(held.open_of_symbol + 1), Decimal(limits.max_open_orders_per_symbol)),
    }


def open_orders_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the open orders with this one: those of the account or of the symbol, whichever are nearer to theirs."""
    return max(_open_orders(proposal, limits).values(), key=lambda use: use.share, default=None)


def max_open_orders(proposal: Proposal, limits: Limits) -> Denial | None:
    scope, use = next(((scope, use) for scope, use in _open_orders(proposal, limits).items() if use.over), ("", None))
    if use is None:
        return None
    message = f"{plain_text(use.value)} orders would be open ({scope}), the limit is {plain_text(use.limit)}"
    return deny("MAX_OPEN_ORDERS", message, open_orders=use.value, limit=use.limit, scope=scope)


def duplicate_order(proposal: Proposal, limits: Limits) -> Denial | None:
    twin = proposal.holdings.twin
    if twin is None:
        return None
    message = f"order {twin} asked for the same less than {limits.duplicate_seconds:g} s ago"
    return deny("DUPLICATE_ORDER", message, order_id=twin, limit_seconds=f"{limits.duplicate_seconds:g}")
