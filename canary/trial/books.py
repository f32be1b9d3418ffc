"""Checks the books of one side after a trial: each order is there once, and the money follows from the fills (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from canary.trial.results import LONGEST_TOLD, Result, SideAnswer, result_of
from common import wire
from common.answers import AccountStatus, Positions

_FINAL = frozenset({"denied", "filled", "cancelled", "expired"})
_MOST_TOLD = 3


class TradedFill(wire.Message, frozen=True, kw_only=True):
    """A fill as an executor lists it, as far as its money goes.

    trade_id: its key.
    symbol, side: of its order.
    quote_currency: the currency of the price.
    price, quantity, fee: what was traded, and what it cost.
    """

    trade_id: str
    symbol: str
    side: wire.Side
    quote_currency: str
    price: Decimal
    quantity: Decimal
    fee: Decimal


class FillsPage(wire.Message, frozen=True, kw_only=True):
    """A page of `GET /v1/fills` of an executor.

    fills: newest first.
    next: the `before` of the next page; None on the last page.
    """

    fills: tuple[TradedFill, ...]
    next: int | None


class AccountBooks(wire.Message, frozen=True, kw_only=True):
    """An executor's books after a trial. The account was opened for the trial.

    before: the account before the first order.
    after: the account after the last one.
    positions: the positions after it.
    orders: every order of the account.
    fills: every fill of the account.
    """

    before: AccountStatus
    after: AccountStatus
    positions: Positions
    orders: tuple[wire.Order, ...]
    fills: tuple[TradedFill, ...]


def faults(books: AccountBooks, answers: Mapping[str, SideAnswer]) -> list[str]:
    """Returns a sentence for each thing that is wrong. `answers` are those to every order that must be in the books."""
    try:
        return [one[:LONGEST_TOLD] for one in (*_wrong_orders(books.orders, answers), *_wrong_money(books))]
    except ArithmeticError as error:
        return [f"its amounts can't be added up ({type(error).__name__})"]


def _wrong_orders(orders: Sequence[wire.Order], answers: Mapping[str, SideAnswer]) -> list[str]:
    listed = Counter(order.client_order_id for order in orders)
    lost = [key for key in answers if not listed[key]]
    twice = [key for key, count in listed.items() if count > 1]
    unknown = [key for key in listed if key not in answers]
    changed = [
        order.client_order_id
        for order in orders
        if order.client_order_id in answers and _changed(order, result_of(answers[order.client_order_id]))
    ]
    kinds = (
        ("{} that it answered are not in its ledger", lost),
        ("{} are in its ledger twice", twice),
        ("{} are in its ledger and nobody sent them", unknown),
        ("{} stand in its ledger otherwise than it answered", changed),
    )
    return [sentence.format(_orders(keys)) for sentence, keys in kinds if keys]


def _changed(order: wire.Order, told: Result) -> bool:
    """An order that had not ended when it was answered may have gone on."""
    if told.order[0] not in _FINAL:
        return False
    told_fills = [tuple(map(Decimal, one)) for one in told.fills]
    return told.order[0] != order.status or told_fills != [(one.price, one.quantity, one.fee) for one in order.fills]


def _wrong_money(books: AccountBooks) -> list[str]:
    owed = dict(books.before.cash)
    quantities: dict[str, Decimal] = {}
    for fill in books.fills:
        sign = 1 if fill.side == "buy" else -1
        paid = sign * fill.price * fill.quantity + fill.fee
        owed[fill.quote_currency] = owed.get(fill.quote_currency, Decimal(0)) - paid
        quantities[fill.symbol] = quantities.get(fill.symbol, Decimal(0)) + sign * fill.quantity
    found = [
        f"it has {books.after.cash.get(currency, Decimal(0)):f} {currency}, {amount:f} by its fills"
        for currency, amount in owed.items()
        if books.after.cash.get(currency, Decimal(0)) != amount
    ]
    positions = {one.symbol: one.quantity for one in books.positions.positions}
    found += [
        f"it holds {held:f} of {symbol}, {traded:f} by its fills"
        for symbol in {**positions, **quantities}
        if (held := positions.get(symbol, Decimal(0))) != (traded := quantities.get(symbol, Decimal(0)))
    ]
    return found


def _orders(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_MOST_TOLD])
    more = f" and {len(keys) - _MOST_TOLD} more" if len(keys) > _MOST_TOLD else ""
    return f"{len(keys)} {'order' if len(keys) == 1 else 'orders'} ({shown}{more})"
