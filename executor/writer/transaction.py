"""The account as one work sees and changes it: in memory, so that nothing waits for the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Literal, NamedTuple

from common.decimals import tidy
from common.wire import Book, Denial, Fill, Level, Order, OrderRequest, Position, Side
from executor import account as accounts
from executor.account import Entry, Posting, Terms
from executor.errors import NotFree
from executor.guardrails import Holdings, Limits
from executor.guardrails.controls import Controls
from executor.ledger import events
from executor.ledger.events import LedgerEvent
from executor.ledger.replay import OrderChange, postings_of
from executor.losses import Anchors
from executor.paper import LevelFill
from executor.rates import CurrencyRate
from executor.writer.batch import Batch
from executor.writer.open_orders import OpenOrder
from executor.writer.state import State
from executor.writer.view import View

ZERO = Decimal(0)
Liquidity = Literal["taker", "maker"]


class FilledAs(NamedTuple):
    """The role in which an order is filled, and the rate of that moment.

    liquidity: maker when the order rested before, else taker.
    rate: what one unit of the quote currency is worth in the currency of the equity; None when that is not known.
    """

    liquidity: Liquidity
    rate: CurrencyRate | None = None


class Transaction:
    """One work's part of a batch.

    at: the time that is recorded, UTC.
    moment: the same moment, in seconds of the monotonic clock.
    changes: the changes of orders so far.
    """

    def __init__(self, state: State, batch: Batch, at: datetime, moment: float) -> None:
        self.at, self.moment = at, moment
        self.changes: list[OrderChange] = []
        self._state, self._batch, self._journal = state, batch, state.journal
        self._terms: dict[str, Terms] = {}

    @property
    def account(self) -> str:
        """The account's name."""
        return self._state.account

    @property
    def sequence(self) -> int:
        """The sequence of the account's latest event."""
        return self._state.sequence

    @property
    def controls(self) -> Controls:
        """The kill switches, the holds and the operator's limits as they are now."""
        return self._state.controls

    @property
    def cash_currencies(self) -> frozenset[str]:
        """The units that are cash."""
        return accounts.currencies(self._state.balances)

    @property
    def anchors(self) -> Anchors | None:
        """The equities that losses are measured from; None before the equity was first known."""
        return self._state.anchors

    @property
    def transferred(self) -> int:
        """The sequence of the latest deposit or withdrawal since this writer began; 0 before the first."""
        return self._state.transferred

    def holding(self, symbol: str, base_asset: str) -> Entry:
        """Returns the entry that holds a symbol's base asset."""
        return accounts.holding(symbol, base_asset, self._state.balances)

    def available(self, entry: Entry, without: str | None = None) -> Decimal:
        """Returns the balance of `entry` less what open orders but `without` have reserved of it."""
        reserved = self._state.open.reserved.get(entry, ZERO)
        other = self.find(without)
        if other is not None and other.terms.reserve == entry:
            reserved -= other.reserved
        return self._state.balances.get(entry, ZERO) - reserved

    def holdings(self, order: Order, book: Book, limits: Limits) -> Holdings:
        """Returns what the account holds and did, without the order that was just received."""
        state, replaced = self._state, self.find(order.replaces)
        held = self.holding(order.symbol, book.base_asset)
        buying = state.open.buying.get(order.symbol, ZERO)
        others = 0 if replaced is None else -1
        unit = book.quote_currency
        exposure = state.costs.get(unit, ZERO) + state.open.buy_notional.get(unit, ZERO)
        if replaced is not None and replaced.order.side == "buy":
            buying -= replaced.remaining
            exposure -= replaced.notional if held.name != "cash" else ZERO
        opposite = state.open.ladder(order.symbol, "sell" if order.side == "buy" else "buy")
        return Holdings(
            position=None if held.name == "cash" else state.balances.get(held, ZERO),
            open_buys=buying,
            exposure=exposure,
            opposite=opposite.best(),
            recent=state.recent.orders(self.moment) - 1,
            twin=self.twin(order, limits.duplicate_seconds),
            executions=state.recent.executions(order.symbol, order.side, self.moment),
            open_orders=len(state.open.by_id) + others,
            open_of_symbol=state.open.of_symbol(order.symbol) + others,
        )

    def twin(self, order: Order, seconds: float) -> str | None:
        """Returns the id of another order of the last `seconds` that asked for the same; None when there is none."""
        return self._state.recent.twin(order, seconds, self.moment)

    def first_answer(self, client_order_id: str) -> Order | None:
        """Returns the first answer to a client's key as far as memory knows; None for a key that seems new."""
        found = self._state.answers.get(client_order_id)
        if found is None:
            self._batch.add_key(self._journal, client_order_id)
        return found

    def find(self, order_id: str | None) -> OpenOrder | None:
        """Returns an open order; None when there is none of this id."""
        return None if order_id is None else self._state.open.by_id.get(order_id)

    def open_orders(self, most: int, *, symbol: str | None = None, side: Side | None = None) -> list[Order]:
        """Returns up to `most` open orders; with `symbol` or `side`, only those."""
        by_id = self._state.open.by_id
        if symbol is None and side is None:
            return [each.order for each in islice(by_id.values(), most)]
        places = [place for place in self._state.open.counts if symbol in (None, place[0]) and side in (None, place[1])]
        ids = chain.from_iterable(self._state.open.ladder(*place).ids() for place in places)
        return [by_id[order_id].order for order_id in islice(ids, most)]

    def forbidden(self, most: int) -> list[Order]:
        """Returns up to `most` open orders that the controls forbid."""
        found: list[Order] = []
        for (symbol, side), count in self._state.open.counts.items():
            if count and len(found) < most and self.controls.forbids(symbol, side) is not None:
                found += self.open_orders(most - len(found), symbol=symbol, side=side)
        return found

    def reached(self, symbol: str, side: Side, opposite: Decimal) -> Iterator[OpenOrder]:
        """Yields the open orders that may trade at the best price of the other side, by price, then by age.

        An order that was yielded may be filled before the next one is asked for.
        """
        by_id = self._state.open.by_id
        return (by_id[order_id] for order_id in self._state.open.ladder(symbol, side).reached(opposite))

    def receive(self, request: OrderRequest, replaces: str | None, remember: float) -> Order:
        """Records a checked request as a new order.

        `replaces` is the order whose place it is to take; `remember` the seconds in which the same is a duplicate.
        """
        order_id = f"{self.account}-{self._state.sequence + 1}"
        order = self._step(None, order_id, events.OrderReceived(request=request, replaces=replaces))
        self._state.recent.note_order(self._journal, self.moment)
        self._state.recent.note_asked(self._journal, order, remember, self.moment)
        return order

    def deny(self, order: Order, denials: tuple[Denial, ...]) -> Order:
        """Records the guardrails' denials, which end the order."""
        return self._step(order, order.order_id, events.OrderDenied(denials=denials))

    def accept(self, order: Order, terms: Terms, arrival: events.MarketAtArrival | None = None) -> Order:
        """Records that the order may trade, and the market that it met. From here on its reserve counts."""
        self._terms[order.order_id] = terms
        return self._step(order, order.order_id, events.OrderAccepted(terms=terms, arrival=arrival))

    def fill(self, order: Order, book: Book, part: LevelFill, price: Decimal, fee: Decimal, how: FilledAs) -> Order:
        """Records one fill at `price` with its postings, and notes that its `part` of the book's level is used."""
        use = self._state.uses.consume(self._journal, book, order.side, part.price, part.quantity)
        fill = Fill(
            trade_id=f"{order.order_id}-{len(order.fills) + 1}",
            price=tidy(price),
            quantity=tidy(part.quantity),
            fee=tidy(fee),
            filled_at=self.at,
        )
        level = events.LevelTaken(price=part.price, shown=use.shown, sequence=book.sequence, seen_at=book.received_at)
        content = events.OrderFilled(fill=fill, liquidity=how.liquidity, level=level, rate=how.rate)
        filled = self._step(order, order.order_id, content)
        if not order.fills:
            self._state.recent.note_execution(self._journal, filled, self.moment)
        return filled

    def end(self, order: Order, status: Literal["cancelled", "expired"], reason: str) -> Order:
        """Records that the rest of the order is not traded any more."""
        return self._step(order, order.order_id, events.OrderEnded(status=status, reason=reason))

    def levels(self, book: Book, side: Side) -> Iterator[Level]:
        """Yields the levels that an order of `side` can trade against, less what our own fills have used."""
        return self._state.uses.levels(self._journal, book, side)

    def shortage(self, postings: Sequence[Posting]) -> str | None:
        """Returns why the account can't have these postings; None when it can."""
        return accounts.shortage(self._state.balances, self._state.open.reserved, postings)

    def take_back(self, sequence: int) -> bool:
        """Notes that the fill of an event is taken back; false when that was done before, since this writer began."""
        known = sequence in self._state.taken_back
        self._journal.put(self._state.taken_back, sequence, True)
        return not known

    def adjustment(self, client_key: str) -> LedgerEvent | None:
        """Returns what an operator's key did since this writer began; None for a key that did nothing since."""
        return self._state.adjustments.get(client_key)

    def adjust(self, content: events.AdjustmentContent) -> LedgerEvent:
        """Records a deposit, a withdrawal or a write-off. Raises `NotFree` when the account can't bear it."""
        short = self.shortage(postings_of(content, None, None, self._state.balances))
        if short is not None:
            raise NotFree(short)
        event = self.record(content)
        self._journal.put(self._state.adjustments, content.client_key, event)
        if not isinstance(content, events.PositionWrittenOff):
            self._journal.assign(self._state, "transferred", event.sequence)
        return event

    def positions(self) -> list[Position]:
        """Returns one position for each symbol that was ever held."""
        return accounts.positions(self._state.balances)

    def view(self) -> View:
        """Returns the account as it is in memory now."""
        return View.of(self._state)

    def open_account(self, cash: Mapping[str, Decimal]) -> None:
        """Records the starting cash."""
        self.record(events.AccountOpened(cash=dict(cash)))

    def move_anchors(self, anchors: Anchors | None) -> None:
        """Sets the equities that losses are measured from; None forgets them."""
        self._journal.assign(self._state, "anchors", anchors)
        self._batch.move_anchors(self._journal, self.at)

    def forget_executions(self) -> None:
        """Counts executions anew from here."""
        self._state.recent.forget_executions(self._journal)

    def record(self, content: events.Content, order_id: str | None = None) -> LedgerEvent:
        """Records an event that changes no order."""
        recorded = self._state.record(content, self.at, None, order_id, None)
        self._batch.add(self._journal, recorded)
        return recorded.event

    def settle(self) -> None:
        """Keeps each new order as it is now, as the first answer to its key."""
        latest = {change.after.order_id: change.after for change in self.changes}
        for change in self.changes:
            if change.before is None:
                order = latest[change.after.order_id]
                self._batch.answer(self._journal, order)
                self._state.answer(order)

    def _step(self, order: Order | None, order_id: str, content: events.OrderContent) -> Order:
        recorded = self._state.record(content, self.at, order, order_id, self._terms_of(order_id))
        self._batch.add(self._journal, recorded)
        assert recorded.change is not None  # noqa: S101 - an event of an order changes it
        self.changes.append(recorded.change)
        return recorded.change.after

    def _terms_of(self, order_id: str) -> Terms | None:
        found = self.find(order_id)
        return self._terms.get(order_id) if found is None else found.terms
