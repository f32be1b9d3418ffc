"""Losses: the fall of the equity from its anchors, the day's start and the peak, and the limits on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple

from common.bist.rules import ISTANBUL
from common.decimals import plain_text, tidy
from common.results import DayResult
from executor.guardrails.limits import Limits
from executor.orders import exact

LOSSES = DAILY_LOSS, DRAWDOWN = "DAILY_LOSS", "DRAWDOWN"
ANCHOR_STEP, PERCENT_STEP = Decimal("1e-12"), Decimal("1e-6")


@dataclass(frozen=True)
class Anchors:
    """The equities that losses are measured from.

    day: the trading day in Istanbul.
    day_start: the equity as that day began. Deposits and withdrawals scale it as they scale the equity.
    peak: the highest equity so far, scaled in the same way.
    day_base: the equity as that day began, plus deposits and less withdrawals since; None while there were none.
    since: when the equity of the day's start was taken, UTC; None when that is not known.
    """

    day: date
    day_start: Decimal
    peak: Decimal
    day_base: Decimal | None = None
    since: datetime | None = field(default=None, compare=False)


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
        return Anchors(_day(at), equity, equity, since=at)
    peak = max(anchors.peak, equity)
    if believed is None or _day(believed) <= anchors.day:
        return replace(anchors, peak=peak)
    return Anchors(_day(believed), equity, peak, since=at)


def _day(at: datetime) -> date:
    return at.astimezone(ISTANBUL).date()


def transferred(anchors: Anchors, equity: Decimal, amount: Decimal) -> Anchors:
    """Returns the anchors once `amount` was deposited, or, when it is negative, withdrawn.

    `equity` is that before it. Losses keep their percentage: a deposit hides none, and a withdrawal makes none. Where
    nothing was left to take a percentage of, the amount is added.
    """
    with exact():
        day_base = (anchors.day_start if anchors.day_base is None else anchors.day_base) + amount
        if equity <= 0:
            return replace(anchors, day_start=anchors.day_start + amount, peak=anchors.peak + amount, day_base=day_base)
        left = max(equity + amount, Decimal(0))
        scaled = (anchor * left / equity for anchor in (anchors.day_start, anchors.peak))
        day_start, peak = (tidy(anchor.quantize(ANCHOR_STEP, ROUND_HALF_EVEN)) for anchor in scaled)
        return replace(anchors, day_start=day_start, peak=peak, day_base=day_base)


def day_result(anchors: Anchors | None, equity: Decimal | None) -> DayResult | None:
    """Returns the day's profit or loss and the drawdown; None while the equity or its anchors are not known."""
    if anchors is None or equity is None:
        return None
    base = anchors.day_start if anchors.day_base is None else anchors.day_base
    with exact():
        return DayResult(
            day=anchors.day,
            since=anchors.since,
            start_equity=anchors.day_start,
            peak=anchors.peak,
            pnl=tidy(equity - base),
            pnl_percent=_percent(equity - anchors.day_start, anchors.day_start),
            drawdown_percent=_percent(max(anchors.peak - equity, Decimal(0)), anchors.peak),
        )


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    return tidy((part * 100 / whole).quantize(PERCENT_STEP, ROUND_HALF_EVEN)) if whole > 0 else None


def fallen(anchor: Decimal, equity: Decimal) -> Decimal:
    """Returns how far the equity is below an anchor, as a ratio: 0 when it is not below, 1 when nothing is left."""
    with exact():
        return max(Decimal(0), (anchor - equity) / anchor) if anchor > 0 else Decimal(0)


def shares(anchors: Anchors, equity: Decimal, limits: Limits) -> dict[str, Decimal]:
    """Returns the part of each limit on losses that is used, by code; 1 is all of it."""
    with exact():
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
