"""Losses: the fall of the equity from its anchors, the day's start and the peak, and the limits on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Literal, NamedTuple

from common.bist.rules import ISTANBUL
from common.decimals import plain_text
from executor.guardrails.limits import Limits
from executor.orders import PRECISION

LOSSES = DAILY_LOSS, DRAWDOWN = "DAILY_LOSS", "DRAWDOWN"


@dataclass(frozen=True)
class Anchors:
    """The equities that losses are measured from.

    day: the trading day in Istanbul.
    day_start: the equity as that day began.
    peak: the highest equity so far.
    """

    day: date
    day_start: Decimal
    peak: Decimal


class Breach(NamedTuple):
    """A limit on losses that was reached.

    code: the limit's guardrail.
    state: the trading state that follows.
    reason: a sentence with the numbers.
    """

    code: str
    state: Literal["REDUCING", "HALTED"]
    reason: str


def moved(anchors: Anchors | None, equity: Decimal, at: datetime, believed: datetime | None) -> Anchors:
    """Returns the anchors once the equity is known at `at`, which has a time zone.

    A later day begins with the equity; `believed` is the time that it is told by, None while no clock is believed. An
    earlier day never begins again. A new peak is the equity.
    """
    if anchors is None:
        return Anchors(_day(at), equity, equity)
    peak = max(anchors.peak, equity)
    if believed is None or _day(believed) <= anchors.day:
        return Anchors(anchors.day, anchors.day_start, peak)
    return Anchors(_day(believed), equity, peak)


def _day(at: datetime) -> date:
    return at.astimezone(ISTANBUL).date()


def fallen(anchor: Decimal, equity: Decimal) -> Decimal:
    """Returns how far the equity is below an anchor, as a ratio: 0 when it is not below, 1 when nothing is left."""
    with localcontext(prec=PRECISION):
        return max(Decimal(0), (anchor - equity) / anchor) if anchor > 0 else Decimal(0)


def shares(anchors: Anchors, equity: Decimal, limits: Limits) -> dict[str, Decimal]:
    """Returns the part of each limit on losses that is used, by code; 1 is all of it."""
    with localcontext(prec=PRECISION):
        return {
            DAILY_LOSS: fallen(anchors.day_start, equity) * 100 / limits.max_daily_loss_percent,
            DRAWDOWN: fallen(anchors.peak, equity) * 100 / limits.max_drawdown_percent,
        }


def breaches(anchors: Anchors, equity: Decimal, limits: Limits) -> list[Breach]:
    """Returns the limits on losses that the equity has reached."""
    checks: tuple[tuple[str, Literal["REDUCING", "HALTED"], str, Decimal, Decimal], ...] = (
        (DAILY_LOSS, "REDUCING", "its value as the day began", anchors.day_start, limits.max_daily_loss_percent),
        (DRAWDOWN, "HALTED", "its peak", anchors.peak, limits.max_drawdown_percent),
    )
    found = []
    for code, state, of, anchor, limit in checks:
        percent = fallen(anchor, equity) * 100
        if percent >= limit:
            fall = f"{percent:.2f} % below {of} ({equity:.2f} of {anchor:.2f})"
            reason = f"the equity is {fall}, the limit is {plain_text(limit)} %"
            found.append(Breach(code, state, reason))
    return found
