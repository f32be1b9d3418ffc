"""The result of an account: the equities that losses are measured from, the day's profit or loss, the drawdown."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from common import wire


class EquityAnchors(wire.Message, frozen=True, kw_only=True):
    """The equities that losses are measured from, in the currency that the equity is measured in.

    Deposits and withdrawals scale them as they scale the equity.

    day: the trading day in Istanbul.
    day_start: the equity as that day began.
    peak: the highest equity so far.
    since: when the equity of the day's start was taken, UTC; None when that is not known.
    """

    day: date
    day_start: Decimal
    peak: Decimal
    since: datetime | None = None


class DayResult(wire.Message, frozen=True, kw_only=True):
    """The day's profit or loss, and the drawdown, in the currency of the equity. Deposits and withdrawals are left out.

    day: the trading day in Istanbul.
    since: when the equity of the day's start was taken, UTC; None when that is not known.
    start_equity: the equity as the day began, scaled by the deposits and withdrawals since.
    peak: the highest equity so far, scaled in the same way.
    pnl: the profit since the day began; negative for a loss.
    pnl_percent: the change from `start_equity`, in percent; None when that is not above 0.
    drawdown_percent: the fall below `peak`, in percent; 0 at the peak; None when the peak is not above 0.
    """

    day: date
    since: datetime | None
    start_equity: Decimal
    peak: Decimal
    pnl: Decimal
    pnl_percent: Decimal | None
    drawdown_percent: Decimal | None
