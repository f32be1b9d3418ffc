"""The whole path of an order, top to bottom, and of a replacement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from common.decimals import tidy
from common.wire import Book, Order, OrderRequest
from executor import account, guardrails, orders, paper
from executor.account import Terms
from executor.arrival import arrival
from executor.context import TradingContext
from executor.errors import ClientOrderIdReused, UnknownSymbol
from executor.guardrails import Limits
from executor.guardrails.limits import overlaid
from executor.guardrails.state import REPEATED
from executor.market.symbol_view import SymbolView
from executor.orders import ReplaceRequest
from executor.step import NotOpen, OrderResult, Step, about, open_order
from executor.writer import admin
from executor.writer.transaction import FilledAs, Transaction

NOTHING = {"funds_needed": Decimal(0)}
"""The needs of an order that nothing is known of."""


class ExecutionPlan(NamedTuple):
    """The execution of an order if it is accepted.

    book: the book that it meets.
    bound: the furthest price that it may trade at.
    fills: what it gets from the book at once.
    terms: the terms that it would be accepted on.
    """

    book: Book
    bound: Decimal
    fills: Sequence[paper.LevelFill]
    terms: Terms


def submit(request: OrderRequest, trading: TradingContext) -> OrderResult:
    """Takes an order from request to result. The result is durable when this returns.

    Raises `InvalidRequest`, `UnknownSymbol`, `ClientOrderIdReused` and `LedgerUnavailable`. An order that the
    guardrails deny is a result too. No network call happens while the account is locked.
    """
    wanted = orders.check(request)
    return placing(wanted, trading.quotes.look(wanted.symbol), trading).do(trading.ledger)


def placing(wanted: OrderRequest, view: SymbolView, trading: TradingContext) -> Step:
    """Returns the step of a checked order."""

    def receive(transaction: Transaction, limits: Limits) -> tuple[Order, None]:
        return transaction.receive(wanted, None, limits.duplicate_seconds), None

    return _place(wanted.client_order_id, view, trading, lambda first: orders.differences(first, wanted), receive)


def replace(order_id: str, request: ReplaceRequest, trading: TradingContext) -> OrderResult:
    """Puts an order in the place of an open one, in one step.

    Either the new order is accepted and the old one cancelled, or the new one is denied and the old one stays open.
    Raises as `submit`, and `UnknownOrder` and `OrderFinal` for the old order.
    """
    wanted = orders.check_replacement(request)
    found = trading.ledger.find_open(order_id)
    view = trading.quotes.look((found or trading.ledger.order(order_id)).symbol)

    def differences(first: Order) -> Sequence[str]:
        return orders.differences_of_replacement(first, order_id, wanted)

    def receive(transaction: Transaction, limits: Limits) -> tuple[Order, Order]:
        old = open_order(order_id, transaction)
        return transaction.receive(orders.replacement(old, wanted), order_id, limits.duplicate_seconds), old

    step = _place(wanted.client_order_id, view, trading, differences, receive)
    return about(order_id, trading.ledger, lambda: step.do(trading.ledger))


def _place(
    key: str,
    view: SymbolView,
    trading: TradingContext,
    differences: Callable[[Order], Sequence[str]],
    receive: Callable[[Transaction, Limits], tuple[Order, Order | None]],
) -> Step:
    """Gives a known key its first answer, or `ClientOrderIdReused` where the request has `differences` from it.

    A new key trades: `receive` records the order, and returns it with the one whose place it is to take.
    """

    def repeated(first: Order) -> OrderResult:
        differs = differences(first)
        if differs:
            raise ClientOrderIdReused(key, first.order_id, list(differs))
        return OrderResult(first, new=False)

    until = 0
    trading.watch_equity()

    def work(transaction: Transaction) -> OrderResult:
        nonlocal until
        until = transaction.sequence
        first = transaction.first_answer(key)
        if first is not None:
            return repeated(first)
        if not view.listed:
            raise UnknownSymbol(view.symbol)
        limits = overlaid(trading.limits, transaction.controls.limits)
        order, old = receive(transaction, limits)
        order, uses = trade(order, view, transaction, trading, limits, old)
        return OrderResult(order, new=True, changes=transaction.changes, uses=uses)

    def conclude(outcome: Callable[[], OrderResult]) -> OrderResult:
        try:
            return outcome()
        except (UnknownSymbol, NotOpen):
            first = trading.ledger.first_answer(key)
            if first is None or orders.number(first.order_id) > until:
                raise
            return repeated(first)

    return Step(work, conclude)


def trade(
    order: Order,
    view: SymbolView,
    transaction: Transaction,
    trading: TradingContext,
    limits: Limits,
    old: Order | None,
) -> tuple[Order, Mapping[str, guardrails.LimitUse]]:
    """Asks the guardrails, fills what the book gives at once, and ends the rest of an IOC order.

    An accepted order ends `old`. Returns the order, and how far it uses each limit.
    """
    plan = plan_of(order, view, transaction, trading.fees, limits)
    proposal = proposal_of(order, view, plan, transaction, trading, limits)
    denials = guardrails.check(proposal, limits)
    if denials or plan is None:
        for denial in denials:
            if denial.code == REPEATED:
                admin.hold(transaction, REPEATED, "HALTED", denial.message)
        return transaction.deny(order, denials), {}
    if old is not None:
        transaction.end(old, "cancelled", f"replaced by {order.order_id}")
    met = arrival(view, plan.book, trading.quotes.monotonic())
    order = _fill(transaction.accept(order, plan.terms, met), plan, transaction, trading)
    if order.time_in_force == "IOC" and order.status in orders.OPEN:
        order = transaction.end(order, "expired", "immediate or cancel: the book gave no more within the bound")
    return order, guardrails.uses(proposal, limits)


def _fill(order: Order, plan: ExecutionPlan, transaction: Transaction, trading: TradingContext) -> Order:
    """Fills what the book gives at once; a fill-or-kill order gets all or nothing."""
    if order.time_in_force == "FOK" and paper.total(plan.fills) < order.quantity:
        return transaction.end(order, "expired", "fill or kill: the book has less within the bound")
    how = FilledAs("taker", trading.rate(plan.terms.quote_currency) if plan.fills else None)
    for part in plan.fills:
        fee = paper.fee(part.price, part.quantity, trading.fees.taker_percent)
        order = transaction.fill(order, plan.book, part, part.price, fee, how)
    return order


def plan_of(
    order: Order, view: SymbolView, transaction: Transaction, fees: paper.Fees, limits: Limits
) -> ExecutionPlan | None:
    """Returns what the book gives an order, and the terms; None without a book that has a price."""
    book = view.book
    reference = paper.reference(order.side, book.bids, book.asks, view.last) if book else None
    if book is None or reference is None:
        return None
    lowest, highest = paper.collar(reference, limits.collar_of(order.symbol))
    furthest = highest if order.side == "buy" else lowest
    bound = furthest if order.limit_price is None else order.limit_price
    fills = paper.walk(order.side, transaction.levels(book, order.side), order.quantity, bound)
    return ExecutionPlan(book, bound, fills, _terms(order, book, bound, transaction, fees))


def _terms(order: Order, book: Book, bound: Decimal, transaction: Transaction, fees: paper.Fees) -> Terms:
    if order.side == "buy":
        reserve, per_unit = account.cash(book.quote_currency), paper.cost(bound, Decimal(1), fees.highest)
    else:
        reserve, per_unit = transaction.holding(order.symbol, book.base_asset), Decimal(1)
    return Terms(
        base_asset=book.base_asset,
        quote_currency=book.quote_currency,
        reserve_name=reserve.name,
        reserve_symbol=reserve.symbol,
        reserve_unit=reserve.unit,
        reserve_per_unit=tidy(per_unit),
        maker_fee_percent=fees.maker_percent,
    )


def proposal_of(
    order: Order,
    view: SymbolView,
    plan: ExecutionPlan | None,
    transaction: Transaction,
    trading: TradingContext,
    limits: Limits,
) -> guardrails.Proposal:
    """Returns an order as the guardrails see it."""
    return guardrails.Proposal(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        limit_price=order.limit_price,
        post_only=order.post_only,
        market=_market(order, view, trading.quotes.monotonic()),
        instrument=view.instrument,
        funds_unit=plan.terms.reserve_unit if plan else "",
        funds_available=transaction.available(plan.terms.reserve, without=order.replaces) if plan else Decimal(0),
        kill_switch=transaction.controls.stopped(order.symbol),
        holds=transaction.controls.holds,
        holdings=transaction.holdings(order, view.book, limits) if view.book else guardrails.Holdings(),
        **(of_quantity(order, plan, trading.fees) if plan else NOTHING | {"quantity": order.quantity}),
        doubts=trading.equity.doubts(),
    )


def of_quantity(order: Order, plan: ExecutionPlan, fees: paper.Fees) -> dict[str, Any]:
    """Returns the fields of a proposal that depend on the order's quantity, and on what the plan fills of it."""
    return {
        "quantity": order.quantity,
        "funds_needed": _needed(order, plan, fees),
        "reach": _reach(order, plan),
        "rests": order.time_in_force == "GTC" and paper.total(plan.fills) < order.quantity,
    }


def _reach(order: Order, plan: ExecutionPlan) -> Decimal | None:
    """Returns the furthest price at which the order would trade or rest; None when it would do neither."""
    if paper.total(plan.fills) >= order.quantity:
        return plan.fills[-1].price
    return None if order.time_in_force == "FOK" else plan.bound


def _market(order: Order, view: SymbolView, now: float) -> guardrails.MarketView | None:
    book = view.book
    if book is None:
        return None
    opposite = book.asks if order.side == "buy" else book.bids
    return guardrails.MarketView(
        age_seconds=view.age_seconds(now),
        stale=book.stale,
        reference=paper.reference(order.side, book.bids, book.asks, view.last),
        one_sided=view.last is None and not (book.bids and book.asks),
        best_opposite=opposite[0].price if opposite else None,
        quote_currency=book.quote_currency,
        phase=book.phase,
        delayed=book.delayed,
        floor=book.floor,
        ceiling=book.ceiling,
    )


def _needed(order: Order, plan: ExecutionPlan, fees: paper.Fees) -> Decimal:
    """Returns the funds that the order needs: a market order the cost of its fills, any other its whole reserve."""
    with orders.exact():
        if order.side == "sell" or order.type == "limit":
            return order.quantity * plan.terms.reserve_per_unit
        costs = (paper.cost(part.price, part.quantity, fees.taker_percent) for part in plan.fills)
        return sum(costs, Decimal(0))
