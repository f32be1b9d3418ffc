"""Kill switches, the trading state and limits: each change is an event with its reason."""

from __future__ import annotations

import logging

from common.answers import EquityAnchors, KillSwitchStatus, TradingHold, TradingStateStatus
from executor.cancel import cancel_forbidden
from executor.context import TradingContext
from executor.guardrails.controls import BY_OPERATOR, EVERYTHING
from executor.guardrails.limits import Overrides, changed, given, overlaid
from executor.losses import Anchors
from executor.messages import KillSwitchRequest, LimitsRequest, LimitsStatus, TradingStateRequest
from executor.metrics import Metrics
from executor.writer import admin
from executor.writer.transaction import Transaction

log = logging.getLogger(__name__)


class Controlling:
    """Reads and sets the controls of the account."""

    def __init__(self, trading: TradingContext, metrics: Metrics) -> None:
        self._trading, self._metrics = trading, metrics

    def switches(self) -> KillSwitchStatus:
        """Returns the kill switches."""
        controls = self._trading.ledger.view().controls
        killed = controls.killed
        engaged, reason = killed is not None, killed or ""
        return KillSwitchStatus(market=self._trading.market, engaged=engaged, reason=reason, switches=controls.switches)

    def set_switch(self, asked: KillSwitchRequest) -> KillSwitchStatus:
        """Engages or releases a kill switch; engaging it cancels what is open in its scope."""

        def work(transaction: Transaction) -> None:
            admin.switch(transaction, engaged=asked.engaged, reason=asked.reason, scope=asked.scope)

        if asked.scope == EVERYTHING:
            self._trading.ledger.do_everywhere(work)
        else:
            self._trading.ledger.do(work)
        cancelled = self._cancel_forbidden() if asked.engaged else 0
        fields = {"engaged": asked.engaged, "scope": asked.scope, "reason": asked.reason, "cancelled": cancelled}
        log.warning("kill switch", extra=fields)
        return self.switches()

    def state(self) -> TradingStateStatus:
        """Returns the trading state, its holds, and the anchors that losses are measured from."""
        view = self._trading.ledger.view()
        holds = tuple(
            TradingHold(code=code, state=hold.state, reason=hold.reason, since=hold.since)
            for code, hold in view.controls.holds.items()
        )
        return TradingStateStatus(
            market=self._trading.market,
            state=view.controls.state,
            holds=holds,
            currency=self._trading.equity_currency,
            anchors=None if view.anchors is None else _anchors(view.anchors),
        )

    def set_state(self, asked: TradingStateRequest) -> TradingStateStatus:
        """Sets the trading state; anything but ACTIVE cancels what it forbids."""

        def work(transaction: Transaction) -> None:
            if asked.state == "ACTIVE":
                admin.release_all(transaction, asked.reason)
            else:
                admin.hold(transaction, BY_OPERATOR, asked.state, asked.reason)

        self._trading.ledger.do(work)
        cancelled = 0 if asked.state == "ACTIVE" else self._cancel_forbidden()
        log.warning("trading state", extra={"state": asked.state, "reason": asked.reason, "cancelled": cancelled})
        return self.state()

    def limits(self) -> LimitsStatus:
        """Returns the limits in force."""
        return self._limits(self._trading.ledger.view().controls.limits)

    def set_limits(self, asked: LimitsRequest) -> LimitsStatus:
        """Sets limits, or brings back those of the settings."""

        self._remember(asked)

        def work(transaction: Transaction) -> Overrides:
            limits = changed(transaction.controls.limits, asked.limits)
            admin.set_limits(transaction, limits, asked.reason)
            return limits

        limits = self._trading.ledger.do(work)
        log.warning("limits set", extra={"set_by_operator": sorted(given(limits)), "reason": asked.reason})
        return self._limits(limits)

    def _limits(self, set_since: Overrides) -> LimitsStatus:
        in_force = overlaid(self._trading.limits, set_since)
        return LimitsStatus(market=self._trading.market, limits=in_force, set_by_operator=tuple(given(set_since)))

    def _remember(self, asked: LimitsRequest) -> None:
        """Has the orders known that a longer window of duplicates will reach back to, before it is in force."""
        ledger = self._trading.ledger
        limits = changed(ledger.view().controls.limits, asked.limits)
        ledger.remember(overlaid(self._trading.limits, limits).duplicate_seconds)

    def _cancel_forbidden(self) -> int:
        changes = cancel_forbidden(self._trading.ledger)
        self._metrics.count(changes)
        return len(changes)


def _anchors(found: Anchors) -> EquityAnchors:
    return EquityAnchors(day=found.day, day_start=found.day_start, peak=found.peak, since=found.since)
