"""A judgement in words. Pure."""

from __future__ import annotations

from canary.verdict import Judgement

_MOST_REASONS = 5


def reason_of(judgement: Judgement) -> str:
    """Returns the first reasons of a verdict as one line, with the number of those that are left out."""
    shown = "; ".join(judgement.reasons[:_MOST_REASONS]) or "every condition is met"
    more = len(judgement.reasons) - _MOST_REASONS
    return f"{shown}{f'; and {more} more' if more > 0 else ''}"
