"""Walks through an account's events and says at each of them what was held, open and free: a plain second opinion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from common.wire import OrderRequest
from executor.guardrails import Limits
from executor.ledger import events
from executor.ledger.events import LedgerEvent

ROUNDING = Fraction(1, 10**9)


class Came(NamedTuple):
    """An order: when it was received, and the codes that denied it."""

    at: datetime
    codes: set[str]


@dataclass
class Audit:
    """What one account has in TRY, as its events go by. `highest_fee` is a part of one, what open buys reserve for."""

    limits: Limits
    highest_fee: Fraction
    cash: Fraction = Fraction(0)
    held: dict[str, Fraction] = field(default_factory=dict)
    cost: dict[str, Fraction] = field(default_factory=dict)
    came: dict[str, Came] = field(default_factory=dict)
    filled: int = 0
    _asked: dict[str, OrderRequest] = field(default_factory=dict)
    _left: dict[str, Fraction] = field(default_factory=dict)

    def check(self, recorded: Iterable[LedgerEvent]) -> None:
        """Fails at the first event after which a limit is passed."""
        for event in recorded:
            self._take(event, str(event.order_id))
            self._check_funds(event)
        self._check_rate()

    def _take(self, event: LedgerEvent, order_id: str) -> None:
        match event.content:
            case events.AccountOpened(cash=cash):
                self.cash = Fraction(cash["TRY"])
            case events.OrderReceived(request=request):
                self._asked[order_id] = request
                self.came[order_id] = Came(event.recorded_at, set())
            case events.OrderDenied(denials=denials):
                self.came[order_id].codes.update(denial.code for denial in denials)
            case events.OrderAccepted():
                order = self._asked[order_id]
                self._left[order_id] = Fraction(order.quantity)
                if order.side == "buy" and order.limit_price is not None:
                    self._check_size(event, order, Fraction(order.limit_price))
            case events.OrderFilled(fill=fill):
                order, price = self._asked[order_id], Fraction(fill.price)
                self._trade(order_id, price, Fraction(fill.quantity), Fraction(fill.fee))
                if order.side == "buy" and order.type == "market":
                    self._check_size(event, order, price)
            case events.OrderEnded():
                del self._left[order_id]

    def _trade(self, order_id: str, price: Fraction, quantity: Fraction, fee: Fraction) -> None:
        symbol, side = self._asked[order_id].symbol, self._asked[order_id].side
        before, cost = self.held.get(symbol, Fraction(0)), self.cost.get(symbol, Fraction(0))
        signed = quantity if side == "buy" else -quantity
        self.cash -= signed * price + fee
        self.cost[symbol] = cost + (quantity * price if side == "buy" else -cost * quantity / before)
        self.held[symbol] = before + signed
        self.filled += 1
        self._left[order_id] -= quantity
        if not self._left[order_id]:
            del self._left[order_id]

    def _open(self, side: str) -> list[tuple[str, Fraction, Fraction]]:
        """Symbol, price and what is left of each order that rests."""
        asked = [(self._asked[order_id], left) for order_id, left in self._left.items()]
        return [
            (order.symbol, Fraction(order.limit_price), left)
            for order, left in asked
            if order.side == side and order.limit_price is not None
        ]

    def _check_size(self, event: LedgerEvent, order: OrderRequest, price: Fraction) -> None:
        """A purchase was accepted, or filled: no more may be held and be bought than its price allows."""
        coming = sum(left for symbol, _, left in self._open("buy") if symbol == order.symbol)
        worth, limit = (self.held.get(order.symbol, 0) + coming) * price, self.limits.max_position_notional["TRY"]
        assert worth <= Fraction(limit), f"MAX_POSITION at event {event.sequence}"

    def _check_funds(self, event: LedgerEvent) -> None:
        buys, sales = self._open("buy"), self._open("sell")
        wanted = sum(price * left for _, price, left in buys)
        assert self.cash >= wanted * (1 + self.highest_fee), f"cash at event {event.sequence}"
        for symbol, held in self.held.items():
            assert held >= sum(left for sold, _, left in sales if sold == symbol), f"{symbol} at event {event.sequence}"
        exposure = sum(self.cost.values()) + wanted
        assert exposure <= Fraction(self.limits.max_exposure["TRY"]) + ROUNDING, (
            f"MAX_EXPOSURE at event {event.sequence}"
        )

    def _check_rate(self) -> None:
        """An order is denied for its rate exactly when as many came within the second before it."""
        came = list(self.came.values())
        for number, order in enumerate(came):
            within = sum(order.at - earlier.at < timedelta(seconds=1) for earlier in came[:number])
            assert ("ORDER_RATE" in order.codes) == (within >= self.limits.max_orders_per_second), f"{within} before"


def part(percent: str) -> Fraction:
    """A percentage as a part of one."""
    return Fraction(Decimal(percent)) / 100
