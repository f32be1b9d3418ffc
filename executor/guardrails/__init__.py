"""Pre-trade guardrails: small rules over the proposed order; nothing trades unless all agree. Pure."""

from executor.guardrails.limits import Limits
from executor.guardrails.proposal import Holdings, Market, Proposal, Use
from executor.guardrails.rules import MEASURES, RULES, check, uses

__all__ = ["MEASURES", "RULES", "Holdings", "Limits", "Market", "Proposal", "Use", "check", "uses"]
