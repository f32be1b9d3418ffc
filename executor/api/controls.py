"""The door for what an operator stops, lets go and limits. Each change is an event of the ledger, with its reason."""

from __future__ import annotations

import logging
from dataclasses import asdict

from flask import Blueprint, Response, request

from common import ops, wire
from common.errors import InvalidRequest
from executor.guardrails.controls import ACCOUNT, BY_OPERATOR, EVERYTHING, Controls
from executor.guardrails.limits import Overrides, changed, given, overlaid
from executor.inflow import Gate
from executor.ledger import Condition
from executor.messages import (
    HoldNow,
    KillSwitch,
    KillSwitchRequest,
    LimitsInForce,
    LimitsNow,
    LimitsRequest,
    Measured,
    TradingStateNow,
    TradingStateRequest,
    checked_reason,
)
from executor.metrics import Metrics
from executor.orders import symbol_form
from executor.submit import Desk, enforce

log = logging.getLogger(__name__)


def add(routes: Blueprint, desk: Desk, metrics: Metrics, gate: Gate, market: wire.Market) -> None:
    """The calls that read and set kill switches, the trading state and limits."""
    _kill_switch(routes, desk, metrics, gate, market)
    _trading_state(routes, desk, metrics, gate, market)
    _limits(routes, desk, gate, market)


def _kill_switch(routes: Blueprint, desk: Desk, metrics: Metrics, gate: Gate, market: wire.Market) -> None:
    @routes.get("/kill-switch")
    def get_kill_switch() -> Response:
        return ops.answer(_switches(market, desk.ledger.controls()))

    @routes.put("/kill-switch")
    def put_kill_switch() -> Response:
        gate.admit()
        asked = wire.decode(KillSwitchRequest, request.get_data())
        reason, scope = checked_reason(asked.reason), asked.scope
        if scope not in (EVERYTHING, ACCOUNT) and not symbol_form(scope):
            raise InvalidRequest("scope", f"must be {EVERYTHING}, {ACCOUNT} or a symbol, as in BTCTURK:BTCTRY")
        for name in desk.ledger.accounts() if scope == EVERYTHING else [desk.ledger.account_name]:
            with desk.ledger.transaction(account=name) as transaction:
                transaction.control.switch(engaged=asked.engaged, reason=reason, scope=scope)
        cancelled = _enforce(desk, metrics) if asked.engaged else 0
        told = {"engaged": asked.engaged, "scope": scope, "reason": reason, "cancelled": cancelled}
        log.warning("kill switch", extra=told)
        return ops.answer(_switches(market, desk.ledger.controls()))


def _trading_state(routes: Blueprint, desk: Desk, metrics: Metrics, gate: Gate, market: wire.Market) -> None:
    @routes.get("/trading-state")
    def get_trading_state() -> Response:
        return ops.answer(_state(market, desk.equity_currency, desk.ledger.condition()))

    @routes.put("/trading-state")
    def put_trading_state() -> Response:
        gate.admit()
        asked = wire.decode(TradingStateRequest, request.get_data())
        reason = checked_reason(asked.reason)
        with desk.ledger.transaction() as transaction:
            if asked.state == "ACTIVE":
                transaction.control.release_all(reason)
            else:
                transaction.control.hold(BY_OPERATOR, asked.state, reason)
        cancelled = 0 if asked.state == "ACTIVE" else _enforce(desk, metrics)
        log.warning("trading state", extra={"state": asked.state, "reason": reason, "cancelled": cancelled})
        return ops.answer(_state(market, desk.equity_currency, desk.ledger.condition()))


def _limits(routes: Blueprint, desk: Desk, gate: Gate, market: wire.Market) -> None:
    def now(set_since: Overrides) -> LimitsNow:
        in_force = LimitsInForce(**asdict(overlaid(desk.limits, set_since)))
        return LimitsNow(market=market, limits=in_force, set_by_operator=tuple(given(set_since)))

    @routes.get("/limits")
    def get_limits() -> Response:
        return ops.answer(now(desk.ledger.controls().limits))

    @routes.put("/limits")
    def put_limits() -> Response:
        gate.admit()
        asked = wire.decode(LimitsRequest, request.get_data())
        reason = checked_reason(asked.reason)
        with desk.ledger.transaction() as transaction:
            limits = changed(transaction.controls.limits, asked.limits)
            transaction.control.set_limits(limits, reason)
        log.warning("limits set", extra={"set_by_operator": sorted(given(limits)), "reason": reason})
        return ops.answer(now(limits))


def _enforce(desk: Desk, metrics: Metrics) -> int:
    ended = enforce(desk.ledger)
    metrics.count(ended)
    return len(ended)


def _switches(market: wire.Market, controls: Controls) -> KillSwitch:
    killed = controls.killed
    return KillSwitch(market=market, engaged=killed is not None, reason=killed or "", switches=controls.switches)


def _state(market: wire.Market, currency: str, found: Condition) -> TradingStateNow:
    holds = found.controls.holds.items()
    anchors = found.anchors
    return TradingStateNow(
        market=market,
        state=found.controls.state,
        holds=tuple(HoldNow(code=code, state=hold.state, reason=hold.reason, since=hold.since) for code, hold in holds),
        currency=currency,
        anchors=None if anchors is None else Measured(**asdict(anchors)),
    )
