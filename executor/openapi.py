"""The executor's calls, for its OpenAPI document. Pure."""

from __future__ import annotations

from typing import get_args

from common import answers, openapi, wire
from common.amount import AMOUNT_FORM
from common.openapi import MOMENT_FORM, TEXT, Api, Call, Found, Schema
from executor.adjustment_messages import CashTransfer, TransferRequest, WriteOff, WriteOffRequest
from executor.batch_messages import MOST_IN_BATCH, BatchAnswers, BatchRequest
from executor.examples import EXAMPLES, REFUSALS
from executor.guardrails.controls import ACCOUNT, EVERYTHING
from executor.listing_messages import Fills
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
from executor.preview_messages import Preview, PreviewRequest

KINDS = (
    *("opened", "received", "denied", "accepted", "filled", "ended"),
    *("switched", "held", "released", "limits_set", "reversed", "deposited", "withdrawn", "written_off"),
)
STATUSES = ("open", "all", *get_args(wire.OrderStatus))
SIDES: tuple[wire.Side, ...] = get_args(wire.Side)
ORDER_ID_FORM = "[a-z0-9_-]{1,64}"
MOST_ON_PAGE, DEFAULT_ON_PAGE, LAST_NUMBER = 500, 100, 2**63 - 1
_ERRORS = {
    "400": "The request can't be read as HTTP",
    "401": "The operator's token is missing or wrong",
    "404": "There is no such order, fill, position or symbol",
    "409": "The key belongs to another request, the order has ended, or the account can't bear it",
    "413": "The body is larger than 64 KiB",
    "422": "A field is wrong, or the call has no such query parameter; `details.field` names it",
    "429": "More writes than allowed within a second, or every stream is taken; Retry-After tells when to ask again",
    "503": "The ledger does not answer; nothing is half done, ask again with the same client_order_id",
}
_PAGE: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ON_PAGE},
    "before": {"type": "integer", "minimum": 1, "maximum": LAST_NUMBER},
}
_TIME = TEXT | {"pattern": f"^{MOMENT_FORM}$", "example": "2026-11-22T10:00:00Z"}
_TIMES: dict[str, Schema] = {"from": _TIME, "to": _TIME}
_OF_ORDER: dict[str, Schema] = {
    "symbol": TEXT | {"pattern": f"^{SYMBOL_FORM}$"},
    "side": TEXT | {"enum": list(SIDES)},
}
_ORDER_ID = TEXT | {"pattern": f"^{ORDER_ID_FORM}$"}
_ORDERS_ASKED = {
    "client_order_id": TEXT | {"pattern": f"^{CLIENT_ORDER_ID_FORM}$"},
    "status": TEXT | {"enum": list(STATUSES)},
    **_OF_ORDER,
    **_TIMES,
    **_PAGE,
}
_FILLS_ASKED = {"order_id": _ORDER_ID, **_OF_ORDER, **_TIMES, **_PAGE}
_EVENTS_ASKED = {"kind": TEXT | {"enum": list(KINDS)}, "order_id": _ORDER_ID, **_TIMES, **_PAGE}
_ORDER: Found = {"200": (wire.Order, "The order")}
_PLACED: Found = {
    "201": (wire.Order, "A new order, which may be denied"),
    "200": (wire.Order, "The first answer to a known key"),
}
_BATCHED: Found = {"200": (BatchAnswers, "One answer for each order, in their order")}
_PREVIEW: Found = {"200": (Preview, "The answer that the order would get")}
_ORDERS: Found = {"200": (answers.Orders, "A page")}
_CANCELLED: Found = {"200": (CancelledOrders, "The cancelled orders")}
_REVERSED: Found = {"201": (Reversal, "The reversal")}
_MOVED: Found = {
    "201": (CashTransfer, "It was recorded now"),
    "200": (CashTransfer, "The first answer to a known key"),
}
_WRITTEN_OFF: Found = {
    "201": (WriteOff, "It was recorded now"),
    "200": (WriteOff, "The first answer to a known key"),
}
_FILLS: Found = {"200": (Fills, "A page")}
_EVENTS: Found = {"200": (Events, "A page")}
_POSITIONS: Found = {"200": (answers.Positions, "All of them")}
_ACCOUNT: Found = {"200": (answers.AccountStatus, "The account")}
_VALUATION: Found = {"200": (answers.Valuation, "The valuation")}
_SWITCHES: Found = {"200": (answers.KillSwitchStatus, "The kill switches")}
_STATE: Found = {"200": (answers.TradingStateStatus, "The trading state")}
_LIMITS: Found = {"200": (LimitsStatus, "The limits in force")}


_BATCH = "Place several orders, one after the other, each with its own answer"
_SHOW = "The answer to an order if it were placed now; nothing is recorded"
_REPLACE = "Put an order in the place of an open one, in one step"
_REVERSE = "Take a fill back by the opposite postings"
_WRITE_OFF = "Give up a position that can't be sold"
_SET_STATE = "Hold the account, or end all holds"
_SET_LIMITS = "Set limits, or bring back those of the settings"
_STREAM = (
    "Server-Sent Events: snapshot (OrdersSnapshot) or resumed (Resumed), "
    "then order (Order) and account (AccountStatus) on changes"
)


_CALLS = (
    Call("post /v1/orders", "placeOrder", "Place an order", _PLACED, "404 409", body=wire.OrderRequest),
    Call("post /v1/orders/batch", "placeOrders", _BATCH, _BATCHED, body=BatchRequest),
    Call("post /v1/orders/preview", "previewOrder", _SHOW, _PREVIEW, "404 409 413 429", body=PreviewRequest, open=True),
    Call("get /v1/orders", "listOrders", "Orders, newest first", _ORDERS, queries=_ORDERS_ASKED),
    Call("get /v1/orders/{order_id}", "readOrder", "One order", _ORDER, "404"),
    Call("post /v1/orders/{order_id}/cancel", "cancelOrder", "Cancel what is open of an order", _ORDER, "404 409"),
    Call("post /v1/orders/{order_id}/replace", "replaceOrder", _REPLACE, _PLACED, "404 409", body=ReplaceRequest),
    Call("post /v1/orders/cancel-all", "cancelAllOrders", "Cancel all open orders", _CANCELLED, body=CancelAllRequest),
    Call("get /v1/orders/stream", "streamOrders", "Orders and account as they change", failures="429", stream=_STREAM),
    Call("post /v1/fills/{trade_id}/reverse", "reverseFill", _REVERSE, _REVERSED, "404 409", body=ReversalRequest),
    Call("post /v1/deposits", "deposit", "Put money into the account", _MOVED, "409", body=TransferRequest),
    Call("post /v1/withdrawals", "withdraw", "Take money out of the account", _MOVED, "409", body=TransferRequest),
    Call("post /v1/write-offs", "writeOff", _WRITE_OFF, _WRITTEN_OFF, "404 409", body=WriteOffRequest),
    Call("get /v1/fills", "listFills", "Fills, newest first", _FILLS, queries=_FILLS_ASKED),
    Call("get /v1/events", "listEvents", "Recorded events, newest first", _EVENTS, queries=_EVENTS_ASKED),
    Call("get /v1/positions", "listPositions", "Positions", _POSITIONS),
    Call("get /v1/account", "readAccount", "Cash and reserves", _ACCOUNT),
    Call("get /v1/valuation", "readValuation", "The account at the newest marks", _VALUATION),
    Call("get /v1/kill-switch", "readKillSwitch", "The kill switches", _SWITCHES),
    Call("put /v1/kill-switch", "setKillSwitch", "Engage or release a kill switch", _SWITCHES, body=KillSwitchRequest),
    Call("get /v1/trading-state", "readTradingState", "The trading state and its holds", _STATE),
    Call("put /v1/trading-state", "setTradingState", _SET_STATE, _STATE, body=TradingStateRequest),
    Call("get /v1/limits", "readLimits", "The limits in force", _LIMITS),
    Call("put /v1/limits", "setLimits", _SET_LIMITS, _LIMITS, body=LimitsRequest),
)


def _refine(schemas: dict[str, Schema]) -> None:
    amount = TEXT | {"pattern": f"^{AMOUNT_FORM}$"}
    key = TEXT | {"pattern": f"^{CLIENT_ORDER_ID_FORM}$"}
    for name in ("OrderRequest", "ReplaceRequest", "PreviewRequest"):
        fields = schemas[name]["properties"]
        optional = "default" in fields["client_order_id"]
        fields["client_order_id"] = {"anyOf": [key, {"type": "null"}], "default": None} if optional else key
        for field in ("quantity", "limit_price"):
            optional = "default" in fields[field]
            fields[field] = {"anyOf": [amount, {"type": "null"}], "default": None} if optional else amount
    orders = schemas["BatchRequest"]["properties"]["orders"]
    orders["items"] = {"anyOf": [orders["items"], {"description": "anything else gets a 422 of its own"}]}
    orders |= {"minItems": 1, "maxItems": MOST_IN_BATCH}
    symbol = TEXT | {"pattern": f"^{SYMBOL_FORM}$"}
    for name in ("TransferRequest", "WriteOffRequest"):
        schemas[name]["properties"]["client_key"]["pattern"] = f"^{CLIENT_ORDER_ID_FORM}$"
    schemas["TransferRequest"]["properties"]["amount"] = amount
    schemas["WriteOffRequest"]["properties"]["quantity"] = {"anyOf": [amount, {"type": "null"}], "default": None}
    schemas["WriteOffRequest"]["properties"]["symbol"] = symbol
    schemas["OrderRequest"]["properties"]["symbol"] = symbol
    schemas["PreviewRequest"]["properties"]["symbol"] = symbol
    schemas["CancelAllRequest"]["properties"]["symbol"] = {"anyOf": [symbol, {"type": "null"}], "default": None}
    for name in (
        *("KillSwitchRequest", "ReversalRequest", "TradingStateRequest", "LimitsRequest"),
        *("TransferRequest", "WriteOffRequest"),
    ):
        schemas[name]["properties"]["reason"] |= {"minLength": 1, "maxLength": LONGEST_REASON}
    schemas["KillSwitchRequest"]["properties"]["scope"] |= {"pattern": f"^({EVERYTHING}|{ACCOUNT}|{SYMBOL_FORM})$"}


_API = Api(
    title="Spark executor",
    description="Paper orders behind guardrails, in a durable ledger. Amounts are decimals in strings.",
    calls=_CALLS,
    errors=_ERRORS,
    of_every_call=frozenset({"400", "422", "503"}),
    of_every_write=frozenset({"401", "413", "429"}),
    in_path={"order_id": _ORDER_ID, "trade_id": _ORDER_ID},
    further=(answers.OrdersSnapshot, answers.Resumed),
    examples=EXAMPLES,
    refusals=REFUSALS,
    refine=_refine,
)


def document(version: str) -> Schema:
    """Returns the whole document; `version` is the software's."""
    return openapi.document(_API, version)
