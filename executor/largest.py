"""The largest quantity that the guardrails would let pass, found from the room that each limit leaves. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from executor import guardrails
from executor.guardrails import Limits, LimitUse, Proposal
from executor.orders import exact

LEAST_STEP = Decimal("1e-8")
"""The step between two quantities where the instrument's own is not known."""
TOO_LARGE = Decimal(10) ** 12
OF_THIS_QUANTITY = frozenset({"MIN_NOTIONAL", "LOT_SIZE", "DUPLICATE_ORDER"})
"""Denials that a smaller quantity does not end, or that hit single quantities."""

Propose = Callable[[Decimal], Proposal]


def largest_quantity(
    propose: Propose, limits: Limits, lot: Decimal, most: Decimal | None, unrepeated: Callable[[Decimal], Decimal]
) -> Decimal:
    """Returns the largest multiple of `lot` that would pass; 0 when none would.

    `propose` gives the order for a quantity; `most` is a bound of another kind. `unrepeated` gives the largest multiple
    up to a quantity that is no duplicate of a recent order. A larger order uses no limit less, so that the limits'
    rooms tell where to look, and few tries around it are enough.
    """
    with exact():
        last = int((min(TOO_LARGE - lot, most) if most is not None else TOO_LARGE - lot) / lot)

        def passes(lots: int) -> bool:
            denials = guardrails.check(propose(lots * lot), limits)
            return all(denial.code in OF_THIS_QUANTITY for denial in denials)

        if last < 1 or not passes(1):
            return Decimal(0)
        found = unrepeated(lot * _last_passing(passes, max(1, min(_guess(propose, limits, lot), last)), last))
        if found <= 0:
            return Decimal(0)
        denials = guardrails.check(propose(found), limits)
        return Decimal(0) if any(denial.code != "DUPLICATE_ORDER" for denial in denials) else found


def _guess(propose: Propose, limits: Limits, lot: Decimal) -> int:
    """Returns the lots at which the first limit is reached if each use grows evenly, as most do."""
    one, two = (_uses(propose(lots * lot), limits) for lots in (1, 2))
    rooms = []
    for code, use in one.items():
        slope = two[code].value - use.value if code in two else Decimal(0)
        if slope > 0:
            rooms.append((use.limit - use.value) / slope + 1)
    return int(min(rooms)) if rooms else 1


def _uses(proposal: Proposal, limits: Limits) -> dict[str, LimitUse]:
    funds = LimitUse(proposal.funds_needed, proposal.funds_available)
    return guardrails.uses(proposal, limits) | {"INSUFFICIENT_FUNDS": funds}


def _last_passing(passes: Callable[[int], bool], guess: int, last: int) -> int:
    """Returns the largest number up to `last` that passes, where 1 does, and each below one that does.

    It looks further and further from the guess, and then halves what is left.
    """
    stride = 1
    if passes(guess):
        low = guess
        while low + stride <= last and passes(low + stride):
            low, stride = low + stride, stride * 2
        high = min(low + stride, last + 1)
    else:
        high = guess
        while high - stride > 1 and not passes(high - stride):
            high, stride = high - stride, stride * 2
        low = max(high - stride, 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low
