"""The door for orders: parses, calls, maps the outcome; nothing is decided here."""

from __future__ import annotations

import logging
import re

from flask import Blueprint, Response, request

from common import ops, wire
from common.errors import InvalidRequest
from executor.errors import UnknownOrder
from executor.inflow import Gate, whole
from executor.messages import CancelAllRequest, Cancelled, Orders
from executor.metrics import Metrics
from executor.openapi import DEFAULT_ON_PAGE, LAST_NUMBER, MOST_ON_PAGE, ORDER_ID_FORM
from executor.orders import ReplaceRequest, number, symbol_form
from executor.submit import Desk, Outcome, cancel, cancel_all, replace, submit

log = logging.getLogger(__name__)

_ORDER_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, desk: Desk, metrics: Metrics, gate: Gate, market: wire.Market) -> None:
    """The calls that place, change, cancel and read orders."""
    _order_routes(routes, desk, metrics, gate, market)
    _list_route(routes, desk, market)


def _order_routes(routes: Blueprint, desk: Desk, metrics: Metrics, gate: Gate, market: wire.Market) -> None:
    @routes.post("/orders")
    def post_order() -> Response:
        gate.admit()
        asked = wire.decode(wire.OrderRequest, request.get_data())
        with metrics.duration.time():
            outcome = submit(asked, desk)
        _note(outcome, metrics)
        return ops.answer(outcome.order, 201 if outcome.new else 200)

    @routes.post("/orders/<order_id>/replace")
    def post_replace(order_id: str) -> Response:
        gate.admit()
        asked = wire.decode(ReplaceRequest, request.get_data())
        with metrics.duration.time():
            outcome = replace(_known_form(order_id), asked, desk)
        _note(outcome, metrics)
        return ops.answer(outcome.order, 201 if outcome.new else 200)

    @routes.post("/orders/cancel-all")
    def post_cancel_all() -> Response:
        gate.admit()
        asked = wire.decode(CancelAllRequest, request.get_data())
        if asked.symbol is not None and not symbol_form(asked.symbol):
            raise InvalidRequest("symbol", "must be VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
        changes = cancel_all(asked.symbol, desk.ledger)
        metrics.count(changes)
        log.warning("all orders cancelled", extra={"symbol": asked.symbol, "count": len(changes)})
        return ops.answer(Cancelled(market=market, cancelled=tuple(change.after for change in changes)))

    @routes.post("/orders/<order_id>/cancel")
    def post_cancel(order_id: str) -> Response:
        gate.admit()
        outcome = cancel(_known_form(order_id), desk.ledger)
        _note(outcome, metrics)
        return ops.answer(outcome.order)

    @routes.get("/orders/<order_id>")
    def get_order(order_id: str) -> Response:
        return ops.answer(desk.ledger.order(_known_form(order_id)))


def _list_route(routes: Blueprint, desk: Desk, market: wire.Market) -> None:
    @routes.get("/orders")
    def get_orders() -> Response:
        status = request.args.get("status", "all")
        if status not in ("open", "all"):
            raise InvalidRequest("status", "must be open or all")
        limit = whole("limit", MOST_ON_PAGE) or DEFAULT_ON_PAGE
        before = whole("before", LAST_NUMBER)
        found = desk.ledger.orders(limit, only_open=status == "open", before=before)
        more = number(found[-1].order_id) if len(found) == limit else None
        return ops.answer(Orders(market=market, orders=tuple(found), next=more))


def _known_form(order_id: str) -> str:
    """Spares the database what can't be the id of an order, and may not even be text to it."""
    if not _ORDER_ID.fullmatch(order_id):
        raise UnknownOrder(order_id)
    return order_id


def _note(outcome: Outcome, metrics: Metrics) -> None:
    metrics.count(outcome.changes)
    near = metrics.note_uses(outcome.uses)
    if near:
        shares = {code: f"{outcome.uses[code].share:.0%}" for code in near}
        log.warning("near a limit", extra={"order_id": outcome.order.order_id, "used": shares})
    if outcome.changes:
        order = outcome.order
        codes = [denial.code for denial in order.denials]
        log.info(
            "order",
            extra={"order_id": order.order_id, "symbol": order.symbol, "status": order.status, "denials": codes},
        )
