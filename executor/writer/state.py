"""The account in memory, as of its latest event, which need not be durable yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from common.wire import Order
from executor.account import Entry, Posting, Terms
from executor.guardrails.controls import Controls
from executor.ledger import events
from executor.ledger.events import LedgerEvent, make_event
from executor.ledger.replay import OrderChange, controlled, next_order, postings_of
from executor.losses import Anchors
from executor.orders import OPEN
from executor.paper import LevelUse
from executor.writer.journal import Journal
from executor.writer.level_uses import LevelUses
from executor.writer.open_orders import OpenOrders, Place, open_order
from executor.writer.recent import Past, RecentOrders

ZERO = Decimal(0)
MOST_ANSWERS = 5_000
"""First answers that are kept in memory; those of older keys are in the tables."""


@dataclass(frozen=True)
class Loaded:
    """The account as a writer finds it in the tables.

    account: the account's name.
    sequence, hash: of its latest event.
    controls: the controls after it.
    balances: every balance after it.
    anchors: the equities that losses are measured from; None before the equity was first known.
    open_orders: the open orders with their terms, in any order.
    uses: what our own fills used of the levels of books, by place and price.
    past: the recent orders.
    recorded_at: when its latest event was recorded, UTC; None before the first.
    """

    account: str
    sequence: int
    hash: str
    controls: Controls
    balances: Mapping[Entry, Decimal]
    anchors: Anchors | None = None
    open_orders: Iterable[tuple[Order, Terms]] = ()
    uses: Mapping[Place, Mapping[Decimal, LevelUse]] = field(default_factory=dict)
    past: Past = field(default_factory=Past)
    recorded_at: datetime | None = None


class Recorded(NamedTuple):
    """One event with all that follows from it.

    event: the event.
    content: its content.
    postings: the amounts that it moves.
    change: the change of its order; None for an event of the account.
    terms: the terms of that order; None before it was accepted.
    """

    event: LedgerEvent
    content: events.Content
    postings: list[Posting]
    change: OrderChange | None
    terms: Terms | None


class State:
    """One account. Every change goes through the journal, so that it can be undone until it is durable.

    account: the account's name.
    sequence, hash: of the latest event.
    controls: the controls after it.
    balances: every balance.
    costs: the cost of all positions, by quote currency.
    anchors: the equities that losses are measured from; None before the equity was first known.
    open: the open orders.
    uses: the levels that our own fills used.
    recent: the recent orders.
    transferred: the sequence of the latest deposit or withdrawal since this writer began; 0 before the first.
    taken_back: the sequences of the fills that were taken back since this writer began.
    adjustments: the deposits, withdrawals and write-offs since this writer began, by the operator's key.
    answers: the first answers to clients' keys that are known here.
    journal: the changes that are not durable yet.
    """

    def __init__(self, loaded: Loaded, now: float) -> None:
        """`now` is the moment of loading, in seconds of the monotonic clock."""
        self.account = loaded.account
        self.sequence, self.hash = loaded.sequence, loaded.hash
        self.controls, self.anchors = loaded.controls, loaded.anchors
        self.balances: dict[Entry, Decimal] = dict(loaded.balances)
        self.costs = costs_by_unit(self.balances)
        self.open, self.uses = OpenOrders(self.balances), LevelUses()
        self.recent = RecentOrders(now, loaded.past)
        self.transferred = 0
        self.taken_back: dict[int, bool] = {}
        self.adjustments: dict[str, LedgerEvent] = {}
        self.answers: dict[str, Order] = {}
        self.journal = Journal()
        for order, terms in loaded.open_orders:
            self.open.put(Journal(), open_order(order, terms))
        for place, uses in loaded.uses.items():
            self.uses.by_place[place] = dict(uses)

    def record(
        self, content: events.Content, at: datetime, order: Order | None, order_id: str | None, terms: Terms | None
    ) -> Recorded:
        """Records an event with all that follows from it.

        `order` is the order before it, and `terms` those of that order, None for an order that is new or of none.
        """
        event = make_event(self.account, self.sequence + 1, order_id, at, content, self.hash)
        postings = postings_of(content, order, terms, self.balances)
        after = next_order(content, order, order_id or "", self.account, at, event.sequence)
        put = self.journal
        put.assign(self, "sequence", event.sequence)
        put.assign(self, "hash", event.hash)
        controls = controlled(self.controls, at, content)
        if controls is not self.controls:
            put.assign(self, "controls", controls)
        for entry, amount in postings:
            put.put(self.balances, entry, self.balances.get(entry, ZERO) + amount)
            if entry.name == "cost":
                put.put(self.costs, entry.unit, self.costs.get(entry.unit, ZERO) + amount)
        change = None
        if after is not None:
            change = OrderChange(order, after, event.sequence)
            self._follow(after, terms)
        return Recorded(event, content, postings, change, terms)

    def answer(self, order: Order) -> None:
        """Keeps an order as the first answer to its key."""
        self.journal.put(self.answers, order.client_order_id, order)

    def forget_old_answers(self) -> None:
        """Forgets the oldest answers beyond `MOST_ANSWERS`; call it when all is durable."""
        while len(self.answers) > MOST_ANSWERS:
            del self.answers[next(iter(self.answers))]

    def _follow(self, order: Order, terms: Terms | None) -> None:
        """Brings the open orders up to date."""
        if order.status in OPEN and order.limit_price is not None and terms is not None:
            self.open.put(self.journal, open_order(order, terms))
        elif order.order_id in self.open.by_id:
            self.open.remove(self.journal, order.order_id)


def costs_by_unit(balances: Mapping[Entry, Decimal]) -> dict[str, Decimal]:
    """Returns the cost of all positions, by quote currency."""
    costs: dict[str, Decimal] = {}
    for entry, amount in balances.items():
        if entry.name == "cost":
            costs[entry.unit] = costs.get(entry.unit, ZERO) + amount
    return costs
