"""The rehearsal of an order: it is decided as every order is, on the account as it is in memory, and must be undone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from common.wire import Order, OrderRequest
from executor import guardrails, paper
from executor.context import TradingContext
from executor.errors import UnknownSymbol
from executor.guardrails import Limits
from executor.guardrails.limits import overlaid
from executor.market.symbol_view import SymbolView
from executor.submit import ExecutionPlan, of_quantity, plan_of, proposal_of, trade
from executor.writer.transaction import Transaction
from executor.writer.view import View


class Rehearsal(NamedTuple):
    """An order as it would be decided now.

    order: the order, as it would be answered.
    plan: what it would get from the book if no guardrail denied it; None without a book.
    proposal: the order as the guardrails saw it.
    limits: the limits that they measured against.
    sequence: the sequence of the account's latest event before it.
    after: the account after it.
    fillable: the quantity that the book has within the order's bound.
    propose: gives the same proposal for another quantity.
    """

    order: Order
    plan: ExecutionPlan | None
    proposal: guardrails.Proposal
    limits: Limits
    sequence: int
    after: View
    fillable: Decimal
    propose: Callable[[Decimal], guardrails.Proposal]


def rehearsing(wanted: OrderRequest, view: SymbolView, trading: TradingContext) -> Callable[[Transaction], Rehearsal]:
    """Returns the work that decides a checked order as `placing` does, and that must be undone."""
    trading.watch_equity()

    def work(transaction: Transaction) -> Rehearsal:
        if not view.listed:
            raise UnknownSymbol(view.symbol)
        limits, sequence = overlaid(trading.limits, transaction.controls.limits), transaction.sequence
        order = transaction.receive(wanted, None, limits.duplicate_seconds)
        plan = plan_of(order, view, transaction, trading.fees, limits)
        proposal = proposal_of(order, view, plan, transaction, trading, limits)
        levels = tuple(transaction.levels(plan.book, order.side)) if plan else ()
        bound = plan.bound if plan else Decimal(0)
        fillable = sum((each.quantity for each in levels if paper.within(order.side, each.price, bound)), Decimal(0))

        def propose(quantity: Decimal) -> guardrails.Proposal:
            if plan is None:
                return msgspec.structs.replace(proposal, quantity=quantity)
            other = msgspec.structs.replace(order, quantity=quantity)
            fills = paper.walk(order.side, levels, quantity, plan.bound)
            changed = of_quantity(other, plan._replace(fills=fills), trading.fees)
            return msgspec.structs.replace(proposal, **changed)

        decided, _ = trade(order, view, transaction, trading, limits, None)
        return Rehearsal(decided, plan, proposal, limits, sequence, transaction.view(), fillable, propose)

    return work


def not_repeating(order: Order, quantity: Decimal, step: Decimal, limits: Limits) -> Callable[[Transaction], Decimal]:
    """Returns the work that finds the largest quantity up to `quantity`, in steps, that is no duplicate.

    A duplicate is an order like `order` of a quantity that was asked for within the limits' time.
    """

    def work(transaction: Transaction) -> Decimal:
        found = quantity
        while found > 0 and transaction.twin(
            msgspec.structs.replace(order, order_id="", quantity=found), limits.duplicate_seconds
        ):
            found -= step
        return found

    return work
