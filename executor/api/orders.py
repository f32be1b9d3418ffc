"""The door for orders: parses, calls, maps the result; nothing is decided here."""

from __future__ import annotations

import logging
import re

from flask import Blueprint, Response, request

from common import ops, query, wire
from common.answers import Orders
from common.errors import InvalidRequest
from executor.errors import UnknownOrder
from executor.messages import CancelAllRequest, CancelledOrders
from executor.metrics import Metrics
from executor.openapi import DEFAULT_ON_PAGE, LAST_NUMBER, MOST_ON_PAGE, ORDER_ID_FORM, STATUSES
from executor.orders import ReplaceRequest, number, symbol_form
from executor.parts import Parts
from executor.submit import OrderResult, cancel, cancel_all, replace, submit

log = logging.getLogger(__name__)

_ORDER_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that place, change, cancel and read orders."""
    _write_routes(routes, parts)
    _read_routes(routes, parts)


def _write_routes(routes: Blueprint, parts: Parts) -> None:
    trading, metrics, writes = parts.trading, parts.metrics, parts.writes

    @routes.post("/orders")
    def post_order() -> Response:
        writes.admit()
        asked = wire.decode(wire.OrderRequest, request.get_data())
        with metrics.duration.time():
            result = submit(asked, trading)
        _note(result, metrics)
        return ops.answer(result.order, 201 if result.new else 200)

    @routes.post("/orders/<order_id>/replace")
    def post_replace(order_id: str) -> Response:
        writes.admit()
        asked = wire.decode(ReplaceRequest, request.get_data())
        with metrics.duration.time():
            result = replace(_checked_id(order_id), asked, trading)
        _note(result, metrics)
        return ops.answer(result.order, 201 if result.new else 200)

    @routes.post("/orders/cancel-all")
    def post_cancel_all() -> Response:
        writes.admit()
        asked = wire.decode(CancelAllRequest, request.get_data())
        if asked.symbol is not None and not symbol_form(asked.symbol):
            raise InvalidRequest("symbol", "must be VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
        changes = cancel_all(asked.symbol, trading.ledger)
        metrics.count(changes)
        log.warning("all orders cancelled", extra={"symbol": asked.symbol, "count": len(changes)})
        cancelled = tuple(change.after for change in changes)
        return ops.answer(CancelledOrders(market=trading.market, cancelled=cancelled))

    @routes.post("/orders/<order_id>/cancel")
    def post_cancel(order_id: str) -> Response:
        writes.admit()
        result = cancel(_checked_id(order_id), trading.ledger)
        _note(result, metrics)
        return ops.answer(result.order)


def _read_routes(routes: Blueprint, parts: Parts) -> None:
    ledger, market = parts.trading.ledger, parts.trading.market

    @routes.get("/orders/<order_id>")
    def get_order(order_id: str) -> Response:
        return ops.answer(ledger.order(_checked_id(order_id)))

    @routes.get("/orders")
    @query.takes("status", "limit", "before")
    def get_orders() -> Response:
        status = query.choice("status", "all", STATUSES)
        limit = query.whole("limit", DEFAULT_ON_PAGE, at_most=MOST_ON_PAGE)
        before = query.optional_whole("before", at_most=LAST_NUMBER)
        found = ledger.orders(limit, only_open=status == "open", before=before)
        more = number(found[-1].order_id) if len(found) == limit else None
        return ops.answer(Orders(market=market, orders=tuple(found), next=more))


def _checked_id(order_id: str) -> str:
    """Returns the id. Raises `UnknownOrder` for what can't be one, and may not even be text to the database."""
    if not _ORDER_ID.fullmatch(order_id):
        raise UnknownOrder(order_id)
    return order_id


def _note(result: OrderResult, metrics: Metrics) -> None:
    metrics.count(result.changes)
    near = metrics.note_uses(result.uses)
    if near:
        shares = {code: f"{result.uses[code].share:.0%}" for code in near}
        log.warning("near a limit", extra={"order_id": result.order.order_id, "used": shares})
    if result.changes:
        order = result.order
        codes = [denial.code for denial in order.denials]
        log.info(
            "order",
            extra={"order_id": order.order_id, "symbol": order.symbol, "status": order.status, "denials": codes},
        )
