"""Cancels: of one order, of all, and of those that the account's controls forbid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from common.wire import Order
from executor.ledger.replay import OrderChange
from executor.step import OrderResult, Step, about, open_order
from executor.store import Ledger
from executor.writer.transaction import Transaction

BY_OPERATOR = "asked for by the operator"
CANCELLED_TOGETHER, MOST_ROUNDS = 500, 1_000


def cancel(order_id: str, ledger: Ledger) -> OrderResult:
    """Cancels the open rest of an order. Raises `UnknownOrder`, `OrderFinal` and `LedgerUnavailable`."""
    return cancelling(order_id, ledger).do(ledger)


def cancelling(order_id: str, ledger: Ledger) -> Step:
    """Returns the step of a cancel."""

    def work(transaction: Transaction) -> OrderResult:
        order = transaction.end(open_order(order_id, transaction), "cancelled", BY_OPERATOR)
        return OrderResult(order, new=False, changes=transaction.changes)

    return Step(work, lambda outcome: about(order_id, ledger, outcome))


def cancel_all(symbol: str | None, ledger: Ledger, *, together: int = CANCELLED_TOGETHER) -> Sequence[OrderChange]:
    """Cancels every open order, or those of one symbol, `together` in one step; returns the changes.

    Orders that come meanwhile may be left. Raises `LedgerUnavailable`; the steps before that are done.
    """
    return _end_all(lambda transaction, most: transaction.open_orders(most, symbol=symbol), ledger, together)


def cancel_forbidden(ledger: Ledger, *, together: int = CANCELLED_TOGETHER) -> Sequence[OrderChange]:
    """Cancels every open order that the account's controls forbid, as `cancel_all`."""
    return _end_all(lambda transaction, most: transaction.forbidden(most), ledger, together)


def _end_all(
    load: Callable[[Transaction, int], Sequence[Order]], ledger: Ledger, together: int
) -> Sequence[OrderChange]:
    def work(transaction: Transaction) -> Sequence[OrderChange]:
        for order in load(transaction, together):
            reason = transaction.controls.forbids(order.symbol, order.side)
            transaction.end(order, "cancelled", BY_OPERATOR if reason is None else reason)
        return transaction.changes

    changes: list[OrderChange] = []
    for _ in range(MOST_ROUNDS):
        done = ledger.do(work)
        changes += done
        if len(done) < together:
            break
    return changes
