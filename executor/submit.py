"""The whole path of an order, in one function that reads top to bottom; of a replacement, and of a cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from common.wire import Book, Order, OrderRequest
from executor import account, guardrails, orders, paper
from executor.account import Terms
from executor.errors import ClientOrderIdReused, OrderFinal, UnknownSymbol
from executor.guardrails.limits import overlaid
from executor.guardrails.state import REPEATED
from executor.ledger import Change, Ledger, Transaction
from executor.orders import ReplaceRequest
from executor.quotes import Quotes, View

BY_OPERATOR = "asked for by the operator"
CANCELLED_TOGETHER, MOST_ROUNDS = 500, 1_000


@dataclass(frozen=True)
class Desk:
    """The parts that an order meets on its way."""

    ledger: Ledger
    quotes: Quotes
    limits: guardrails.Limits
    fees: paper.Fees
    equity_currency: str


@dataclass(frozen=True)
class Outcome:
    """The order to answer with, whether it is new, what was changed on the way, and how much of each limit it uses."""

    order: Order
    new: bool
    changes: Sequence[Change] = ()
    uses: Mapping[str, guardrails.Use] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What an order would get from the book at once, how far it may go, and what it would be accepted on."""

    book: Book
    bound: Decimal
    slices: Sequence[paper.Slice]
    terms: Terms


def submit(request: OrderRequest, desk: Desk) -> Outcome:
    """Takes an order from request to answer; when this returns, what it returns is durable.

    Raises `InvalidRequest`, `UnknownSymbol`, `ClientOrderIdReused` and `LedgerUnavailable`; a refusal by the
    guardrails is an order with status denied. No network call happens while the account is locked.
    """
    wanted = orders.check(request)
    view = desk.quotes.look(wanted.symbol)

    def work(ledger: Transaction) -> Outcome:
        first = ledger.first_answer(wanted.client_order_id)
        if first is not None:
            return _again(first, orders.differences(first, wanted))
        if not view.listed:
            raise UnknownSymbol(wanted.symbol)
        before = len(ledger.changes)
        order, uses = _trade(ledger.receive(wanted), view, ledger, desk)
        return Outcome(order, new=True, changes=ledger.changes[before:], uses=uses)

    return desk.ledger.do(work, key=wanted.client_order_id, symbol=view.symbol)


def replace(order_id: str, request: ReplaceRequest, desk: Desk) -> Outcome:
    """Puts an order in the place of an open one, in one step: either the new one is accepted and the old one is
    cancelled, or the new one is denied and the old one stays as it is.

    Raises as `submit`, and `UnknownOrder` and `OrderFinal` for the old order.
    """
    wanted = orders.check_replacement(request)
    view = desk.quotes.look(desk.ledger.order(order_id).symbol)

    def work(ledger: Transaction) -> Outcome:
        first = ledger.first_answer(wanted.client_order_id)
        if first is not None:
            return _again(first, orders.differences_of_replacement(first, order_id, wanted))
        if not view.listed:
            raise UnknownSymbol(view.symbol)
        before, old = len(ledger.changes), _open(order_id, ledger)
        order, uses = _trade(ledger.receive(orders.replacement(old, wanted), old.order_id), view, ledger, desk, old)
        return Outcome(order, new=True, changes=ledger.changes[before:], uses=uses)

    return desk.ledger.do(work, key=wanted.client_order_id, symbol=view.symbol)


def _trade(
    order: Order, view: View, ledger: Transaction, desk: Desk, old: Order | None = None
) -> tuple[Order, Mapping[str, guardrails.Use]]:
    """Guardrails, then what the order gets at once, then what becomes of its rest; `old` gives way if it passes."""
    limits = overlaid(desk.limits, ledger.controls.limits)
    plan = _plan(order, view, ledger, desk.fees, limits)
    proposal = _proposal(order, view, plan, ledger, desk, limits)
    denials = guardrails.check(proposal, limits)
    if denials or plan is None:
        for denial in denials:
            if denial.code == REPEATED:
                ledger.control.hold(REPEATED, "HALTED", denial.message)
        return ledger.deny(order, denials), {}
    if old is not None:
        ledger.end(old, "cancelled", f"replaced by {order.order_id}")
    order = _fill(ledger.accept(order, plan.terms), plan, ledger, desk.fees)
    if order.time_in_force == "IOC" and order.status in orders.OPEN:
        order = ledger.end(order, "expired", "immediate or cancel: the book gave no more within the bound")
    return order, guardrails.uses(proposal, limits)


def _fill(order: Order, plan: Plan, ledger: Transaction, fees: paper.Fees) -> Order:
    """What the book gives at once; of a fill or kill order all or nothing."""
    if order.time_in_force == "FOK" and paper.total(plan.slices) < order.quantity:
        return ledger.end(order, "expired", "fill or kill: the book has less within the bound")
    for part in plan.slices:
        fee = paper.fee(part.price, part.quantity, fees.taker_percent)
        order = ledger.fill(order, part.price, part.quantity, fee, "taker")
        ledger.consume(plan.book, order.side, part.price, part.quantity)
    return order


def cancel(order_id: str, ledger: Ledger) -> Outcome:
    """Cancels what is still open of an order; raises `UnknownOrder`, `OrderFinal` and `LedgerUnavailable`."""

    def work(transaction: Transaction) -> Outcome:
        before = len(transaction.changes)
        order = transaction.end(_open(order_id, transaction), "cancelled", BY_OPERATOR)
        return Outcome(order, new=False, changes=transaction.changes[before:])

    return ledger.do(work)


def cancel_all(symbol: str | None, ledger: Ledger, *, together: int = CANCELLED_TOGETHER) -> Sequence[Change]:
    """Cancels what is still open of every order, of one symbol or of all, so many in one step; what became of each.
    Orders that come while this runs may be left. Raises `LedgerUnavailable`: some steps may have been done by then."""
    return _end_all(lambda transaction, most: transaction.load_open(most, symbol=symbol), ledger, together)


def enforce(ledger: Ledger, *, together: int = CANCELLED_TOGETHER) -> Sequence[Change]:
    """Cancels what the account's controls forbid to stay open; what became of each. As `cancel_all`."""
    return _end_all(lambda transaction, most: transaction.load_forbidden(most), ledger, together)


def _end_all(load: Callable[[Transaction, int], Sequence[Order]], ledger: Ledger, together: int) -> Sequence[Change]:
    changes: list[Change] = []
    for _ in range(MOST_ROUNDS):
        with ledger.transaction() as transaction:
            found = load(transaction, together)
            for order in found:
                reason = transaction.controls.forbids(order.symbol, order.side)
                transaction.end(order, "cancelled", reason or BY_OPERATOR)
        changes += transaction.changes
        if len(found) < together:
            break
    return changes


def _open(order_id: str, ledger: Transaction) -> Order:
    order = ledger.load(order_id)
    if order.status not in orders.OPEN:
        raise OrderFinal(order_id, order.status)
    return order


def _again(first: Order, differs: Sequence[str]) -> Outcome:
    """The first answer to a key that is known; raises `ClientOrderIdReused` when another order was asked for."""
    if differs:
        raise ClientOrderIdReused(first.client_order_id, first.order_id, list(differs))
    return Outcome(first, new=False)


def _plan(order: Order, view: View, ledger: Transaction, fees: paper.Fees, limits: guardrails.Limits) -> Plan | None:
    book = view.book
    reference = paper.reference(book.bids, book.asks) if book else None
    if book is None or reference is None:
        return None
    lowest, highest = paper.collar(reference, limits.price_collar_percent)
    bound = order.limit_price or (highest if order.side == "buy" else lowest)
    slices = paper.walk(order.side, ledger.levels(book, order.side), order.quantity, bound)
    return Plan(book, bound, slices, _terms(order, book, bound, ledger, fees))


def _terms(order: Order, book: Book, bound: Decimal, ledger: Transaction, fees: paper.Fees) -> Terms:
    if order.side == "buy":
        reserve, per_unit = account.cash(book.quote_currency), paper.cost(bound, Decimal(1), fees.highest)
    else:
        reserve, per_unit = account.holding(order.symbol, book.base_asset, ledger.cash_currencies), Decimal(1)
    return Terms(
        base_asset=book.base_asset,
        quote_currency=book.quote_currency,
        reserve_name=reserve.name,
        reserve_symbol=reserve.symbol,
        reserve_unit=reserve.unit,
        reserve_per_unit=per_unit,
        maker_fee_percent=fees.maker_percent,
    )


def _proposal(
    order: Order, view: View, plan: Plan | None, ledger: Transaction, desk: Desk, limits: guardrails.Limits
) -> guardrails.Proposal:
    return guardrails.Proposal(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        post_only=order.post_only,
        market=_market(order, view, desk.quotes.monotonic()),
        instrument=view.instrument,
        funds_unit=plan.terms.reserve_unit if plan else "",
        funds_needed=_needed(order, plan, desk.fees) if plan else Decimal(0),
        funds_available=ledger.available(plan.terms.reserve, without=order.replaces) if plan else Decimal(0),
        kill_switch=ledger.controls.stopped(order.symbol),
        holds=ledger.controls.holds,
        holdings=ledger.holdings(order, view.book, limits) if view.book else guardrails.Holdings(),
        reach=_reach(order, plan) if plan else None,
    )


def _reach(order: Order, plan: Plan) -> Decimal | None:
    """The furthest price at which the order would trade or rest; None when it would do neither."""
    if paper.total(plan.slices) >= order.quantity:
        return plan.slices[-1].price
    return None if order.time_in_force == "FOK" else plan.bound


def _market(order: Order, view: View, now: float) -> guardrails.Market | None:
    book = view.book
    if book is None:
        return None
    opposite = book.asks if order.side == "buy" else book.bids
    return guardrails.Market(
        age_seconds=view.age_seconds(now),
        stale=book.stale,
        reference=paper.reference(book.bids, book.asks),
        best_opposite=opposite[0].price if opposite else None,
        quote_currency=book.quote_currency,
        phase=book.phase,
        delayed=book.delayed,
        floor=book.floor,
        ceiling=book.ceiling,
    )


def _needed(order: Order, plan: Plan, fees: paper.Fees) -> Decimal:
    """A market order needs what its fills cost; a limit order is held to its whole quantity at its own price."""
    with localcontext(prec=orders.PRECISION):
        if order.side == "sell" or order.type == "limit":
            return order.quantity * plan.terms.reserve_per_unit
        costs = (paper.cost(part.price, part.quantity, fees.taker_percent) for part in plan.slices)
        return sum(costs, Decimal(0))
