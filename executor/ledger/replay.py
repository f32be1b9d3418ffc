"""The fold over the events: orders, balances and controls after each one. Writing and `verify` share this code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from common.wire import Order
from executor import account, orders
from executor.account import Balances, Entry, Posting, Terms
from executor.guardrails.controls import Controls, Hold
from executor.ledger import events
from executor.ledger.events import LedgerEvent
from executor.orders import IllegalStep


class OrderChange(NamedTuple):
    """A change of one order.

    before: the order before it; None for a new order.
    after: the order after it.
    first_sequence: the sequence of the change's first event.
    """

    before: Order | None
    after: Order
    first_sequence: int


@dataclass(frozen=True)
class Effect:
    """The effect of one event.

    change: the change of its order; None for an event of the account.
    postings: the amounts that it moves; they add up to zero in each unit.
    """

    change: OrderChange | None
    postings: list[Posting]


@dataclass
class Replay:
    """The state after events. A transaction loads the parts that it needs; `verify` begins with nothing.

    orders: the orders by id.
    terms: the terms of accepted orders by id.
    balances: every balance.
    controls: kill switches, holds and the operator's limits.
    """

    orders: dict[str, Order] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    balances: dict[Entry, Decimal] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)

    def apply(self, event: LedgerEvent) -> Effect:
        """Applies the event and returns its effect. Raises `IllegalStep` when it can't come next."""
        content = event.content
        order_id = event.order_id or ""
        before = self.orders.get(order_id)
        if isinstance(content, events.OrderAccepted):
            self.terms[order_id] = content.terms
        postings = postings_of(content, before, self.terms.get(order_id), self.balances)
        self.controls = controlled(self.controls, event.recorded_at, content)
        after = next_order(content, before, order_id, event.account, event.recorded_at, event.sequence)
        if after is not None:
            self.orders[after.order_id] = after
        self.balances = account.apply(self.balances, postings)
        return Effect(None if after is None else OrderChange(before, after, event.sequence), postings)


def postings_of(content: events.Content, order: Order | None, terms: Terms | None, balances: Balances) -> list[Posting]:
    """Returns the postings of an event. Raises `IllegalStep` when its order can't be filled.

    `order`, its `terms` and the `balances` are as of before the event.
    """
    match content:
        case events.AccountOpened(cash=cash):
            return account.opening(cash)
        case events.FillReversed(lines=lines):
            return [Posting(Entry(line.name, line.symbol, line.unit), line.amount) for line in lines]
        case events.CashDeposited(currency=currency, amount=amount):
            return account.moved_cash(currency, amount)
        case events.CashWithdrawn(currency=currency, amount=amount):
            return account.moved_cash(currency, -amount)
        case events.PositionWrittenOff(symbol=symbol, base_asset=base, quote_currency=quote, quantity=quantity):
            return account.written_off(balances, symbol, base, quote, quantity)
        case events.OrderFilled(fill=fill):
            order = _known(order, content)
            if terms is None:
                raise IllegalStep(f"{order.order_id} was never accepted")
            return account.settle(balances, order.symbol, terms, order.side, fill.quantity, fill.price, fill.fee)
        case _:
            return []


def next_order(
    content: events.Content, order: Order | None, order_id: str, owner: str, at: datetime, sequence: int
) -> Order | None:
    """Returns the order after an event; None for an event of no order, or one that leaves its order as it was.

    `order` is the order before it, and `owner` the account's name. Raises `IllegalStep` when the event can't come next.
    """
    match content:
        case events.OrderReceived(request=request, replaces=replaces):
            return orders.received(request, order_id, owner, at, sequence, replaces)
        case events.OrderDenied(denials=denials):
            return orders.move(_known(order, content), "denied", at, sequence, denials)
        case events.OrderAccepted():
            return orders.move(_known(order, content), "accepted", at, sequence)
        case events.OrderFilled(fill=fill):
            return orders.fill(_known(order, content), fill, sequence)
        case events.OrderEnded(status=status):
            return orders.move(_known(order, content), status, at, sequence)
        case _:
            return None


def _known(order: Order | None, content: events.Content) -> Order:
    if order is None:
        raise IllegalStep(f"{type(content).__name__} of an order that was never received")
    return order


def controlled(controls: Controls, at: datetime, content: events.Content) -> Controls:
    """Returns the controls after an event of the time `at`."""
    match content:
        case events.KillSwitchSet(engaged=engaged, reason=reason, scope=scope):
            return controls.switched(scope, (reason or "no reason given") if engaged else None)
        case events.HoldPlaced(code=code, state=state, reason=reason):
            return controls.held(code, Hold(state=state, reason=reason, since=at))
        case events.HoldReleased(code=code):
            return controls.held(code, None)
        case events.LimitsSet(limits=limits):
            return controls.limited(limits)
        case _:
            return controls
