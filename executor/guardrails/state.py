"""Rules about the trading state: holds, and how often the same was executed lately."""

from __future__ import annotations

from decimal import Decimal

from common.decimals import plain_text
from common.wire import Denial
from executor.guardrails.limits import EXECUTIONS_SECONDS, Limits
from executor.guardrails.proposal import LimitUse, Proposal, Rule, deny

REPEATED = "REPEATED_EXECUTIONS"
MOST_NAMED = 5


def held(code: str) -> Rule:
    """Returns the rule of a hold of this code: HALTED lets nothing pass, REDUCING only sales."""

    def rule(proposal: Proposal, _limits: Limits) -> Denial | None:
        hold = proposal.holds.get(code)
        if hold is None or (hold.state == "REDUCING" and proposal.side == "sell"):
            return None
        allowed = "nothing may be traded" if hold.state == "HALTED" else "only sales pass"
        return deny(code, f"{hold.state}, {allowed}: {hold.reason}", state=hold.state)

    return rule


def equity_known(proposal: Proposal, _limits: Limits) -> Denial | None:
    """Denies what adds risk while losses can't be judged. Only buying adds risk."""
    if proposal.side == "sell" or not proposal.doubts:
        return None
    symbols = ", ".join(sorted(proposal.doubts)[:MOST_NAMED])
    ages = [age for age in proposal.doubts.values() if age is not None]
    age = f"{max(ages):.1f}" if len(ages) == len(proposal.doubts) else "none"
    message = f"the equity is not known, so no loss could be seen: there is no fresh price of {symbols}"
    return deny("EQUITY_UNKNOWN", message, symbols=symbols, count=Decimal(len(proposal.doubts)), mark_age_seconds=age)


_held_for_repetition = held(REPEATED)


def repeated_executions_use(proposal: Proposal, limits: Limits) -> LimitUse | None:
    """Measures the orders of the symbol and side that were executed within a minute, this one included."""
    return LimitUse(Decimal(proposal.holdings.executions + 1), Decimal(limits.max_executions))


def repeated_executions(proposal: Proposal, limits: Limits) -> Denial | None:
    hold = _held_for_repetition(proposal, limits)
    use = repeated_executions_use(proposal, limits)
    if hold is not None or use is None or not use.over:
        return hold
    message = (
        f"{plain_text(use.value - 1)} orders to {proposal.side} {proposal.symbol} were executed within "
        f"{EXECUTIONS_SECONDS} s, the limit is {plain_text(use.limit)}"
    )
    return deny(REPEATED, message, executions=use.value - 1, limit=use.limit)
