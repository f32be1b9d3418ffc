"""The changes that an operator or a guardrail makes to an account: controls, anchors of the equity, corrections.

Nothing is recorded that would change nothing.
"""

from __future__ import annotations

from typing import Literal

from executor.account import opposite
from executor.errors import NotReversible
from executor.guardrails.controls import ACCOUNT
from executor.guardrails.limits import Overrides
from executor.ledger import events
from executor.ledger.events import LedgerEvent
from executor.ledger.rows import KnownFill
from executor.writer.transaction import Transaction


def switch(transaction: Transaction, *, engaged: bool, reason: str, scope: str = ACCOUNT) -> None:
    """Engages or releases the kill switch of a scope."""
    if transaction.controls.switches.get(scope) != (reason if engaged else None):
        transaction.record(events.KillSwitchSet(engaged=engaged, reason=reason, scope=scope))


def hold(transaction: Transaction, code: str, state: Literal["REDUCING", "HALTED"], reason: str) -> bool:
    """Places a hold, unless there is one of this code and state; returns true when it is new."""
    held = transaction.controls.holds.get(code)
    if held is not None and held.state == state:
        return False
    transaction.record(events.HoldPlaced(code=code, state=state, reason=reason))
    return True


def release(transaction: Transaction, code: str, reason: str) -> None:
    """Ends the hold of this code, if there is one."""
    if code in transaction.controls.holds:
        transaction.record(events.HoldReleased(code=code, reason=reason))


def release_all(transaction: Transaction, reason: str) -> None:
    """Ends every hold. Executions and losses are counted anew from here."""
    for code in list(transaction.controls.holds):
        release(transaction, code, reason)
    transaction.forget_executions()
    transaction.move_anchors(None)


def set_limits(transaction: Transaction, limits: Overrides, reason: str) -> None:
    """Sets the limits that take the place of those of the settings."""
    if limits != transaction.controls.limits:
        transaction.record(events.LimitsSet(limits=limits, reason=reason))


def reverse(transaction: Transaction, fill: KnownFill, reason: str) -> LedgerEvent:
    """Takes a whole fill back and returns the event; the order stays as it was. Raises `NotReversible`."""
    if fill.reversed or not transaction.take_back(fill.sequence):
        raise NotReversible(fill.trade_id, "it was reversed already")
    postings = opposite(fill.postings)
    short = transaction.shortage(postings)
    if short is not None:
        raise NotReversible(fill.trade_id, short)
    lines = tuple(events.PostingLine(**entry._asdict(), amount=amount) for entry, amount in postings)
    content = events.FillReversed(sequence=fill.sequence, trade_id=fill.trade_id, reason=reason, lines=lines)
    return transaction.record(content, fill.order_id)
