"""The fold over the events: orders, balances and controls after each one. Writing and `verify` share this code."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from common.wire import Order
from executor import account, orders
from executor.account import Entry, Posting, Terms
from executor.guardrails.controls import Controls, Hold
from executor.ledger import events
from executor.ledger.events import LedgerEvent


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
        """Applies the event and returns its effect. Raises `KeyError` or `IllegalStep` when it can't come next."""
        content = event.content
        before = self.orders.get(event.order_id) if event.order_id else None
        postings: list[Posting] = []
        if isinstance(content, events.AccountOpened):
            postings = account.opening(content.cash)
        elif isinstance(content, events.FillReversed):
            postings = [Posting(Entry(line.name, line.symbol, line.unit), line.amount) for line in content.lines]
        elif isinstance(content, events.OrderFilled):
            postings = self._settle(self.orders[str(event.order_id)], content)
        self.controls = _controlled(self.controls, event, content)
        after = self._next(event, content)
        if after is not None:
            self.orders[after.order_id] = after
        self.balances = account.apply(self.balances, postings)
        return Effect(None if after is None else OrderChange(before, after, event.sequence), postings)

    def _next(self, event: LedgerEvent, content: events.Content) -> Order | None:
        order_id, at, sequence = str(event.order_id), event.recorded_at, event.sequence
        match content:
            case events.OrderReceived(request=request, replaces=replaces):
                return orders.received(request, order_id, event.account, at, sequence, replaces)
            case events.OrderDenied(denials=denials):
                return orders.move(self.orders[order_id], "denied", at, sequence, denials)
            case events.OrderAccepted(terms=terms):
                self.terms[order_id] = terms
                return orders.move(self.orders[order_id], "accepted", at, sequence)
            case events.OrderFilled(fill=fill):
                return orders.fill(self.orders[order_id], fill, sequence)
            case events.OrderEnded(status=status):
                return orders.move(self.orders[order_id], status, at, sequence)
            case _:
                return None

    def _settle(self, order: Order, content: events.OrderFilled) -> list[Posting]:
        fill = content.fill
        return account.settle(
            self.balances,
            order.symbol,
            self.terms[order.order_id],
            order.side,
            fill.quantity,
            fill.price,
            fill.fee,
        )


def _controlled(controls: Controls, event: LedgerEvent, content: events.Content) -> Controls:
    match content:
        case events.KillSwitchSet(engaged=engaged, reason=reason, scope=scope):
            return controls.switched(scope, (reason or "no reason given") if engaged else None)
        case events.HoldPlaced(code=code, state=state, reason=reason):
            return controls.held(code, Hold(state=state, reason=reason, since=event.recorded_at))
        case events.HoldReleased(code=code):
            return controls.held(code, None)
        case events.LimitsSet(limits=limits):
            return controls.limited(limits)
        case _:
            return controls
