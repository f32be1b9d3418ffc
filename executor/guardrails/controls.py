"""The controls of an account: kill switches, holds, and the limits that an operator has set. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from common.answers import TradingState
from common.wire import Message, Side
from executor.guardrails.limits import Overrides

EVERYTHING, ACCOUNT = "all", "account"
BY_OPERATOR = "TRADING_STATE"
"""The code of the hold that an operator placed."""


class Hold(Message, frozen=True, kw_only=True):
    """A reason that restricts trading.

    state: REDUCING lets only sales pass, HALTED lets nothing pass.
    reason: a sentence for people.
    since: when the hold was placed, UTC.
    """

    state: Literal["REDUCING", "HALTED"]
    reason: str
    since: datetime


class Controls(Message, frozen=True, kw_only=True):
    """All controls of one account.

    switches: the reasons of the kill switches that are engaged, by scope: `all`, `account` or a symbol.
    holds: the holds, by the code of the guardrail that placed them.
    limits: the limits that an operator has set.
    """

    switches: dict[str, str] = msgspec.field(default_factory=dict)
    holds: dict[str, Hold] = msgspec.field(default_factory=dict)
    limits: Overrides = msgspec.field(default_factory=Overrides)

    @property
    def state(self) -> TradingState:
        """The strictest state that any hold asks for."""
        states = {hold.state for hold in self.holds.values()}
        return "HALTED" if "HALTED" in states else "REDUCING" if states else "ACTIVE"

    @property
    def killed(self) -> str | None:
        """The reason why a kill switch stops all trading of the account; None when none does."""
        return self._first(EVERYTHING, ACCOUNT)

    def stopped(self, symbol: str) -> str | None:
        """Returns why a kill switch stops trading in a symbol; None when none does."""
        return self._first(EVERYTHING, ACCOUNT, symbol)

    def _first(self, *scopes: str) -> str | None:
        return next((self.switches[scope] for scope in scopes if scope in self.switches), None)

    def forbids(self, symbol: str, side: Side) -> str | None:
        """Returns why an open order must neither rest nor be filled; None when it may."""
        killed = self.stopped(symbol)
        if killed is not None:
            return f"kill switch: {killed}"
        for code, hold in self.holds.items():
            if hold.state == "HALTED" or side == "buy":
                return f"{code}: {hold.reason}"
        return None

    def switched(self, scope: str, reason: str | None) -> Controls:
        """Returns the controls with the kill switch of a scope engaged for a reason, or released with None."""
        others = {known: why for known, why in self.switches.items() if known != scope}
        return msgspec.structs.replace(self, switches=others if reason is None else {**others, scope: reason})

    def held(self, code: str, hold: Hold | None) -> Controls:
        """Returns the controls with a hold of this code, or without one with None."""
        others = {known: other for known, other in self.holds.items() if known != code}
        return msgspec.structs.replace(self, holds=others if hold is None else {**others, code: hold})

    def limited(self, limits: Overrides) -> Controls:
        """Returns the controls with these limits in the place of those set before."""
        return msgspec.structs.replace(self, limits=limits)
