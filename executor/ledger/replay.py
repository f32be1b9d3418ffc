"""The fold over the events: orders and balances after each one. Writing, recovery and `verify` all use this code."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from common.wire import Order
from executor import account, orders
from executor.account import Entry, Posting, Terms
from executor.guardrails.controls import Controls, Hold
from executor.ledger import events
from executor.ledger.events import Event


class Change(NamedTuple):
    """What events did to an order; `before` is None for a new one, `first_sequence` is the first event's."""

    before: Order | None
    after: Order
    first_sequence: int


@dataclass(frozen=True)
class Effect:
    """What one event led to: what it did to its order (if it has one), and its postings."""

    change: Change | None
    postings: list[Posting]


@dataclass
class Replay:
    """The state that events lead to. A transaction loads what it needs of it; `verify` begins with nothing."""

    orders: dict[str, Order] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    balances: dict[Entry, Decimal] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)

    def apply(self, event: Event) -> Effect:
        """Takes the event in; raises `KeyError` or `IllegalStep` when it can't follow what came before."""
        content = event.content
        before = self.orders.get(event.order_id) if event.order_id else None
        postings: list[Posting] = []
        if isinstance(content, events.Opened):
            postings = account.opening(content.cash)
        elif isinstance(content, events.Reversed):
            postings = [Posting(Entry(line.name, line.symbol, line.unit), line.amount) for line in content.lines]
        elif isinstance(content, events.Filled):
            postings = self._settle(self.orders[str(event.order_id)], content)
        self.controls = _controlled(self.controls, event, content)
        after = self._next(event, content)
        if after is not None:
            self.orders[after.order_id] = after
        self.balances = account.apply(self.balances, postings)
        return Effect(None if after is None else Change(before, after, event.sequence), postings)

    def _next(self, event: Event, content: events.Any) -> Order | None:
        order_id, at, sequence = str(event.order_id), event.recorded_at, event.sequence
        match content:
            case events.Received(request=request, replaces=replaces):
                return orders.received(request, order_id, event.account, at, sequence, replaces)
            case events.Denied(denials=denials):
                return orders.move(self.orders[order_id], "denied", at, sequence, denials)
            case events.Accepted(terms=terms):
                self.terms[order_id] = terms
                return orders.move(self.orders[order_id], "accepted", at, sequence)
            case events.Filled(fill=fill):
                return orders.fill(self.orders[order_id], fill, sequence)
            case events.Ended(status=status):
                return orders.move(self.orders[order_id], status, at, sequence)
            case _:
                return None

    def _settle(self, order: Order, content: events.Filled) -> list[Posting]:
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


def _controlled(controls: Controls, event: Event, content: events.Any) -> Controls:
    match content:
        case events.Switched(engaged=engaged, reason=reason, scope=scope):
            return controls.switched(scope, (reason or "no reason given") if engaged else None)
        case events.Held(code=code, state=state, reason=reason):
            return controls.held(code, Hold(state=state, reason=reason, since=event.recorded_at))
        case events.Released(code=code):
            return controls.held(code, None)
        case events.LimitsSet(limits=limits):
            return controls.limited(limits)
        case _:
            return controls
