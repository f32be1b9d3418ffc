"""The door for orders: parses, calls, maps the result; nothing is decided here."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from common import ops, query, wire
from common.errors import InvalidRequest
from executor.api.answering import answered
from executor.batch_messages import unread_orders
from executor.command_messages import CancelAll, CancelOrder, PlaceOrder, PlaceOrders, PreviewOrder, ReplaceOrder
from executor.errors import UnknownOrder
from executor.messages import CancelAllRequest
from executor.openapi import ORDER_ID_FORM
from executor.orders import ReplaceRequest, symbol_form
from executor.parts import Parts
from executor.preview_messages import PreviewRequest

_ORDER_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that place, change, cancel and read orders."""
    _write_routes(routes, parts)
    _read_routes(routes, parts)


def _write_routes(routes: Blueprint, parts: Parts) -> None:
    desk, writes = parts.desk, parts.writes

    @routes.post("/orders")
    def post_order() -> Response:
        return answered(desk.do(PlaceOrder(request=wire.decode(wire.OrderRequest, writes.admit()))))

    @routes.post("/orders/batch")
    def post_batch() -> Response:
        return answered(desk.do(PlaceOrders(requests=tuple(writes.admit_all(unread_orders)))))

    @routes.post("/orders/preview")
    def post_preview() -> Response:
        admitted = parts.previews.take()
        body = request.get_data()
        parts.previews.require(admitted)
        return answered(desk.do(PreviewOrder(request=wire.decode(PreviewRequest, body))))

    @routes.post("/orders/<order_id>/replace")
    def post_replace(order_id: str) -> Response:
        asked = wire.decode(ReplaceRequest, writes.admit())
        return answered(desk.do(ReplaceOrder(order_id=_checked_id(order_id), request=asked)))

    @routes.post("/orders/cancel-all")
    def post_cancel_all() -> Response:
        asked = wire.decode(CancelAllRequest, writes.admit())
        if asked.symbol is not None and not symbol_form(asked.symbol):
            raise InvalidRequest("symbol", "must be VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
        return answered(desk.do(CancelAll(request=asked)))

    @routes.post("/orders/<order_id>/cancel")
    def post_cancel(order_id: str) -> Response:
        writes.admit()
        query.refuse_body()
        return answered(desk.do(CancelOrder(order_id=_checked_id(order_id))))


def _read_routes(routes: Blueprint, parts: Parts) -> None:
    ledger = parts.trading.ledger

    @routes.get("/orders/<order_id>")
    def get_order(order_id: str) -> Response:
        return ops.answer(ledger.order(_checked_id(order_id)))


def _checked_id(order_id: str) -> str:
    """Returns the id. Raises `UnknownOrder` for what can't be one, and may not even be text to the database."""
    if not _ORDER_ID.fullmatch(order_id):
        raise UnknownOrder(order_id)
    return order_id
