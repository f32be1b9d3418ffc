"""The calls as an OpenAPI 3.1 document: the messages come from their types, the calls from one table. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
_SCHEMAS, _TEXT = "#/components/schemas/", {"type": "string"}
_ERRORS = {
    "400": "The request can't be read as HTTP",
    "401": "The operator's token is missing or wrong",
    "404": "There is no such order, fill or symbol",
    "409": "The key belongs to another order, the order has ended, or the fill can't be reversed",
    "413": "The body is larger than 64 KiB",
    "422": "A field is wrong, or the call has no such query parameter; `details.field` names it",
    "429": "More writes than allowed within a second; Retry-After tells when to ask again",
    "503": "The ledger does not answer; nothing is half done, ask again with the same client_order_id",
}
_OF_EVERY_CALL, _OF_EVERY_WRITE = {"400", "422", "503"}, {"401", "413", "429"}
_PAGE = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ON_PAGE},
    "before": {"type": "integer", "minimum": 1, "maximum": LAST_NUMBER},
}
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    "listOrders": {**_PAGE, "status": _TEXT | {"enum": list(STATUSES)}},
    "listEvents": {**_PAGE, "kind": _TEXT | {"enum": list(KINDS)}},
}

_Kind = type[wire.Message]
_Found = Mapping[str, tuple[_Kind, str]]
_ORDER: _Found = {"200": (wire.Order, "The order")}
_PLACED: _Found = {
    "201": (wire.Order, "A new order, which may be denied"),
    "200": (wire.Order, "The first answer to a known key"),
}
_ORDERS: _Found = {"200": (answers.Orders, "A page")}
_CANCELLED: _Found = {"200": (CancelledOrders, "The cancelled orders")}
_REVERSED: _Found = {"201": (Reversal, "The reversal")}
_EVENTS: _Found = {"200": (Events, "A page")}
_POSITIONS: _Found = {"200": (answers.Positions, "All of them")}
_ACCOUNT: _Found = {"200": (answers.AccountStatus, "The account")}
_VALUATION: _Found = {"200": (answers.Valuation, "The valuation")}
_SWITCHES: _Found = {"200": (answers.KillSwitchStatus, "The kill switches")}
_STATE: _Found = {"200": (answers.TradingStateStatus, "The trading state")}
_LIMITS: _Found = {"200": (LimitsStatus, "The limits in force")}

_REPLACE = "Put an order in the place of an open one, in one step"
_REVERSE = "Take a fill back by the opposite postings"
_SET_STATE = "Hold the account, or end all holds"
_SET_LIMITS = "Set limits, or bring back those of the settings"
_CALLS: Sequence[tuple[str, str, str, _Found, str, _Kind | None]] = (
    ("post /v1/orders", "placeOrder", "Place an order", _PLACED, "404 409", wire.OrderRequest),
    ("get /v1/orders", "listOrders", "Orders, newest first", _ORDERS, "", None),
    ("get /v1/orders/{order_id}", "readOrder", "One order", _ORDER, "404", None),
    ("post /v1/orders/{order_id}/cancel", "cancelOrder", "Cancel what is open of an order", _ORDER, "404 409", None),
    ("post /v1/orders/{order_id}/replace", "replaceOrder", _REPLACE, _PLACED, "404 409", ReplaceRequest),
    ("post /v1/orders/cancel-all", "cancelAllOrders", "Cancel all open orders", _CANCELLED, "", CancelAllRequest),
    ("get /v1/orders/stream", "streamOrders", "Orders and the account as they change, without end", {}, "", None),
    ("post /v1/fills/{trade_id}/reverse", "reverseFill", _REVERSE, _REVERSED, "404 409", ReversalRequest),
    ("get /v1/events", "listEvents", "Recorded events, newest first", _EVENTS, "", None),
    ("get /v1/positions", "listPositions", "Positions", _POSITIONS, "", None),
    ("get /v1/account", "readAccount", "Cash and reserves", _ACCOUNT, "", None),
    ("get /v1/valuation", "readValuation", "The account at the newest marks", _VALUATION, "", None),
    ("get /v1/kill-switch", "readKillSwitch", "The kill switches", _SWITCHES, "", None),
    ("put /v1/kill-switch", "setKillSwitch", "Engage or release a kill switch", _SWITCHES, "", KillSwitchRequest),
    ("get /v1/trading-state", "readTradingState", "The trading state and its holds", _STATE, "", None),
    ("put /v1/trading-state", "setTradingState", _SET_STATE, _STATE, "", TradingStateRequest),
    ("get /v1/limits", "readLimits", "The limits in force", _LIMITS, "", None),
    ("put /v1/limits", "setLimits", _SET_LIMITS, _LIMITS, "", LimitsRequest),
)
"""Every call: method and path, name, summary, good answers, failures of its own, and the message that it takes."""


def document(version: str) -> dict[str, Any]:
    """Returns the whole document; `version` is the software's."""
    paths: dict[str, dict[str, Any]] = {}
    for call, name, summary, found, errors, body in _CALLS:
        method, path = call.split()
        operation = {"operationId": name, "summary": summary, "responses": _responses(method, found, errors)}
        paths.setdefault(path, {})[method] = operation | _asked(method, path, name, body)
    events = "snapshot (OrdersSnapshot) or resumed (Resumed), then order (Order) and account (AccountStatus) on changes"
    stream = {"description": f"Server-Sent Events: {events}", "content": {"text/event-stream": {"schema": _TEXT}}}
    paths["/v1/orders/stream"]["get"]["responses"]["200"] = stream
    paths["/v1/orders/stream"]["get"]["parameters"] = [{"name": "Last-Event-ID", "in": "header", "schema": _TEXT}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Spark executor",
            "version": version,
            "description": "Paper orders behind guardrails, in a durable ledger. Amounts are decimals in strings.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def _responses(method: str, found: _Found, errors: str) -> dict[str, Any]:
    answered = {status: (kind.__name__, what) for status, (kind, what) in found.items()}
    failures = {*_OF_EVERY_CALL, *errors.split(), *(() if method == "get" else _OF_EVERY_WRITE)}
    answered |= {status: ("Failure", _ERRORS[status]) for status in sorted(failures)}
    return {status: {"description": what, "content": _content(name)} for status, (name, what) in answered.items()}


def _asked(method: str, path: str, name: str, body: _Kind | None) -> dict[str, Any]:
    """Returns the part of an operation that says what the client sends. Every call that writes needs the token."""
    in_path = {"in": "path", "required": True, "schema": _TEXT | {"pattern": f"^{ORDER_ID_FORM}$"}}
    parameters = [{"name": found, **in_path} for found in re.findall("{(.*?)}", path)]
    parameters += [{"name": each, "in": "query", "schema": schema} for each, schema in _QUERIES.get(name, {}).items()]
    return {
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": True, "content": _content(body.__name__)}} if body else {}),
        **({} if method == "get" else {"security": [{"operator": []}]}),
    }


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _SCHEMAS + schema}}}


def _schemas() -> dict[str, Any]:
    """Returns the messages' schemas from their types, and adds the rules that types can't say."""
    kinds = {kind for _, _, _, found, _, _ in _CALLS for kind, _ in found.values()}
    kinds |= {answers.OrdersSnapshot, answers.Resumed, *(body for *_, body in _CALLS if body is not None)}
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_SCHEMAS + "{name}")
    amount = _TEXT | {"pattern": r"^[0-9]{1,12}(\.[0-9]{1,18})?$"}
    for name in ("OrderRequest", "ReplaceRequest"):
        fields = schemas[name]["properties"]
        fields["client_order_id"]["pattern"] = f"^{CLIENT_ORDER_ID_FORM}$"
        for field in ("quantity", "limit_price"):
            optional = "default" in fields[field]
            fields[field] = {"anyOf": [amount, {"type": "null"}], "default": None} if optional else amount
    symbol = _TEXT | {"pattern": f"^{SYMBOL_FORM}$"}
    schemas["OrderRequest"]["properties"]["symbol"] = symbol
    schemas["CancelAllRequest"]["properties"]["symbol"] = {"anyOf": [symbol, {"type": "null"}], "default": None}
    for name in ("KillSwitchRequest", "ReversalRequest", "TradingStateRequest", "LimitsRequest"):
        schemas[name]["properties"]["reason"] |= {"minLength": 1, "maxLength": LONGEST_REASON}
    schemas["KillSwitchRequest"]["properties"]["scope"] |= {"pattern": f"^({EVERYTHING}|{ACCOUNT}|{SYMBOL_FORM})$"}
    types = {"code": "string", "message": "string", "retryable": "boolean", "details": "object"}
    error = _object({name: {"type": kind} for name, kind in types.items()})
    return {**schemas, "Failure": _object({"error": error})}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}
