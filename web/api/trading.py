"""Forwards an operator's requests to an executor, unchanged and with the caller's own token."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from common import query
from common.errors import InvalidRequest
from web.clients import Executors

ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def blueprint(executors: Executors) -> Blueprint:
    """Returns the calls that change something: `POST /api/orders`, `POST /api/orders/cancel-all`,
    `POST /api/orders/<order_id>/cancel` and `PUT /api/trading-state`."""
    routes = Blueprint("trading", __name__)

    def forward(path: str, body: bytes) -> Response:
        forwarded = executors.forward(request.method, path, body, request.headers.get("Authorization", ""))
        response = Response(forwarded.body, forwarded.status, content_type="application/json")
        response.headers.update(forwarded.headers)
        return response

    @routes.post("/api/orders")
    def place() -> Response:
        return forward("/v1/orders", request.get_data())

    @routes.post("/api/orders/cancel-all")
    def cancel_all() -> Response:
        return forward("/v1/orders/cancel-all", request.get_data())

    @routes.post("/api/orders/<order_id>/cancel")
    def cancel(order_id: str) -> Response:
        if not ORDER_ID.fullmatch(order_id):
            raise InvalidRequest("order_id", "must be letters, digits, hyphens and underscores, at most 64")
        query.refuse_body()
        return forward(f"/v1/orders/{order_id}/cancel", b"{}")

    @routes.put("/api/trading-state")
    def set_trading_state() -> Response:
        return forward("/v1/trading-state", request.get_data())

    return routes
