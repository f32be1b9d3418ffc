"""Many orders in one request: each is decided as it would be alone, and all share one batch of the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from common import wire
from common.errors import InvalidRequest, ServiceError, error_body
from executor import orders
from executor.batch_messages import BatchedOrder
from executor.context import TradingContext
from executor.errors import LedgerUnavailable
from executor.market.symbol_view import SymbolView
from executor.step import OrderResult, Step
from executor.submit import placing

log = logging.getLogger(__name__)


class BatchAnswer(NamedTuple):
    """The answers to a batch.

    answers: one for each order, in their order.
    results: those of the orders that were decided.
    """

    answers: Sequence[BatchedOrder]
    results: Sequence[OrderResult]


def submit_all(requests: Sequence[msgspec.Raw], trading: TradingContext) -> BatchAnswer:
    """Takes the orders of a batch from request to result. All results are durable when this returns.

    Each has the answer that it would have got alone, one after the other. Raises `LedgerUnavailable`: then all may be
    asked for again with the same keys.
    """
    answers: list[BatchedOrder | None] = [None] * len(requests)
    views: dict[str, SymbolView] = {}
    steps: dict[int, Step] = {}
    for index, raw in enumerate(requests):
        try:
            wanted = orders.check(wire.decode(wire.OrderRequest, bytes(raw)))
        except InvalidRequest as error:
            answers[index] = _refused(index, error)
            continue
        view = views.get(wanted.symbol)
        if view is None:
            view = views[wanted.symbol] = trading.quotes.look(wanted.symbol)
        steps[index] = placing(wanted, view, trading)
    results = []
    jobs = trading.ledger.do_all([step.work for step in steps.values()]) if steps else ()
    for (index, step), job in zip(steps.items(), jobs, strict=True):
        answers[index], result = _concluded(step, job.outcome)
        results += [] if result is None else [result]
    return BatchAnswer([each for each in answers if each is not None], results)


def _concluded(step: Step, outcome: Callable[[], OrderResult]) -> tuple[BatchedOrder, OrderResult | None]:
    try:
        result = step.conclude(outcome)
    except LedgerUnavailable:
        raise
    except ServiceError as error:
        return BatchedOrder(status=error.status, error=error.to_json()["error"]), None
    except Exception as error:
        log.exception("an order of a batch failed unexpectedly")
        body = error_body("INTERNAL", f"the order failed ({type(error).__name__})")
        return BatchedOrder(status=500, error=body["error"]), None
    return BatchedOrder(status=201 if result.new else 200, order=result.order), result


def _refused(index: int, error: InvalidRequest) -> BatchedOrder:
    """Returns the answer to an order that can't be read: the field is told with the order's place."""
    told = error.to_json()["error"]
    told["details"] = {**told["details"], "index": index}
    return BatchedOrder(status=error.status, error=told)
