"""What an operator changes, as parts of a transaction: the controls, what equity is measured from, corrections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol

import sqlalchemy as sa

from executor.account import Posting, opposite
from executor.equity import Anchors
from executor.errors import NotReversible, UnknownTrade
from executor.guardrails.controls import ACCOUNT, Controls
from executor.guardrails.limits import Overrides
from executor.ledger import events, rows, writes
from executor.ledger.events import Event
from executor.ledger.recent import Recent


class Account(Protocol):
    """What is asked of the transaction: whose it is, when, the controls as they stand, what the account can bear."""

    account: str
    at: datetime

    @property
    def controls(self) -> Controls: ...

    def shortage(self, postings: Sequence[Posting]) -> str | None: ...


class Control:
    """Records what changes the controls, through `record`, and nothing that would change nothing."""

    def __init__(
        self,
        connection: sa.Connection,
        transaction: Account,
        recent: Recent,
        record: Callable[[str | None, events.Any], Event],
    ) -> None:
        self._connection, self._transaction, self._recent, self._record = connection, transaction, recent, record

    def switch(self, *, engaged: bool, reason: str, scope: str = ACCOUNT) -> None:
        """The kill switch of a scope."""
        if self._transaction.controls.switches.get(scope) != (reason if engaged else None):
            self._record(None, events.Switched(engaged=engaged, reason=reason, scope=scope))

    def hold(self, code: str, state: Literal["REDUCING", "HALTED"], reason: str) -> bool:
        """A hold, unless there is one of this code and state; whether it is new."""
        held = self._transaction.controls.holds.get(code)
        if held is not None and held.state == state:
            return False
        self._record(None, events.Held(code=code, state=state, reason=reason))
        return True

    def release(self, code: str, reason: str) -> None:
        """The end of a hold, if there is one of this code."""
        if code in self._transaction.controls.holds:
            self._record(None, events.Released(code=code, reason=reason))

    def release_all(self, reason: str) -> None:
        """The end of every hold; executions and losses are counted anew from here."""
        for code in list(self._transaction.controls.holds):
            self.release(code, reason)
        self._recent.forget_executions()
        writes.forget_anchors(self._connection, self._transaction.account)

    def set_limits(self, limits: Overrides, reason: str) -> None:
        """The limits that are set in place of those of the start."""
        if limits != self._transaction.controls.limits:
            self._record(None, events.LimitsSet(limits=limits, reason=reason))

    def anchors(self) -> Anchors | None:
        """What the account's equity is measured from."""
        return rows.anchors(self._connection, self._transaction.account)

    def set_anchors(self, anchors: Anchors) -> None:
        """Measures the account's equity from here."""
        writes.anchors(self._connection, self._transaction.account, anchors, self._transaction.at)

    def reverse(self, trade_id: str, reason: str) -> Event:
        """A fill that is taken back, whole; the order stays as it was. Raises `UnknownTrade` and `NotReversible`."""
        account = self._transaction.account
        found = rows.fill(self._connection, account, trade_id)
        if found is None:
            raise UnknownTrade(trade_id)
        sequence, order_id = found
        if sequence in rows.reversals(self._connection, account, order_id):
            raise NotReversible(trade_id, "it was reversed already")
        postings = opposite(rows.postings(self._connection, account, sequence))
        short = self._transaction.shortage(postings)
        if short is not None:
            raise NotReversible(trade_id, short)
        lines = tuple(events.Line(**entry._asdict(), amount=amount) for entry, amount in postings)
        content = events.Reversed(sequence=sequence, trade_id=trade_id, reason=reason, lines=lines)
        return self._record(order_id, content)
