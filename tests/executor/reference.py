"""A second, plain matcher to hold the executor against. Whole numbers only, one account, no code of the executor.

Prices are in hundredths, quantities in ten-thousandths, and what a wallet holds in 10^-10 of its unit, so that every
product is exact. It knows the refusals NO_QUOTE, MIN_NOTIONAL, PRICE_COLLAR, FAR_PRICE, POST_ONLY, INSUFFICIENT_FUNDS
and SELF_TRADE, that an order that has ended stays as it is, and that only what is free leaves the account; all other
limits must be out of reach where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from common.wire import OrderStatus, Side, TimeInForce
from tests.executor.reference_money import AMOUNT, PRICE, QUANTITY, UNIT, Money

FEE_STEP = AMOUNT // 10**8
TAKER, MAKER = 12, 6
"""Hundredths of a percent."""
COLLAR, FAR = Fraction(2, 100), Fraction(1, 2)
LEAST_NOTIONAL = 10 * PRICE * QUANTITY


class Fill(NamedTuple):
    """What one trade was: the fee is in 10^-10 of the quote currency."""

    price: int
    quantity: int
    fee: int


class Shown(NamedTuple):
    """A book, best levels first, and when it arrived."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    seen: int

    def opposite(self, side: Side) -> tuple[tuple[int, int], ...]:
        """The levels that an order of this side trades against."""
        return self.asks if side == "buy" else self.bids

    @property
    def middle(self) -> Fraction | None:
        """The middle of the best prices, or the best of the one side that is there."""
        best = [side[0][0] for side in (self.bids, self.asks) if side]
        return Fraction(sum(best), len(best)) if best else None


@dataclass
class Placed:
    """An order, and what became of it."""

    symbol: str
    side: Side
    quantity: int
    price: int | None
    time_in_force: TimeInForce
    post_only: bool = False
    codes: list[str] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    ended: Literal["", "denied", "cancelled", "expired"] = ""

    @property
    def left(self) -> int:
        return self.quantity - sum(fill.quantity for fill in self.fills)

    @property
    def status(self) -> OrderStatus:
        if self.ended:
            return self.ended
        return "filled" if not self.left else "partially_filled" if self.fills else "accepted"

    @property
    def open(self) -> bool:
        return not self.ended and self.left > 0


@dataclass
class Note:
    """A level that fills have used: what it showed, how much of that is gone, and when the newest such book arrived."""

    shown: int
    used: int
    seen: int


class Reference(Money):
    """Orders are known by the key that they were placed under, oldest first."""

    def __init__(self, cash: Mapping[str, int], pairs: Mapping[str, tuple[str, str]], marks: Mapping[str, int]) -> None:
        super().__init__(cash, pairs, marks)
        self.orders: dict[str, Placed] = {}
        self.notes: dict[tuple[str, Side], dict[int, Note]] = {}

    def place(self, key: str, order: Placed, book: Shown, old: str | None = None) -> None:
        """An order comes in; with `old`, in the place of that one."""
        others = [known for name, known in self.orders.items() if known.open and name != old]
        self.orders[key] = order
        taking, bound = self._plan(order, book)
        order.codes = list(self._refusals(order, book, taking, bound, others))
        if order.codes:
            order.ended = "denied"
            return
        if old is not None:
            self.orders[old].ended = "cancelled"
        whole = sum(quantity for _, quantity in taking) == order.quantity
        if order.time_in_force != "FOK" or whole:
            for price, quantity in taking:
                self._trade(order, price, quantity, TAKER)
                self._use(order, book, price, quantity)
        if order.time_in_force != "GTC" and order.left:
            order.ended = "expired"

    def replace(self, key: str, old: str, quantity: int | None, price: int | None, book: Shown) -> bool:
        """Asks for an order in the place of an open one; false when that one has ended."""
        known = self.orders[old]
        if not known.open:
            return False
        wanted = quantity or known.left, price or known.price
        self.place(key, Placed(known.symbol, known.side, *wanted, "GTC", known.post_only), book, old)
        return True

    def cancel(self, key: str) -> bool:
        """False when the order has ended."""
        was_open = self.orders[key].open
        if was_open:
            self.orders[key].ended = "cancelled"
        return was_open

    def match(self, books: Mapping[str, Shown]) -> None:
        """Looks at the equity, and fills what rests, where the best price reaches it: buys, then sales, by price, then
        by age."""
        self.look()
        for symbol, book in sorted(books.items()):
            for side in ("buy", "sell"):
                resting = [order for order in self.orders.values() if (order.symbol, order.side) == (symbol, side)]
                best = book.opposite(side)[:1]
                for order in sorted(resting, key=_eagerness):
                    if order.open and order.price and best and _reaches(side, best[0][0], order.price):
                        for price, quantity in self._walk(order, book, order.price):
                            self._trade(order, order.price, quantity, MAKER)
                            self._use(order, book, price, quantity)

    def transfer(self, currency: str, amount: int) -> bool:
        """A deposit, or a withdrawal where the amount is negative; false when so much is not free."""
        free = self.holds(currency) - self.reserved(currency)
        if free + amount < 0:
            return False
        self.pay(currency, amount)
        return True

    def write_off(self, symbol: str, quantity: int | None) -> Literal["done", "not held", "not free"]:
        """Gives a position up, or a part of it."""
        held = 0 if self._pairs[symbol][0] in self.cash else self.holds(symbol)
        given_up = held if quantity is None else quantity * UNIT
        if not held:
            return "not held"
        if given_up > held - self.reserved(symbol):
            return "not free"
        self.give_up(symbol, given_up)
        return "done"

    def reserved(self, name: str, orders: Iterable[Placed] | None = None) -> int:
        """What open orders hold back of a wallet: sales what they sell, buys their price and the higher fee."""
        known = self.orders.values() if orders is None else orders
        mine = [order for order in known if order.open and self._payer(order) == name]
        return sum(_held_back(order.side, order.price or 0, order.left) for order in mine)

    def _plan(self, order: Placed, book: Shown) -> tuple[list[tuple[int, int]], Fraction]:
        middle = book.middle
        if middle is None:
            return [], Fraction(0)
        furthest = middle * (1 + COLLAR) if order.side == "buy" else middle * (1 - COLLAR)
        bound = furthest if order.price is None else Fraction(order.price)
        return self._walk(order, book, bound), bound

    def _refusals(
        self, order: Placed, book: Shown, taking: list[tuple[int, int]], bound: Fraction, others: list[Placed]
    ) -> Iterable[str]:
        middle, opposite = book.middle, book.opposite(order.side)
        best = opposite[0][0] if opposite else None
        if middle is None or (order.price is None and not (book.bids and book.asks)):
            yield "NO_QUOTE"
        filled = sum(quantity for _, quantity in taking) == order.quantity
        reach = Fraction(taking[-1][0]) if filled else bound
        stays_out = order.time_in_force == "FOK" and not filled
        dearest = reach if order.side == "buy" and not stays_out else None
        counted = order.price or dearest or middle
        if counted is not None and counted * order.quantity < LEAST_NOTIONAL:
            yield "MIN_NOTIONAL"
        asked = order.price or best
        if middle and asked:
            beyond = asked - middle if order.side == "buy" else middle - asked
            if beyond > middle * COLLAR:
                yield "PRICE_COLLAR"
            if -beyond > middle * FAR:
                yield "FAR_PRICE"
        if order.post_only and best and order.price and _reaches(order.side, best, order.price):
            yield "POST_ONLY"
        if middle is None:
            return
        name = self._payer(order)
        if self._needs(order, taking) > self.holds(name) - self.reserved(name, others):
            yield "INSUFFICIENT_FUNDS"
        against = [each.price for each in others if each.symbol == order.symbol and each.side != order.side]
        if not stays_out and any(price and _reaches(order.side, price, reach) for price in against):
            yield "SELF_TRADE"

    def _needs(self, order: Placed, taking: list[tuple[int, int]]) -> int:
        if order.side == "buy" and order.price is None:
            return sum(_held_back("buy", price, quantity) for price, quantity in taking)
        return _held_back(order.side, order.price or 0, order.quantity)

    def _payer(self, order: Placed) -> str:
        base, quote = self._pairs[order.symbol]
        return quote if order.side == "buy" else base if base in self.cash else order.symbol

    def _trade(self, order: Placed, price: int, quantity: int, percent: int) -> None:
        notional = _notional(price, quantity)
        fee = notional * percent // 10_000 // FEE_STEP * FEE_STEP
        sign = 1 if order.side == "buy" else -1
        self.trade(order.symbol, sign * quantity * UNIT, sign * notional, fee)
        order.fills.append(Fill(price, quantity, fee))
        assert order.left >= 0

    def _walk(self, order: Placed, book: Shown, bound: Fraction | int) -> list[tuple[int, int]]:
        """What the order gets of what is left of the book; a level of which all is used is passed over."""
        self._note_gone(order, book)
        parts, wanted = [], order.left
        for price, shown in book.opposite(order.side):
            part = min(wanted, self._left(order, price, shown, book.seen))
            if part and _reaches(order.side, price, bound):
                parts.append((price, part))
                wanted -= part
        return parts

    def _note_gone(self, order: Placed, book: Shown) -> None:
        """A newer book that shows a used level no more leaves nothing of it to older ones."""
        shown = dict(book.opposite(order.side))
        for price, note in self._notes(order).items():
            if price not in shown and note.shown and book.seen > note.seen:
                note.shown, note.used, note.seen = 0, 0, book.seen

    def _left(self, order: Placed, price: int, shown: int, seen: int) -> int:
        note = self._notes(order).get(price)
        if note is None or (shown != note.shown and seen > note.seen):
            return shown
        return max(0, min(shown, note.shown - note.used))

    def _use(self, order: Placed, book: Shown, price: int, quantity: int) -> None:
        shown = dict(book.opposite(order.side))[price]
        note = self._notes(order).setdefault(price, Note(shown, 0, book.seen))
        if shown != note.shown and book.seen > note.seen:
            note.shown, note.used = shown, 0
        note.used, note.seen = note.used + quantity, max(note.seen, book.seen)
        assert note.used <= note.shown, f"level {price} is over-filled"

    def _notes(self, order: Placed) -> dict[int, Note]:
        return self.notes.setdefault((order.symbol, order.side), {})


def _notional(price: int, quantity: int) -> int:
    return price * quantity * AMOUNT // (PRICE * QUANTITY)


def _held_back(side: Side, price: int, quantity: int) -> int:
    """What must be there for a trade: the notional and the higher fee, or what is sold."""
    return _notional(price, quantity) * (10_000 + TAKER) // 10_000 if side == "buy" else quantity * UNIT


def _reaches(side: Side, price: int | Fraction, bound: int | Fraction) -> bool:
    return price <= bound if side == "buy" else price >= bound


def _eagerness(order: Placed) -> int:
    return -(order.price or 0) if order.side == "buy" else (order.price or 0)
