"""Two executors on one ledger, and the reference, which are told the same and must come to the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from common.wire import Book, Instrument, Level, Order, OrderRequest
from executor.cancel import cancel
from executor.context import TradingContext
from executor.equity import EquityWatch
from executor.errors import OrderFinal
from executor.guardrails import Limits
from executor.ledger.listing import OrderFilter
from executor.market.symbol_view import SymbolView
from executor.matching import Matcher
from executor.metrics import Metrics
from executor.orders import ReplaceRequest
from executor.paper import Fees
from executor.quotes import QuoteClient
from executor.submit import replace, submit
from executor.valuation import Mark, Marks, pair
from tests.common.local import eventually
from tests.executor.holding import holding
from tests.executor.reference import AMOUNT, MAKER, PRICE, QUANTITY, TAKER, Placed, Reference, Shown
from tests.executor.standin import BEGIN, BTCTRY, BTCUSDT, USDTTRY, Place
from tests.executor.steps import Amend, Move, Put, Rush, Step

PAIRS = {BTCTRY: ("BTC", "TRY"), USDTTRY: ("USDT", "TRY"), BTCUSDT: ("BTC", "USDT")}
CASH = {"TRY": Decimal(4000), "USDT": Decimal(900)}
FAR = {"TRY": Decimal(10**9), "USDT": Decimal(10**9)}
WIDE = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(2),
    max_order_notional=FAR,
    max_position_notional=FAR,
    max_exposure=FAR,
    max_orders_per_second=10_000,
    max_daily_loss_percent=Decimal(100),
    max_drawdown_percent=Decimal(100),
)
FIRST = Shown(((9990, 20_000), (9980, 50_000)), ((10_010, 60_000), (10_020, 50_000)), 0)


class Seen(QuoteClient):
    """The books that one executor sees."""

    def __init__(self) -> None:
        self.shown = dict.fromkeys(PAIRS, FIRST)
        self.monotonic = lambda: 0.0

    def look(self, symbol: str) -> SymbolView:
        shown, (base, quote) = self.shown[symbol], PAIRS[symbol]
        instrument = Instrument(
            symbol=symbol,
            base_asset=base,
            quote_currency=quote,
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.0001"),
            min_notional=Decimal(10),
        )
        book = Book(
            symbol=symbol,
            market="simulated",
            source="test",
            delayed=False,
            sequence=shown.seen,
            received_at=BEGIN + timedelta(seconds=shown.seen),
            base_asset=base,
            quote_currency=quote,
            bids=_levels(shown.bids),
            asks=_levels(shown.asks),
            age_seconds=0.1,
            stale=False,
        )
        return SymbolView(symbol, book, instrument, 0.0)

    def marks(self) -> Marks:
        return Marks({symbol: Mark(symbol, *pair, Decimal(100), "mid", 0.1, False) for symbol, pair in PAIRS.items()})

    def pair(self, unit: str, currency: str) -> Mark | None:
        return pair(self.marks().by_symbol.values(), unit, currency)


def _levels(side: tuple[tuple[int, int], ...]) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(price) / PRICE, quantity=Decimal(quantity) / QUANTITY) for price, quantity in side)


@dataclass(frozen=True)
class Asked:
    """What an executor is to be asked, for the order of a key, and whether the reference refuses it."""

    key: str
    call: Callable[[], Order]
    refused: bool = False


class Both:
    """Two executors on one ledger, and the reference, which are told the same."""

    def __init__(self, place: Place) -> None:
        percent = Fees(taker_percent=Decimal(TAKER) / 100, maker_percent=Decimal(MAKER) / 100)
        self.seen = (Seen(), Seen())
        self.contexts = [
            TradingContext(
                "simulated", place.ledger(CASH, lambda: BEGIN), seen, WIDE, percent, "TRY", EquityWatch(lambda: 0.0)
            )
            for seen in self.seen
        ]
        self.matchers = [Matcher(context, Metrics(CollectorRegistry(), CASH, "TRY")) for context in self.contexts]
        self.reference = Reference({unit: _whole(amount, AMOUNT) for unit, amount in CASH.items()}, PAIRS)
        self.ids: dict[str, str] = {}
        self.leading = 1
        for context in self.contexts:
            context.ledger.prepare()
        self.lead(0)
        self.moves = 0

    def close(self) -> None:
        for context in self.contexts:
            context.ledger.close()

    def lead(self, executor: int) -> None:
        """Has an executor write the account; it takes over from the other, and loads what that one left."""
        if self.leading != executor:
            self.contexts[self.leading].ledger.writer.stop()
            self.leading = executor
        self.contexts[executor].ledger.step()

    def do(self, step: Step) -> None:
        match step:
            case Move():
                self._move(step)
            case Rush(asked):
                self._rush(asked)
            case _:
                self._one(step)

    def _move(self, step: Move) -> None:
        self.moves += 1
        bids = tuple((step.middle - 10 * (n + 1), size) for n, size in enumerate(step.bids) if size)
        asks = tuple((step.middle + 10 * (n + 1), size) for n, size in enumerate(step.asks) if size)
        for number in step.seen_by:
            self.seen[number].shown[step.symbol] = Shown(bids, asks, self.moves)
        for number in step.matched_by:
            self.lead(number)
            self.matchers[number].pass_once()
            self.reference.match(self.seen[number].shown)

    def _one(self, step: Put | Amend) -> None:
        self.lead(step.executor)
        asked = self._ask(step)
        if asked is None:
            return
        if asked.refused:
            with pytest.raises(OrderFinal):
                asked.call()
            return
        order = asked.call()
        self.ids[asked.key] = order.order_id
        self.compare_order(asked.key, order)

    def _rush(self, steps: list[Put | Amend]) -> None:
        """All at the executor of the first one; what the reference did one after the other is compared later."""
        self.lead(steps[0].executor)
        ledger = self.contexts[steps[0].executor].ledger
        calls = [self._ask(step._replace(executor=steps[0].executor)) for step in steps]
        asked = [call for call in calls if call is not None]
        with ThreadPoolExecutor(len(asked) + 1) as pool, holding(ledger, pool) as waiting:
            answers = []
            for number, each in enumerate(asked, start=1):
                answers.append(pool.submit(each.call))
                eventually(lambda number=number: waiting() >= number)  # type: ignore[misc]
        for each, answer in zip(asked, answers, strict=True):
            if each.refused:
                assert isinstance(answer.exception(), OrderFinal)
            else:
                self.ids[each.key] = answer.result().order_id

    def _ask(self, step: Put | Amend) -> Asked | None:
        """Tells the reference; what the executor is to be told is left to the caller. None when there is no order that
        could be amended."""
        if isinstance(step, Put):
            return self._put(step)
        known = [name for name in self.ids if self.reference.orders[name].open] or list(self.ids)[-1:]
        return self._amend(step, known[step.which % len(known)]) if known else None

    def _put(self, step: Put) -> Asked:
        key, context, (kind, option) = f"k{len(self.reference.orders)}", self.contexts[step.executor], step.kind.split()
        force: Any = "GTC" if option == "post" else option
        price = step.price if kind == "limit" else None
        order = Placed(step.symbol, step.side, step.quantity, price, force, option == "post")
        self.reference.place(key, order, self.seen[step.executor].shown[step.symbol])
        request = OrderRequest(
            client_order_id=key,
            symbol=step.symbol,
            side=step.side,
            type="market" if price is None else "limit",
            quantity=Decimal(step.quantity) / QUANTITY,
            limit_price=None if price is None else Decimal(price) / PRICE,
            time_in_force=force,
            post_only=order.post_only,
        )
        return Asked(key, lambda: submit(request, context).order)

    def _amend(self, step: Amend, old: str) -> Asked:
        order_id, context = self.ids[old], self.contexts[step.executor]
        if step.quantity is None and step.price is None:
            done = self.reference.cancel(old)
            return Asked(old, lambda: cancel(order_id, context.ledger).order, refused=not done)
        key, book = f"k{len(self.reference.orders)}", self.seen[step.executor].shown[self.reference.orders[old].symbol]
        done = self.reference.replace(key, old, step.quantity, step.price, book)
        wanted = ReplaceRequest(
            client_order_id=key,
            quantity=None if step.quantity is None else Decimal(step.quantity) / QUANTITY,
            limit_price=None if step.price is None else Decimal(step.price) / PRICE,
        )
        return Asked(key, lambda: replace(order_id, wanted, context).order, refused=not done)

    def compare_order(self, key: str, order: Order) -> None:
        expected = self.reference.orders[key]
        fills = [
            (_whole(fill.price, PRICE), _whole(fill.quantity, QUANTITY), _whole(fill.fee, AMOUNT))
            for fill in order.fills
        ]
        codes = [denial.code for denial in order.denials]
        assert (order.status, codes, fills) == (expected.status, expected.codes, expected.fills), key
        assert _whole(order.filled_quantity, QUANTITY) == expected.quantity - expected.left, key

    def compare_account(self, executor: int) -> None:
        self.lead(executor)
        account, expected = self.contexts[executor].ledger.view().account, self.reference
        for unit in CASH:
            found = _whole(account.cash[unit], AMOUNT), _whole(account.reserved[unit], AMOUNT)
            assert found == (expected.holds(unit), expected.reserved(unit)), unit
            assert found[0] >= found[1] >= 0
        assert account.open_orders == sum(order.open for order in expected.orders.values())

    def compare_all(self, executor: int) -> None:
        """Every order, position, fee and used level, as one executor reads them."""
        ledger, expected = self.contexts[executor].ledger, self.reference
        found = {order.client_order_id: order for order in ledger.list_orders(OrderFilter(), 500).items}
        assert found.keys() == expected.orders.keys()
        for key, order in found.items():
            self.compare_order(key, order)
        self.compare_account(executor)
        for held in ledger.positions():
            amounts = _whole(held.quantity, AMOUNT), _whole(held.fees, AMOUNT)
            assert amounts == (expected.holds(held.symbol), expected.fees[held.symbol]), held.symbol
        reign = ledger.writer.reign
        assert reign is not None
        for place, notes in reign._state.uses.by_place.items():
            levels = {
                _whole(price, PRICE): (_whole(note.shown, QUANTITY), _whole(note.used, QUANTITY))
                for price, note in notes.items()
            }
            wanted = {price: (note.shown, note.used) for price, note in expected.notes.get(place, {}).items()}
            assert levels == wanted, place


def _whole(value: Decimal, scale: int) -> int:
    found = value * scale
    assert found == int(found), f"{value} has more decimals than there can be"
    return int(found)
