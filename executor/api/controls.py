"""The door for controls: kill switches, the trading state, limits. Each change is an event with its reason."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from common import wire
from common.errors import InvalidRequest
from executor.api.answering import answered, reading
from executor.command_messages import SetKillSwitch, SetLimits, SetTradingState
from executor.guardrails.controls import ACCOUNT, EVERYTHING
from executor.messages import KillSwitchRequest, LimitsRequest, TradingStateRequest, checked_reason
from executor.orders import symbol_form
from executor.parts import Parts


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that read and set kill switches, the trading state and limits."""
    desk = parts.desk
    for part in ("kill-switch", "trading-state", "limits"):
        routes.add_url_rule(f"/{part}", f"get-{part}", reading(desk, part))

    @routes.put("/kill-switch")
    def put_kill_switch() -> Response:
        asked = wire.decode(KillSwitchRequest, parts.writes.admit())
        checked = msgspec.structs.replace(asked, reason=checked_reason(asked.reason))
        if asked.scope not in (EVERYTHING, ACCOUNT) and not symbol_form(asked.scope):
            raise InvalidRequest("scope", f"must be {EVERYTHING}, {ACCOUNT} or a symbol, as in BTCTURK:BTCTRY")
        if asked.scope == EVERYTHING and not parts.switches_all:
            raise InvalidRequest("scope", "must be account or a symbol: here nobody may switch other accounts")
        return answered(desk.do(SetKillSwitch(request=checked)))

    @routes.put("/trading-state")
    def put_trading_state() -> Response:
        asked = wire.decode(TradingStateRequest, parts.writes.admit())
        checked = msgspec.structs.replace(asked, reason=checked_reason(asked.reason))
        return answered(desk.do(SetTradingState(request=checked)))

    @routes.put("/limits")
    def put_limits() -> Response:
        asked = wire.decode(LimitsRequest, parts.writes.admit())
        checked = msgspec.structs.replace(asked, reason=checked_reason(asked.reason))
        return answered(desk.do(SetLimits(request=checked)))
