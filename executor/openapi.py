"""The calls as an OpenAPI 3.1 document: the messages come from their types, the calls from one table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from common import answers, wire
from executor.guardrails.controls import ACCOUNT, EVERYTHING
from executor.messages import (
    LONGEST_REASON,
    CancelAllRequest,
    CancelledOrders,
    Events,
    KillSwitchRequest,
    LimitsRequest,
    LimitsStatus,
    Reversal,
    ReversalRequest,
    TradingStateRequest,
)
from executor.orders import CLIENT_ORDER_ID_FORM, SYMBOL_FORM, ReplaceRequest

KINDS = (
    *("opened", "received", "denied", "accepted", "filled", "ended"),
    *("switched", "held", "released", "limits_set", "reversed"),
)
STATUSES = ("open", "all")
ORDER_ID_FORM = "[a-z0-9_-]{1,64}"
MOST_ON_PAGE, DEFAULT_ON_PAGE, LAST_NUMBER = 500, 100, 2**63 - 1
_JSON, _EVENTS = "application/json", "text/event-stream"
_SCHEMAS = "#/components/schemas/"
_BODY_TOO_LARGE, _BAD, _NO_TOKEN, _AWAY = "413", "422", "401", "503"
_ERRORS = {
    "429": "More writes than allowed within a second; Retry-After tells when to ask again",
    "400": "The request can't be read as HTTP",
    _NO_TOKEN: "The operator's token is missing or wrong",
    "404": "There is no such order, fill or symbol",
    "409": "The key belongs to another order, the order has ended, or the fill can't be reversed",
    _BODY_TOO_LARGE: "The body is larger than 64 KiB",
    _BAD: "A field is wrong, or the call has no such query parameter; `details.field` names it",
    _AWAY: "The ledger does not answer; nothing is half done, ask again with the same client_order_id",
}


_MESSAGES: Sequence[Any] = (
    wire.OrderRequest,
    ReplaceRequest,
    CancelAllRequest,
    KillSwitchRequest,
    ReversalRequest,
    TradingStateRequest,
    LimitsRequest,
    wire.Order,
    answers.Orders,
    CancelledOrders,
    Events,
    answers.Positions,
    answers.AccountStatus,
    answers.Valuation,
    answers.OrdersSnapshot,
    answers.Resumed,
    answers.KillSwitchStatus,
    Reversal,
    answers.TradingStateStatus,
    LimitsStatus,
)


def document(version: str) -> dict[str, Any]:
    """Returns the whole document; `version` is the software's."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Spark executor",
            "version": version,
            "description": "Paper orders behind guardrails, in a durable ledger. Amounts are decimals in strings.",
        },
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    order, orders = "/v1/orders/{order_id}", "/v1/orders"
    placed = {"201": ("Order", "A new order, which may be denied"), "200": ("Order", "The first answer to a known key")}
    found = {"200": ("Order", "The order")}
    return {
        orders: {
            "post": _call("placeOrder", "Place an order", placed, "404", "409", body="OrderRequest"),
            "get": _call("listOrders", "Orders, newest first", {"200": ("Orders", "A page")}, query=(*_PAGE, _STATUS)),
        },
        order: {"get": _call("readOrder", "One order", found, "404", path="order_id")},
        f"{order}/cancel": {
            "post": _call(
                "cancelOrder", "Cancel what is open of an order", found, "404", "409", path="order_id", guarded=True
            )
        },
        f"{order}/replace": {
            "post": _call(
                "replaceOrder",
                "Put an order in the place of an open one, in one step",
                placed,
                "404",
                "409",
                path="order_id",
                body="ReplaceRequest",
            )
        },
        f"{orders}/cancel-all": {
            "post": _call(
                "cancelAllOrders",
                "Cancel all open orders",
                {"200": ("CancelledOrders", "The cancelled orders")},
                body="CancelAllRequest",
            )
        },
        f"{orders}/stream": {"get": _stream()},
        **_account_paths(),
    }


def _stream() -> dict[str, Any]:
    events = "snapshot (OrdersSnapshot) or resumed (Resumed), then order (Order) and account (AccountStatus) on changes"
    last = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
    call = _call("streamOrders", "Orders and the account as they change, without end", {})
    content = {_EVENTS: {"schema": {"type": "string"}}}
    opened = {"description": f"Server-Sent Events: {events}", "content": content}
    return {**call, "parameters": [last], "responses": {"200": opened, **call["responses"]}}


def _account_paths() -> dict[str, Any]:
    switch = {"200": ("KillSwitchStatus", "The kill switches")}
    state = {"200": ("TradingStateStatus", "The trading state")}
    limits = {"200": ("LimitsStatus", "The limits in force")}
    return {
        "/v1/fills/{trade_id}/reverse": {
            "post": _call(
                "reverseFill",
                "Take a fill back by the opposite postings",
                {"201": ("Reversal", "The reversal")},
                "404",
                "409",
                path="trade_id",
                body="ReversalRequest",
            )
        },
        "/v1/events": {
            "get": _call(
                "listEvents", "Recorded events, newest first", {"200": ("Events", "A page")}, query=(*_PAGE, _KIND)
            )
        },
        "/v1/positions": {"get": _call("listPositions", "Positions", {"200": ("Positions", "All of them")})},
        "/v1/account": {"get": _call("readAccount", "Cash and reserves", {"200": ("AccountStatus", "The account")})},
        "/v1/valuation": {
            "get": _call("readValuation", "The account at the newest marks", {"200": ("Valuation", "The valuation")})
        },
        "/v1/kill-switch": {
            "get": _call("readKillSwitch", "The kill switches", switch),
            "put": _call("setKillSwitch", "Engage or release a kill switch", switch, body="KillSwitchRequest"),
        },
        "/v1/trading-state": {
            "get": _call("readTradingState", "The trading state and its holds", state),
            "put": _call("setTradingState", "Hold the account, or end all holds", state, body="TradingStateRequest"),
        },
        "/v1/limits": {
            "get": _call("readLimits", "The limits in force", limits),
            "put": _call("setLimits", "Set limits, or bring back those of the settings", limits, body="LimitsRequest"),
        },
    }


_PAGE: tuple[dict[str, Any], ...] = (
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MOST_ON_PAGE}},
    {"name": "before", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": LAST_NUMBER}},
)
_STATUS = {"name": "status", "in": "query", "schema": {"type": "string", "enum": list(STATUSES)}}
_KIND = {"name": "kind", "in": "query", "schema": {"type": "string", "enum": list(KINDS)}}


def _call(
    name: str,
    summary: str,
    found: dict[str, tuple[str, str]],
    *errors: str,
    path: str = "",
    body: str = "",
    query: Sequence[dict[str, Any]] = (),
    guarded: bool = False,
) -> dict[str, Any]:
    """Returns one operation. A call with a body, and one that is `guarded`, needs the token."""
    needs_token = bool(body) or guarded
    failures = {"400", _AWAY, _BAD, *errors, *((_NO_TOKEN, _BODY_TOO_LARGE, "429") if needs_token else ())}
    responses = {status: _answer(schema, what) for status, (schema, what) in found.items()}
    responses |= {status: _answer("Failure", _ERRORS[status]) for status in sorted(failures)}
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    parameters = [*([_in_path(path)] if path else []), *query]
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": {"$ref": _SCHEMAS + body}}}}
    if needs_token:
        operation["security"] = [{"operator": []}]
    return operation


def _in_path(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{ORDER_ID_FORM}$"},
    }


def _answer(schema: str, what: str) -> dict[str, Any]:
    return {"description": what, "content": {_JSON: {"schema": {"$ref": _SCHEMAS + schema}}}}


def _schemas() -> dict[str, Any]:
    """Returns the messages' schemas from their types, and adds the rules that types can't say."""
    _, schemas = msgspec.json.schema_components(_MESSAGES, ref_template=_SCHEMAS + "{name}")
    amount = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,18})?$"}
    for name in ("OrderRequest", "ReplaceRequest"):
        fields = schemas[name]["properties"]
        fields["client_order_id"]["pattern"] = f"^{CLIENT_ORDER_ID_FORM}$"
        for field in ("quantity", "limit_price"):
            optional = "default" in fields[field]
            fields[field] = {"anyOf": [amount, {"type": "null"}], "default": None} if optional else amount
    symbol = {"type": "string", "pattern": f"^{SYMBOL_FORM}$"}
    schemas["OrderRequest"]["properties"]["symbol"] = symbol
    schemas["CancelAllRequest"]["properties"]["symbol"] = {"anyOf": [symbol, {"type": "null"}], "default": None}
    for name in ("KillSwitchRequest", "ReversalRequest", "TradingStateRequest", "LimitsRequest"):
        schemas[name]["properties"]["reason"] |= {"minLength": 1, "maxLength": LONGEST_REASON}
    schemas["KillSwitchRequest"]["properties"]["scope"] |= {"pattern": f"^({EVERYTHING}|{ACCOUNT}|{SYMBOL_FORM})$"}
    schemas["Failure"] = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "retryable", "details"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "retryable": {"type": "boolean"},
                    "details": {"type": "object"},
                },
            }
        },
    }
    return schemas
