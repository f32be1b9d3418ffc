"""What an operator asks for on the page, handed to an executor as it is, with the caller's own token."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from common.errors import InvalidRequest
from web.clients import Executors, Passed

ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def blueprint(executors: Executors) -> Blueprint:
    """`POST /api/orders`, `…/cancel-all` and `…/<order_id>/cancel`, `PUT /api/trading-state`: the executor's status and
    body pass through."""
    pages = Blueprint("trading", __name__)

    @pages.post("/api/orders")
    def place() -> Response:
        return _answer(executors.place(request.get_data(), request.headers.get("Authorization", "")))

    @pages.post("/api/orders/cancel-all")
    def cancel_all() -> Response:
        return _answer(executors.cancel_all(request.get_data(), request.headers.get("Authorization", "")))

    @pages.post("/api/orders/<order_id>/cancel")
    def cancel(order_id: str) -> Response:
        if not ORDER_ID.fullmatch(order_id):
            raise InvalidRequest("order_id", "must be letters, digits, hyphens and underscores, at most 64")
        return _answer(executors.cancel(order_id, request.headers.get("Authorization", "")))

    @pages.put("/api/trading-state")
    def set_trading_state() -> Response:
        return _answer(executors.set_trading_state(request.get_data(), request.headers.get("Authorization", "")))

    return pages


def _answer(passed: Passed) -> Response:
    return Response(passed.body, passed.status, content_type=passed.content_type)
