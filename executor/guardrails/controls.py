"""What an operator or a guardrail has stopped, and the limits that an operator has set: an account's controls. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from common.wire import Message, Side
from executor.guardrails.limits import Overrides

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
EVERYTHING, ACCOUNT = "all", "account"
BY_OPERATOR = "TRADING_STATE"
"""The code of a state that an operator set by hand."""


class Hold(Message, frozen=True, kw_only=True):
    """Why an account may only reduce what it holds, which is to sell, or do nothing at all."""

    state: Literal["REDUCING", "HALTED"]
    reason: str
    since: datetime


class Controls(Message, frozen=True, kw_only=True):
    """Kill switches that are engaged, by scope (`all`, `account` or a symbol) with their reasons; holds by the code of
    the guardrail that made them; limits set since the start."""

    switches: dict[str, str] = msgspec.field(default_factory=dict)
    holds: dict[str, Hold] = msgspec.field(default_factory=dict)
    limits: Overrides = msgspec.field(default_factory=Overrides)

    @property
    def state(self) -> TradingState:
        """The strictest of the holds."""
        states = {hold.state for hold in self.holds.values()}
        return "HALTED" if "HALTED" in states else "REDUCING" if states else "ACTIVE"

    @property
    def killed(self) -> str | None:
        """Why all trading of the account is stopped by a kill switch; None when it is not."""
        return self.switches.get(EVERYTHING) or self.switches.get(ACCOUNT)

    def stopped(self, symbol: str) -> str | None:
        """Why trading in a symbol is stopped by a kill switch; None when it is not."""
        return self.killed or self.switches.get(symbol)

    def forbids(self, symbol: str, side: Side) -> str | None:
        """Why an open order must neither rest nor be filled; None when it may."""
        killed = self.stopped(symbol)
        if killed is not None:
            return f"kill switch: {killed}"
        for code, hold in self.holds.items():
            if hold.state == "HALTED" or side == "buy":
                return f"{code}: {hold.reason}"
        return None

    def switched(self, scope: str, reason: str | None) -> Controls:
        """With the kill switch of a scope engaged for a reason, or released with None."""
        others = {known: why for known, why in self.switches.items() if known != scope}
        return msgspec.structs.replace(self, switches=others if reason is None else {**others, scope: reason})

    def held(self, code: str, hold: Hold | None) -> Controls:
        """With a hold, or without one of this code."""
        others = {known: other for known, other in self.holds.items() if known != code}
        return msgspec.structs.replace(self, holds=others if hold is None else {**others, code: hold})

    def limited(self, limits: Overrides) -> Controls:
        """With these limits in place of those set before."""
        return msgspec.structs.replace(self, limits=limits)
