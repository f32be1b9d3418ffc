"""One step of an order: the work that the writer does in memory, and what is said once it is durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from common.wire import Order
from executor.errors import OrderFinal
from executor.guardrails import LimitUse
from executor.ledger.replay import OrderChange
from executor.store import Ledger
from executor.writer.transaction import Transaction


@dataclass(frozen=True)
class OrderResult:
    """The result of a request about an order.

    order: the order to answer with.
    new: true when this request made it; false for a key that was known, and for a cancel.
    changes: the changes of orders that the request led to.
    uses: how far the accepted order uses each limit, by code.
    """

    order: Order
    new: bool
    changes: Sequence[OrderChange] = ()
    uses: Mapping[str, LimitUse] = field(default_factory=dict)


class Step(NamedTuple):
    """The step that a request about an order takes.

    work: its part in memory; it waits for nothing.
    conclude: takes a function that gives the work's result once that is durable, and returns the result to answer
        with. Where the work failed it may ask the tables.
    """

    work: Callable[[Transaction], OrderResult]
    conclude: Callable[[Callable[[], OrderResult]], OrderResult]

    def do(self, ledger: Ledger) -> OrderResult:
        """Returns the result, once it is durable. Raises `ServiceError`."""
        return self.conclude(lambda: ledger.do(self.work))


class NotOpen(Exception):
    """The order is not open: the tables tell whether it has ended, or was never there."""


def open_order(order_id: str, transaction: Transaction) -> Order:
    """Returns an open order. Raises `NotOpen`."""
    found = transaction.find(order_id)
    if found is None:
        raise NotOpen
    return found.order


def about(order_id: str, ledger: Ledger, outcome: Callable[[], OrderResult]) -> OrderResult:
    """Returns the outcome of a work about an open order. Raises `UnknownOrder` or `OrderFinal` when it is not open."""
    try:
        return outcome()
    except NotOpen:
        raise OrderFinal(order_id, ledger.order(order_id).status) from None
