"""Two executors on one ledger, and the reference, which are told the same and must come to the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from common import wire
from common.wire import Order, OrderRequest
from executor.adjustment_messages import TransferRequest, WriteOffRequest
from executor.adjustments import transfer, write_off
from executor.batches import submit_all
from executor.cancel import cancel
from executor.context import TradingContext
from executor.equity import EquityWatch
from executor.errors import NotFree, OrderFinal, UnknownPosition
from executor.guardrails import Limits
from executor.matching import Matcher
from executor.metrics import Metrics
from executor.orders import ReplaceRequest
from executor.paper import Fees
from executor.submit import replace, submit
from tests.common.local import eventually
from tests.executor import pair_checks as checks
from tests.executor.holding import holding
from tests.executor.reference import MAKER, TAKER, Placed, Reference, Shown
from tests.executor.reference_money import AMOUNT, PRICE, QUANTITY
from tests.executor.seen import PAIRS, Seen
from tests.executor.standin import BEGIN, Place
from tests.executor.steps import Amend, Asking, Batch, GiveUp, Move, Pay, Price, Put, Rush, Step

CASH = {"TRY": Decimal(4000), "USDT": Decimal(900)}
FAR = {"TRY": Decimal(10**9), "USDT": Decimal(10**9)}
WIDE = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(2),
    max_order_notional=FAR,
    max_position_notional=FAR,
    max_exposure=FAR,
    max_orders_per_second=10_000,
    max_daily_loss_percent=Decimal(1000),
    max_drawdown_percent=Decimal(1000),
)
MARKS = dict.fromkeys(PAIRS, 10_000)


@dataclass(frozen=True)
class Asked:
    """A question to an executor.

    call: asks; returns an order, or nothing of interest.
    key: the key of that order; None where it is about none.
    refused: the failure that the reference says there is; None where it is done.
    """

    call: Callable[[], object]
    key: str | None = None
    refused: type[Exception] | None = None


class Both:
    """Two executors on one ledger, and the reference, which are told the same."""

    def __init__(self, place: Place) -> None:
        percent = Fees(taker_percent=Decimal(TAKER) / 100, maker_percent=Decimal(MAKER) / 100)
        marked = dict(MARKS)
        self.seen = (Seen(marked), Seen(marked))
        self.contexts = [
            TradingContext(
                "simulated", place.ledger(CASH, lambda: BEGIN), seen, WIDE, percent, "TRY", EquityWatch(lambda: 0.0)
            )
            for seen in self.seen
        ]
        self.matchers = [Matcher(context, Metrics(CollectorRegistry(), CASH, "TRY")) for context in self.contexts]
        self.reference = Reference({unit: checks.whole(amount, AMOUNT) for unit, amount in CASH.items()}, PAIRS, MARKS)
        self.ids: dict[str, str] = {}
        self.leading = 1
        for context in self.contexts:
            context.ledger.prepare()
        self.lead(0)
        self.moves = self.adjusted = 0
        self.paid = dict.fromkeys(CASH, Decimal(0))

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
            case Batch():
                self._batch(step)
            case Price(symbol, mark):
                self.seen[0].marked[symbol] = self.reference.marks[symbol] = mark
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

    def _one(self, step: Asking) -> None:
        self.lead(step.executor)
        asked = self._ask(step)
        if asked is None:
            return
        if asked.refused:
            with pytest.raises(asked.refused):
                asked.call()
            return
        self._answered(asked.key, asked.call(), compare=True)

    def _rush(self, steps: list[Asking]) -> None:
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
                assert isinstance(answer.exception(), each.refused)
            else:
                self._answered(each.key, answer.result())

    def _batch(self, step: Batch) -> None:
        """Each order is answered as it would be alone."""
        self.lead(step.executor)
        requests = [self._told(put._replace(executor=step.executor)) for put in (step.puts * step.times)[:49]]
        raws, middle = [wire.encode(request) for request in requests], len(requests) // 2 + 1
        other = {"again": {}, "changed": {"quantity": Decimal(77)}, "bad": {"quantity": Decimal(0)}}.get(step.midst)
        if other is not None:
            raws.insert(middle, wire.encode(msgspec.structs.replace(requests[0], **other)))
        answers = list(submit_all([msgspec.Raw(raw) for raw in raws], self.contexts[step.executor]).answers)
        assert len(answers) == len(raws) <= 50
        if other is not None:
            odd = answers.pop(middle)
            assert odd.status == {"again": 200, "changed": 409, "bad": 422}[step.midst]
            assert odd.order == (answers[0].order if step.midst == "again" else None)
        for request, answer in zip(requests, answers, strict=True):
            assert (answer.status, answer.error) == (201, None)
            self._answered(request.client_order_id, answer.order, compare=True)

    def _answered(self, key: str | None, answer: object, *, compare: bool = False) -> None:
        if key is None:
            return
        assert isinstance(answer, Order)
        self.ids[key] = answer.order_id
        if compare:
            checks.compare_order(self.reference.orders[key], answer)

    def _ask(self, step: Asking) -> Asked | None:
        """Tells the reference; what the executor is to be told is left to the caller. None when there is no order that
        could be amended."""
        context = self.contexts[step.executor]
        match step:
            case Put():
                request = self._told(step)
                return Asked(lambda: submit(request, context).order, request.client_order_id)
            case Pay():
                return self._pay(step, context)
            case GiveUp():
                return self._give_up(step, context)
        known = [name for name in self.ids if self.reference.orders[name].open] or list(self.ids)[-1:]
        return self._amend(step, known[step.which % len(known)]) if known else None

    def _pay(self, step: Pay, context: TradingContext) -> Asked:
        self.adjusted += 1
        amount = Decimal(abs(step.amount)) / 100
        wanted = TransferRequest(client_key=f"a{self.adjusted}", currency=step.currency, amount=amount, reason="test")
        done = self.reference.transfer(step.currency, step.amount * AMOUNT // 100)
        self.paid[step.currency] += Decimal(step.amount) / 100 if done else 0
        direction: Any = "deposit" if step.amount > 0 else "withdrawal"
        return Asked(lambda: transfer(direction, wanted, context), refused=None if done else NotFree)

    def _give_up(self, step: GiveUp, context: TradingContext) -> Asked:
        self.adjusted += 1
        quantity = None if step.quantity is None else Decimal(step.quantity) / QUANTITY
        wanted = WriteOffRequest(client_key=f"a{self.adjusted}", symbol=step.symbol, quantity=quantity, reason="test")
        came_to = self.reference.write_off(step.symbol, step.quantity)
        refused = {"done": None, "not held": UnknownPosition, "not free": NotFree}[came_to]
        return Asked(lambda: write_off(wanted, context), refused=refused)

    def _told(self, step: Put) -> OrderRequest:
        """Tells the reference of a new order; returns the request that the executor is to be told."""
        key, (kind, option) = f"k{len(self.reference.orders)}", step.kind.split()
        force: Any = "GTC" if option == "post" else option
        price = step.price if kind == "limit" else None
        order = Placed(step.symbol, step.side, step.quantity, price, force, option == "post")
        self.reference.place(key, order, self.seen[step.executor].shown[step.symbol])
        return OrderRequest(
            client_order_id=key,
            symbol=step.symbol,
            side=step.side,
            type="market" if price is None else "limit",
            quantity=Decimal(step.quantity) / QUANTITY,
            limit_price=None if price is None else Decimal(price) / PRICE,
            time_in_force=force,
            post_only=order.post_only,
        )

    def _amend(self, step: Amend, old: str) -> Asked:
        order_id, context = self.ids[old], self.contexts[step.executor]
        if step.quantity is None and step.price is None:
            done = self.reference.cancel(old)
            return Asked(lambda: cancel(order_id, context.ledger).order, old, None if done else OrderFinal)
        key, book = f"k{len(self.reference.orders)}", self.seen[step.executor].shown[self.reference.orders[old].symbol]
        done = self.reference.replace(key, old, step.quantity, step.price, book)
        wanted = ReplaceRequest(
            client_order_id=key,
            quantity=None if step.quantity is None else Decimal(step.quantity) / QUANTITY,
            limit_price=None if step.price is None else Decimal(step.price) / PRICE,
        )
        return Asked(lambda: replace(order_id, wanted, context).order, key, None if done else OrderFinal)

    def compare_account(self, executor: int) -> None:
        self.lead(executor)
        checks.compare_account(self.contexts[executor], self.reference)

    def compare_all(self, executor: int) -> None:
        self.lead(executor)
        checks.compare_all(self.contexts[executor], self.reference)
