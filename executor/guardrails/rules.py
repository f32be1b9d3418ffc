"""All rules under their codes, and how to ask them."""

from __future__ import annotations

from collections.abc import Mapping

from common.wire import Denial
from executor.guardrails import account, market, order, state
from executor.guardrails.limits import Limits
from executor.guardrails.proposal import Measure, Proposal, Rule, Use

RULES: Mapping[str, Rule] = {
    "KILL_SWITCH": market.kill_switch,
    "TRADING_STATE": state.held("TRADING_STATE"),
    "DAILY_LOSS": state.held("DAILY_LOSS"),
    "DRAWDOWN": state.held("DRAWDOWN"),
    "REPEATED_EXECUTIONS": state.repeated_executions,
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
    "PRICE_LIMIT": order.price_limit,
    "POST_ONLY": order.post_only,
    "INSUFFICIENT_FUNDS": account.funds,
    "MAX_POSITION": account.max_position,
    "MAX_EXPOSURE": account.max_exposure,
    "SELF_TRADE": account.self_trade,
    "ORDER_RATE": account.order_rate,
    "DUPLICATE_ORDER": account.duplicate_order,
}
"""Every rule under the one code it denies with; the order is the order in which denials are listed."""

MEASURES: Mapping[str, Measure] = {
    "MAX_QUANTITY": order.max_quantity_use,
    "MAX_NOTIONAL": order.max_notional_use,
    "MAX_POSITION": account.max_position_use,
    "MAX_EXPOSURE": account.max_exposure_use,
    "ORDER_RATE": account.order_rate_use,
    "REPEATED_EXECUTIONS": state.repeated_executions_use,
}
"""The rules that are a limit on an amount, of which a part may be used."""


def check(proposal: Proposal, limits: Limits) -> tuple[Denial, ...]:
    """Every rule's refusal, not only the first; empty when the order may pass."""
    refusals = (rule(proposal, limits) for rule in RULES.values())
    return tuple(refusal for refusal in refusals if refusal is not None)


def uses(proposal: Proposal, limits: Limits) -> dict[str, Use]:
    """How much of each limit would be used, by code; of those that apply."""
    found = {code: measure(proposal, limits) for code, measure in MEASURES.items()}
    return {code: use for code, use in found.items() if use is not None}
