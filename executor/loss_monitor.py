"""Watches the equity: holds the account when it loses too much, and cancels the orders that its controls forbid."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal

from executor import losses
from executor.context import TradingContext
from executor.guardrails.limits import Limits, overlaid
from executor.ledger import AccountState, Transaction, admin
from executor.metrics import Metrics
from executor.submit import cancel_forbidden

log = logging.getLogger(__name__)


class LossMonitor:
    """Checks one state of the account at a time. Every executor shows it; the one that leads also acts."""

    def __init__(self, trading: TradingContext, metrics: Metrics) -> None:
        self._trading, self._metrics = trading, metrics
        self._near: set[str] = set()

    def check(self, state: AccountState, *, act: bool) -> None:
        """Shows the valuation. With `act` it moves the anchors, holds the account, and cancels forbidden orders.

        Raises `LedgerUnavailable`. An equity that is not known is never judged.
        """
        summary = self._trading.value(state).summary
        self._metrics.account.show_valuation(summary, state.anchors)
        if summary.equity is None:
            log.warning("the equity is not known", extra={"unpriced": [each.symbol for each in summary.unpriced]})
        else:
            self._judge(summary.equity, state, act=act)
        if act and state.open_forbidden:
            self._cancel_forbidden()

    def _judge(self, equity: Decimal, state: AccountState, *, act: bool) -> None:
        """Asks the database for the account's lock only when there is something to write."""
        limits = overlaid(self._trading.limits, state.controls.limits)
        anchors = losses.moved(state.anchors, equity, self._trading.ledger.now())
        self._warn(losses.shares(anchors, equity, limits))
        breaches = losses.breaches(anchors, equity, limits)
        known = anchors == state.anchors and all(breach.code in state.controls.holds for breach in breaches)
        if known or not act:
            return
        with self._trading.ledger.transaction() as transaction:
            held = _settle(transaction, equity, limits)
        if held:
            self._cancel_forbidden()

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


def _settle(transaction: Transaction, equity: Decimal, limits: Limits) -> bool:
    """Moves the anchors under the account's lock, ends the daily hold on a new day, and places new holds.

    Returns true when there is a new hold.
    """
    before = admin.anchors(transaction)
    after = losses.moved(before, equity, transaction.at)
    if before is not None and before.day != after.day:
        admin.release(transaction, losses.DAILY_LOSS, f"a new day began: {after.day}")
    admin.set_anchors(transaction, after)
    breaches = losses.breaches(after, equity, limits)
    held = [breach for breach in breaches if admin.hold(transaction, breach.code, breach.state, breach.reason)]
    for breach in held:
        log.error("the account is held", extra={"code": breach.code, "state": breach.state, "reason": breach.reason})
    return bool(held)
