"""All rules and measures, under their codes."""

from __future__ import annotations

from collections.abc import Mapping

from common.wire import Denial
from executor.guardrails import account, market, order, state
from executor.guardrails.limits import Limits
from executor.guardrails.proposal import LimitUse, Measure, Proposal, Rule

RULES: Mapping[str, Rule] = {
    "KILL_SWITCH": market.kill_switch,
    "TRADING_STATE": state.held("TRADING_STATE"),
    "DAILY_LOSS": state.held("DAILY_LOSS"),
    "DRAWDOWN": state.held("DRAWDOWN"),
    "REPEATED_EXECUTIONS": state.repeated_executions,
    "EQUITY_UNKNOWN": state.equity_known,
    "NO_QUOTE": market.quote,
    "QUOTE_STALE": market.quote_age,
    "QUOTE_DELAYED": market.delayed,
    "MARKET_CLOSED": market.open_market,
    "TICK_SIZE": order.tick_size,
    "LOT_SIZE": order.lot_size,
    "MIN_NOTIONAL": order.min_notional,
    "MAX_QUANTITY": order.max_quantity,
    "MAX_NOTIONAL": order.max_notional,
    "PRICE_COLLAR": order.price_collar,
    "FAR_PRICE": order.far_price,
    "PRICE_LIMIT": order.price_limit,
    "POST_ONLY": order.post_only,
    "INSUFFICIENT_FUNDS": account.funds,
    "MAX_POSITION": account.max_position,
    "MAX_EXPOSURE": account.max_exposure,
    "MAX_OPEN_ORDERS": account.max_open_orders,
    "SELF_TRADE": account.self_trade,
    "ORDER_RATE": account.order_rate,
    "DUPLICATE_ORDER": account.duplicate_order,
}
"""Every rule under the one code that it denies with, in the order in which denials are listed."""

_ALL = tuple(RULES.values())

MEASURES: Mapping[str, Measure] = {
    "MAX_QUANTITY": order.max_quantity_use,
    "MAX_NOTIONAL": order.max_notional_use,
    "MAX_POSITION": account.max_position_use,
    "MAX_EXPOSURE": account.max_exposure_use,
    "MAX_OPEN_ORDERS": account.open_orders_use,
    "ORDER_RATE": account.order_rate_use,
    "REPEATED_EXECUTIONS": state.repeated_executions_use,
}
"""The measures of the rules that limit an amount."""


def check(proposal: Proposal, limits: Limits) -> tuple[Denial, ...]:
    """Returns the denials of all rules, not only the first; empty when the order may pass."""
    return tuple([denial for rule in _ALL if (denial := rule(proposal, limits)) is not None])


def uses(proposal: Proposal, limits: Limits) -> dict[str, LimitUse]:
    """Returns how far the order would use each limit that applies, by code."""
    found = {code: measure(proposal, limits) for code, measure in MEASURES.items()}
    return {code: use for code, use in found.items() if use is not None}
