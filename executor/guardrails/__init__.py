"""Pre-trade guardrails: small rules over the proposed order; nothing trades unless all agree. Pure."""

from executor.guardrails.limits import Limits
from executor.guardrails.proposal import Holdings, LimitUse, MarketView, Proposal
from executor.guardrails.rules import MEASURES, RULES, check, uses

__all__ = ["MEASURES", "RULES", "Holdings", "LimitUse", "Limits", "MarketView", "Proposal", "check", "uses"]
