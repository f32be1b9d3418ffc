"""The door for controls: kill switches, the trading state, limits. Each change is an event with its reason."""

from __future__ import annotations

import logging
from dataclasses import asdict

from flask import Blueprint, Response, request

from common import ops, wire
from common.answers import EquityAnchors, KillSwitchStatus, TradingHold, TradingStateStatus
from common.errors import InvalidRequest
from executor.context import TradingContext
from executor.guardrails.controls import ACCOUNT, BY_OPERATOR, EVERYTHING, Controls
from executor.guardrails.limits import Overrides, changed, given, overlaid
from executor.ledger import AccountState, admin
from executor.messages import KillSwitchRequest, LimitsRequest, LimitsStatus, TradingStateRequest, checked_reason
from executor.orders import symbol_form
from executor.parts import Parts
from executor.submit import cancel_forbidden

log = logging.getLogger(__name__)


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that read and set kill switches, the trading state and limits."""
    _kill_switch(routes, parts)
    _trading_state(routes, parts)
    _limits(routes, parts)


def _kill_switch(routes: Blueprint, parts: Parts) -> None:
    trading = parts.trading

    @routes.get("/kill-switch")
    def get_kill_switch() -> Response:
        return ops.answer(_switches(trading.market, trading.ledger.head().controls))

    @routes.put("/kill-switch")
    def put_kill_switch() -> Response:
        parts.writes.admit()
        asked = wire.decode(KillSwitchRequest, request.get_data())
        reason, scope = checked_reason(asked.reason), asked.scope
        if scope not in (EVERYTHING, ACCOUNT) and not symbol_form(scope):
            raise InvalidRequest("scope", f"must be {EVERYTHING}, {ACCOUNT} or a symbol, as in BTCTURK:BTCTRY")
        with trading.ledger.transactions(every_account=scope == EVERYTHING) as transactions:
            for transaction in transactions:
                admin.switch(transaction, engaged=asked.engaged, reason=reason, scope=scope)
        cancelled = _cancel_forbidden(parts) if asked.engaged else 0
        fields = {"engaged": asked.engaged, "scope": scope, "reason": reason, "cancelled": cancelled}
        log.warning("kill switch", extra=fields)
        return ops.answer(_switches(trading.market, trading.ledger.head().controls))


def _trading_state(routes: Blueprint, parts: Parts) -> None:
    trading = parts.trading

    @routes.get("/trading-state")
    def get_trading_state() -> Response:
        return ops.answer(_state(trading, trading.ledger.account_state()))

    @routes.put("/trading-state")
    def put_trading_state() -> Response:
        parts.writes.admit()
        asked = wire.decode(TradingStateRequest, request.get_data())
        reason = checked_reason(asked.reason)
        with trading.ledger.transaction() as transaction:
            if asked.state == "ACTIVE":
                admin.release_all(transaction, reason)
            else:
                admin.hold(transaction, BY_OPERATOR, asked.state, reason)
        cancelled = 0 if asked.state == "ACTIVE" else _cancel_forbidden(parts)
        log.warning("trading state", extra={"state": asked.state, "reason": reason, "cancelled": cancelled})
        return ops.answer(_state(trading, trading.ledger.account_state()))


def _limits(routes: Blueprint, parts: Parts) -> None:
    trading = parts.trading

    def status(set_since: Overrides) -> LimitsStatus:
        in_force = overlaid(trading.limits, set_since)
        return LimitsStatus(market=trading.market, limits=in_force, set_by_operator=tuple(given(set_since)))

    @routes.get("/limits")
    def get_limits() -> Response:
        return ops.answer(status(trading.ledger.head().controls.limits))

    @routes.put("/limits")
    def put_limits() -> Response:
        parts.writes.admit()
        asked = wire.decode(LimitsRequest, request.get_data())
        reason = checked_reason(asked.reason)
        with trading.ledger.transaction() as transaction:
            limits = changed(transaction.controls.limits, asked.limits)
            admin.set_limits(transaction, limits, reason)
        log.warning("limits set", extra={"set_by_operator": sorted(given(limits)), "reason": reason})
        return ops.answer(status(limits))


def _cancel_forbidden(parts: Parts) -> int:
    changes = cancel_forbidden(parts.trading.ledger)
    parts.metrics.count(changes)
    return len(changes)


def _switches(market: wire.Market, controls: Controls) -> KillSwitchStatus:
    killed = controls.killed
    return KillSwitchStatus(market=market, engaged=killed is not None, reason=killed or "", switches=controls.switches)


def _state(trading: TradingContext, state: AccountState) -> TradingStateStatus:
    holds = state.controls.holds.items()
    anchors = state.anchors
    return TradingStateStatus(
        market=trading.market,
        state=state.controls.state,
        holds=tuple(
            TradingHold(code=code, state=hold.state, reason=hold.reason, since=hold.since) for code, hold in holds
        ),
        currency=trading.equity_currency,
        anchors=None if anchors is None else EquityAnchors(**asdict(anchors)),
    )
