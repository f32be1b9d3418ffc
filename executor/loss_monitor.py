"""Watches the equity: holds the account when it loses too much, and cancels the orders that its controls forbid."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from common.wire import Instrument
from executor import losses
from executor.cancel import cancel_forbidden
from executor.context import TradingContext
from executor.guardrails.limits import Limits, overlaid
from executor.losses import Anchors
from executor.metrics import Metrics
from executor.valuation import Marks
from executor.writer import admin
from executor.writer.transaction import Transaction
from executor.writer.view import View

log = logging.getLogger(__name__)

JUDGED_PER_SECOND = 10
"""So many times a second losses are judged because marks moved, besides the two looks at everything."""


class LossMonitor:
    """Judges the losses of the account, where this executor writes it: from time to time, and as soon as marks move."""

    def __init__(self, trading: TradingContext, metrics: Metrics) -> None:
        self._trading, self._metrics = trading, metrics
        self._near: set[str] = set()
        self._marks: Marks | None = None  # all of them, as of the latest look at everything
        self._moved = False
        self._judge_at = float("-inf")

    def moved(self, instrument: Instrument) -> bool:
        """Notes that the mark of a symbol moved. Returns true when losses must be judged, and that was not noted yet.

        Any thread may call it.
        """
        if self._moved or not self._trading.ledger.is_valued_by(instrument, self._trading.equity_currency):
            return False
        self._moved = True
        return True

    def pause(self) -> float:
        """Returns the seconds until the marks that moved are judged; infinity when none has moved."""
        return max(0.0, self._judge_at - self._trading.quotes.monotonic()) if self._moved else float("inf")

    def judge_moved(self) -> None:
        """Judges losses at the newest marks when some have moved and their time has come.

        A move that comes within `1 / JUDGED_PER_SECOND` of the latest one that was judged waits until then, and no
        last one is left out. Where the copy of the market can't be relied on, the next look at everything judges.
        Raises `LedgerUnavailable`.
        """
        if not self._moved or self.pause() > 0:
            return
        self._judge_at = self._trading.quotes.monotonic() + 1 / JUDGED_PER_SECOND
        self._moved = False  # before anything is read: what moves from here on is judged again
        view = self._trading.ledger.view()
        marks = self._trading.renewed(view, self._marks or Marks({}))
        equity = None if marks is None else self._trading.value(view, marks).summary.equity
        if equity is not None:
            self._metrics.judgements.inc()
            self._judge(equity, view, overlaid(self._trading.limits, view.controls.limits))

    def check(self, view: View) -> None:
        """Shows the valuation, moves the anchors, holds the account, and cancels forbidden orders.

        Raises `LedgerUnavailable`. Losses are judged at the last marks, however old; without any there is no equity.
        """
        self._moved = False  # what moves from here on is judged again
        self._marks = marks = self._trading.quotes.marks()
        summary = self._trading.value(view, marks).summary
        doubts = self._trading.note_doubts(view, marks)
        self._metrics.account.show_valuation(summary, view.anchors, known=not doubts)
        if doubts:
            log.warning("the equity is not known", extra={"unpriced": sorted(doubts)})
        if summary.equity is not None:
            limits = overlaid(self._trading.limits, view.controls.limits)
            self._warn(losses.shares(self._judge(summary.equity, view, limits), summary.equity, limits))
        if view.open_forbidden:
            self._cancel_forbidden()

    def _judge(self, equity: Decimal, view: View, limits: Limits) -> Anchors:
        """Moves the anchors and holds the account where the equity tells so; returns the anchors."""
        clock = self._trading.ledger.clock
        day_time = clock.day_time()
        anchors = losses.moved(view.anchors, equity, clock.now(), day_time)
        breaches = losses.breaches(anchors, equity, limits)
        known = anchors == view.anchors and all(breach.code in view.controls.holds for breach in breaches)
        if not known and self._trading.ledger.do(
            lambda transaction: _settle(transaction, equity, limits, day_time, view.sequence)
        ):
            self._cancel_forbidden()
        return anchors

    def _warn(self, shares: Mapping[str, Decimal]) -> None:
        """Counts and logs a limit once when it is nearly used, and again only after it was not."""
        near = self._metrics.show_shares(shares)
        for code in set(near) - self._near:
            self._metrics.near_limits.labels(code).inc()
            log.warning("near a limit", extra={"used": {code: f"{shares[code]:.0%}"}})
        self._near = set(near)

    def _cancel_forbidden(self) -> None:
        changes = cancel_forbidden(self._trading.ledger)
        self._metrics.count(changes)
        if changes:
            log.warning("forbidden open orders were cancelled", extra={"count": len(changes)})


def _settle(
    transaction: Transaction, equity: Decimal, limits: Limits, day_time: datetime | None, sequence: int
) -> bool:
    """Moves the anchors, ends the daily hold on a new day, and places new holds.

    `sequence` is what the equity is as of: one from before the latest deposit or withdrawal tells nothing. Returns true
    when there is a new hold.
    """
    if transaction.transferred > sequence:
        return False
    before = transaction.anchors
    after = losses.moved(before, equity, transaction.at, day_time)
    if before is not None and before.day != after.day:
        admin.release(transaction, losses.DAILY_LOSS, f"a new day began: {after.day}")
    transaction.move_anchors(after)
    breaches = losses.breaches(after, equity, limits)
    held = [breach for breach in breaches if admin.hold(transaction, breach.code, breach.state, breach.reason)]
    for breach in held:
        log.error("the account is held", extra={"code": breach.code, "state": breach.state, "reason": breach.reason})
    return bool(held)
