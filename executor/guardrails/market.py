"""Rules about the market: the kill switch, the quote, its age, the session."""

from __future__ import annotations

from common.wire import Denial
from executor.guardrails.limits import Limits
from executor.guardrails.proposal import Proposal, deny


def kill_switch(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.kill_switch is None:
        return None
    return deny("KILL_SWITCH", f"the kill switch is engaged: {proposal.kill_switch}")


def quote(proposal: Proposal, _limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None:
        return deny("NO_QUOTE", "market data gave no book for this symbol")
    if market.reference is None or (proposal.type == "market" and market.best_opposite is None):
        return deny("NO_QUOTE", "the book has no quote to trade against")
    if proposal.type == "market" and market.one_sided:
        return deny("NO_QUOTE", "the book has one side only, and no last trade tells what a fair price is")
    return None


def quote_age(proposal: Proposal, limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None or (not market.stale and market.age_seconds <= limits.quote_stale_seconds):
        return None
    age, limit = f"{market.age_seconds:.3f}", f"{limits.quote_stale_seconds:g}"
    why = "market data calls the book stale" if market.stale else "the book is too old"
    return deny("QUOTE_STALE", f"{why}: {age} s, the limit is {limit} s", age_seconds=age, limit_seconds=limit)


def open_market(proposal: Proposal, _limits: Limits) -> Denial | None:
    market = proposal.market
    if market is None or market.phase == "continuous":
        return None
    return deny("MARKET_CLOSED", f"the market is not in continuous trading: {market.phase}", phase=market.phase)


def delayed(proposal: Proposal, _limits: Limits) -> Denial | None:
    if proposal.market is None or not proposal.market.delayed:
        return None
    return deny("QUOTE_DELAYED", "the feed is delayed by contract: its prices are minutes old")
