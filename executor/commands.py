"""The commands that the writer of the account does for any executor: a message for each, and its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from common import wire
from common.answers import Positions
from executor import orders
from executor.adjustments import transfer, write_off
from executor.batch_messages import BatchAnswers
from executor.batches import submit_all
from executor.cancel import cancel, cancel_all, cancelling
from executor.command_messages import (
    AnyCommand,
    CancelAll,
    CancelOrder,
    MoveCash,
    PlaceOrder,
    PlaceOrders,
    PreviewOrder,
    Read,
    ReplaceOrder,
    ReverseFill,
    SetKillSwitch,
    SetLimits,
    SetTradingState,
    WriteOffPosition,
)
from executor.context import TradingContext
from executor.controls import Controlling
from executor.messages import (
    CancelAllRequest,
    CancelledOrders,
    account_status,
)
from executor.metrics import Metrics
from executor.preview import preview
from executor.reversals import reverse
from executor.step import OrderResult, Step
from executor.submit import placing, replace, submit

log = logging.getLogger(__name__)


NOT_WRITING = 421
"""The status with which an executor refuses a command, because it does not write the account."""


class Answer(NamedTuple):
    """The answer to a command.

    status: the HTTP status.
    body: JSON.
    """

    status: int
    body: bytes


class Commands:
    """Does the commands; only the executor that writes the account can."""

    def __init__(self, trading: TradingContext, metrics: Metrics) -> None:
        self._trading, self._metrics = trading, metrics
        self._controls = Controlling(trading, metrics)
        self._readings: dict[str, Callable[[], object]] = {
            "account": self._account,
            "positions": self._positions,
            "valuation": lambda: trading.value(trading.ledger.view()),
            "kill-switch": self._controls.switches,
            "trading-state": self._controls.state,
            "limits": self._controls.limits,
        }

    def do(self, command: AnyCommand) -> Answer:
        """Returns the answer once it is durable. Raises `ServiceError`."""
        match command:
            case PlaceOrder(request=request):
                with self._metrics.duration.time():
                    result = submit(request, self._trading)
                return self.answer(result)
            case PlaceOrders(requests=requests):
                return self._place_all(requests)
            case PreviewOrder(request=request):
                return Answer(200, wire.encode(preview(request, self._trading)))
            case ReplaceOrder(order_id=order_id, request=request):
                with self._metrics.duration.time():
                    result = replace(order_id, request, self._trading)
                return self.answer(result)
            case CancelOrder(order_id=order_id):
                return self.answer(cancel(order_id, self._trading.ledger))
            case CancelAll(request=request):
                return Answer(200, wire.encode(self._cancel_all(request)))
            case ReverseFill(trade_id=trade_id, reason=reason):
                return Answer(201, wire.encode(reverse(trade_id, reason, self._trading)))
            case MoveCash(direction=direction, request=request):
                return _adjusted(*transfer(direction, request, self._trading))
            case WriteOffPosition(request=request):
                return _adjusted(*write_off(request, self._trading))
            case SetKillSwitch(request=request):
                return Answer(200, wire.encode(self._controls.set_switch(request)))
            case SetTradingState(request=request):
                return Answer(200, wire.encode(self._controls.set_state(request)))
            case SetLimits(request=request):
                return Answer(200, wire.encode(self._controls.set_limits(request)))
            case Read(part=part):
                return Answer(200, wire.encode(self._readings[part]()))

    def step(self, command: AnyCommand) -> Step | None:
        """Returns the step of a command that waits for nothing but the ledger; None for any other command.

        Raises `InvalidRequest`.
        """
        match command:
            case PlaceOrder(request=request):
                wanted = orders.check(request)
                view = self._trading.quotes.at_hand(wanted.symbol)
                return None if view is None else placing(wanted, view, self._trading)
            case CancelOrder(order_id=order_id):
                return cancelling(order_id, self._trading.ledger)
            case _:
                return None

    def answer(self, result: OrderResult) -> Answer:
        """Returns the answer to a request about an order."""
        self._note(result)
        return Answer(201 if result.new else 200, wire.encode(result.order))

    def _place_all(self, requests: Sequence[msgspec.Raw]) -> Answer:
        with self._metrics.duration.time():
            found = submit_all(requests, self._trading)
        for result in found.results:
            self._note(result)
        return Answer(200, wire.encode(BatchAnswers(market=self._trading.market, answers=tuple(found.answers))))

    def _note(self, result: OrderResult) -> None:
        """Counts and logs what a request about an order did."""
        self._metrics.count(result.changes)
        near, order = self._metrics.note_uses(result.uses), result.order
        if near:
            shares = {code: f"{result.uses[code].share:.0%}" for code in near}
            log.warning("near a limit", extra={"order_id": order.order_id, "used": shares})
        if result.changes and order.denials:
            told = {"order_id": order.order_id, "symbol": order.symbol}
            log.info("order denied", extra={**told, "denials": [denial.code for denial in order.denials]})

    def _account(self) -> object:
        view = self._trading.ledger.view()
        return account_status(self._trading.market, view.account, view.controls.state)

    def _positions(self) -> object:
        ledger = self._trading.ledger
        held = tuple(ledger.positions())
        return Positions(market=self._trading.market, account=ledger.account_name, positions=held)

    def _cancel_all(self, request: CancelAllRequest) -> CancelledOrders:
        changes = cancel_all(request.symbol, self._trading.ledger)
        self._metrics.count(changes)
        log.warning("all orders cancelled", extra={"symbol": request.symbol, "count": len(changes)})
        return CancelledOrders(market=self._trading.market, cancelled=tuple(change.after for change in changes))


def _adjusted(found: wire.Message, new: bool) -> Answer:
    return Answer(201 if new else 200, wire.encode(found))
