"""Watches what the account is worth: holds it when it loses too much, and ends what its controls forbid."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal

from common.errors import Unavailable
from executor import equity
from executor.equity import Worth
from executor.guardrails.limits import Limits, overlaid
from executor.ledger import Condition, Transaction
from executor.metrics import Metrics
from executor.submit import Desk, enforce

log = logging.getLogger(__name__)


class Oversight:
    """One look at the account at a time; every executor shows what it saw, the one whose turn it is also acts."""

    def __init__(self, desk: Desk, metrics: Metrics) -> None:
        self._desk, self._metrics = desk, metrics
        self._near: set[str] = set()

    def look(self, found: Condition, *, act: bool) -> None:
        """Shows what the account is worth; with `act` moves its anchors, holds it, and ends what is forbidden. Raises
        `LedgerUnavailable`."""
        worth = self._worth(found)
        self._metrics.account.show_worth(worth, found.anchors)
        if worth is not None and worth.equity is not None:
            self._judge(worth.equity, found, act=act)
        if not act:
            return
        if found.open_forbidden:
            self._enforce()

    def _worth(self, found: Condition) -> Worth | None:
        try:
            marks = self._desk.quotes.marks()
        except Unavailable as error:
            log.warning("the equity is not known", extra={"reason": error.message})
            return None
        worth = equity.worth(found.balances, marks, self._desk.equity_currency)
        if worth.missing:
            log.warning("the equity is not known", extra={"no_price": worth.missing})
        return worth

    def _judge(self, value: Decimal, found: Condition, *, act: bool) -> None:
        """Asks the database for its lock only when something is to be written."""
        limits = overlaid(self._desk.limits, found.controls.limits)
        anchors = equity.moved(found.anchors, value, self._desk.ledger.now())
        self._warn(equity.shares(anchors, value, limits))
        if not act:
            return
        breaches = equity.breaches(anchors, value, limits)
        if anchors == found.anchors and all(breach.code in found.controls.holds for breach in breaches):
            return
        with self._desk.ledger.transaction() as transaction:
            held = _settle(transaction, value, limits)
        if held:
            self._enforce()

    def _warn(self, shares: Mapping[str, Decimal]) -> None:
        """Counts and logs a limit on losses once when it is nearly used up, and again only after it was not."""
        near = self._metrics.show_shares(shares)
        for code in set(near) - self._near:
            self._metrics.near_limits.labels(code).inc()
            log.warning("near a limit", extra={"used": {code: f"{shares[code]:.0%}"}})
        self._near = set(near)

    def _enforce(self) -> None:
        changes = enforce(self._desk.ledger)
        self._metrics.count(changes)
        if changes:
            log.warning("what was forbidden to stay open was cancelled", extra={"count": len(changes)})


def _settle(transaction: Transaction, value: Decimal, limits: Limits) -> bool:
    """Moves the anchors under the account's lock, and holds it, or lets it go as a new day begins; whether it is held
    anew."""
    control = transaction.control
    before = control.anchors()
    after = equity.moved(before, value, transaction.at)
    if before is not None and before.day != after.day:
        control.release(equity.DAILY_LOSS, f"a new day began: {after.day}")
    control.set_anchors(after)
    breaches = equity.breaches(after, value, limits)
    held = [breach for breach in breaches if control.hold(breach.code, breach.state, breach.reason)]
    for breach in held:
        log.error("the account is held", extra={"code": breach.code, "state": breach.state, "why": breach.reason})
    return bool(held)
