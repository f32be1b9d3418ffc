"""Changes of an account's controls, and of what its equity is measured from, as parts of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

import sqlalchemy as sa

from executor.equity import Anchors
from executor.guardrails.controls import ACCOUNT, Controls
from executor.guardrails.limits import Overrides
from executor.ledger import events, rows, writes
from executor.ledger.recent import Recent


class Account(Protocol):
    """What is asked of the transaction: whose it is, when, and the controls as they stand."""

    account: str
    at: datetime

    @property
    def controls(self) -> Controls: ...


class Control:
    """Records what changes the controls, through `record`, and nothing that would change nothing."""

    def __init__(
        self, connection: sa.Connection, transaction: Account, recent: Recent, record: Callable[[events.Any], None]
    ) -> None:
        self._connection, self._transaction, self._recent, self._record = connection, transaction, recent, record

    def switch(self, *, engaged: bool, reason: str, scope: str = ACCOUNT) -> None:
        """The kill switch of a scope."""
        if self._transaction.controls.switches.get(scope) != (reason if engaged else None):
            self._record(events.Switched(engaged=engaged, reason=reason, scope=scope))

    def hold(self, code: str, state: Literal["REDUCING", "HALTED"], reason: str) -> bool:
        """A hold, unless there is one of this code and state; whether it is new."""
        held = self._transaction.controls.holds.get(code)
        if held is not None and held.state == state:
            return False
        self._record(events.Held(code=code, state=state, reason=reason))
        return True

    def release(self, code: str, reason: str) -> None:
        """The end of a hold, if there is one of this code."""
        if code in self._transaction.controls.holds:
            self._record(events.Released(code=code, reason=reason))

    def release_all(self, reason: str) -> None:
        """The end of every hold; executions and losses are counted anew from here."""
        for code in list(self._transaction.controls.holds):
            self.release(code, reason)
        self._recent.forget_executions()
        writes.forget_anchors(self._connection, self._transaction.account)

    def set_limits(self, limits: Overrides, reason: str) -> None:
        """The limits that are set in place of those of the start."""
        if limits != self._transaction.controls.limits:
            self._record(events.LimitsSet(limits=limits, reason=reason))

    def anchors(self) -> Anchors | None:
        """What the account's equity is measured from."""
        return rows.anchors(self._connection, self._transaction.account)

    def set_anchors(self, anchors: Anchors) -> None:
        """Measures the account's equity from here."""
        writes.anchors(self._connection, self._transaction.account, anchors, self._transaction.at)
