"""The changes that an operator or a guardrail makes to an account: controls, anchors of the equity, corrections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol

import sqlalchemy as sa

from executor.account import Posting, opposite
from executor.errors import NotReversible, UnknownTrade
from executor.guardrails.controls import ACCOUNT, Controls
from executor.guardrails.limits import Overrides
from executor.ledger import events, rows, writes
from executor.ledger.events import Event
from executor.ledger.recent_orders import RecentOrders
from executor.losses import Anchors


class OpenTransaction(Protocol):
    """The transaction that the changes belong to.

    account: the account's name.
    at: the time that is recorded, UTC.
    """

    account: str
    at: datetime

    @property
    def controls(self) -> Controls: ...

    def shortage(self, postings: Sequence[Posting]) -> str | None: ...


class AccountAdmin:
    """Records changes of the controls through `record`, and nothing that would change nothing."""

    def __init__(
        self,
        connection: sa.Connection,
        transaction: OpenTransaction,
        recent: RecentOrders,
        record: Callable[[str | None, events.Content], Event],
    ) -> None:
        self._connection, self._transaction, self._recent, self._record = connection, transaction, recent, record

    def switch(self, *, engaged: bool, reason: str, scope: str = ACCOUNT) -> None:
        """Engages or releases the kill switch of a scope."""
        if self._transaction.controls.switches.get(scope) != (reason if engaged else None):
            self._record(None, events.KillSwitchSet(engaged=engaged, reason=reason, scope=scope))

    def hold(self, code: str, state: Literal["REDUCING", "HALTED"], reason: str) -> bool:
        """Places a hold, unless there is one of this code and state; returns true when it is new."""
        held = self._transaction.controls.holds.get(code)
        if held is not None and held.state == state:
            return False
        self._record(None, events.HoldPlaced(code=code, state=state, reason=reason))
        return True

    def release(self, code: str, reason: str) -> None:
        """Ends the hold of this code, if there is one."""
        if code in self._transaction.controls.holds:
            self._record(None, events.HoldReleased(code=code, reason=reason))

    def release_all(self, reason: str) -> None:
        """Ends every hold. Executions and losses are counted anew from here."""
        for code in list(self._transaction.controls.holds):
            self.release(code, reason)
        self._recent.forget_executions()
        writes.forget_anchors(self._connection, self._transaction.account)

    def set_limits(self, limits: Overrides, reason: str) -> None:
        """Sets the limits that take the place of those of the settings."""
        if limits != self._transaction.controls.limits:
            self._record(None, events.LimitsSet(limits=limits, reason=reason))

    def anchors(self) -> Anchors | None:
        """Returns the equities that losses are measured from; None before the equity was first known."""
        return rows.anchors(self._connection, self._transaction.account)

    def set_anchors(self, anchors: Anchors) -> None:
        """Sets the equities that losses are measured from."""
        writes.anchors(self._connection, self._transaction.account, anchors, self._transaction.at)

    def reverse(self, trade_id: str, reason: str) -> Event:
        """Takes a whole fill back and returns the event; the order stays as it was.

        Raises `UnknownTrade` and `NotReversible`.
        """
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
        lines = tuple(events.PostingLine(**entry._asdict(), amount=amount) for entry, amount in postings)
        content = events.FillReversed(sequence=sequence, trade_id=trade_id, reason=reason, lines=lines)
        return self._record(order_id, content)
