"""A small executor over a real socket, which books orders rightly or in one of the ways that a round trip must find."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from canary.probes.orders import FILLS_ON_PAGE
from tests.common.local import in_background

Fault = Literal[
    "none",
    "fills twice under one id",
    "takes a repeated key for a new order",
    "books cash twice",
    "rounds the fee",
    "fills in part",
    "fills another quantity",
    "forgets the order",
    "lists no fills",
    "tells another price later",
    "refuses the repeated key",
    "gives another order for a repeated key",
    "refuses to read the account",
    "sends back what it was sent",
    "answers with words",
]
PRICE, FEE = 100.0, 0.05


class LedgerServer:
    """The books of one account. `fault` is the way in which they are kept wrong, `busy` adds fills of others."""

    def __init__(self, fault: Fault = "none") -> None:
        self.fault = fault
        self.busy = 0
        self.cash, self.held, self.sequence = 1000.0, 0.0, 1
        self.orders: dict[str, dict[str, Any]] = {}
        self.fills: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []

    def post(self, asked: dict[str, Any]) -> tuple[int, Any]:
        known = next((one for one in self.orders.values() if one["client_order_id"] == asked["client_order_id"]), None)
        if known is None:
            return 201, self._filled(asked)
        if self.fault == "refuses the repeated key":
            return 409, {"error": {"code": "CLIENT_ORDER_ID_REUSED", "message": "it belongs to another order"}}
        if self.fault == "gives another order for a repeated key":
            return 200, {**known, "order_id": "another", "fills": []}
        if self.fault == "takes a repeated key for a new order":
            return 201, self._filled(asked)
        if self.fault == "fills twice under one id":
            self._fill(known)
        if self.fault == "books cash twice":
            self.cash -= PRICE * 0.5 + FEE
        return 200, known

    def get(self, path: str) -> tuple[int, Any]:
        if self.fault == "answers with words":
            return 200, "words"
        if path == "/v1/positions":
            return 200, {"positions": [{"symbol": "BTCTURK:BTCTRY", "quantity": str(self.held)}]}
        if path == "/v1/account":
            if self.fault == "refuses to read the account":
                return 503, {"error": {"code": "LEDGER_UNAVAILABLE", "message": "the ledger is away"}}
            return 200, {"cash": {"TRY": f"{self.cash:.4f}"}, "sequence": self.sequence}
        if path.startswith("/v1/fills"):
            listed = [] if self.fault == "lists no fills" else self.fills[::-1]
            return 200, {"fills": listed[:FILLS_ON_PAGE], "next": 1 if len(listed) > FILLS_ON_PAGE else None}
        order = next((one for one in self.orders.values() if path.endswith("/" + one["order_id"])), None)
        if order is None or self.fault == "forgets the order":
            return 404, {"error": {"code": "UNKNOWN_ORDER", "message": "there is no such order"}}
        return 200, {**order, "average_price": "101"} if self.fault == "tells another price later" else order

    def _filled(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.sequence += 1
        quantity = "0.6" if self.fault == "fills another quantity" else asked["quantity"]
        order = {
            **asked,
            "quantity": quantity,
            "order_id": f"own-{self.sequence}",
            "status": "expired" if self.fault == "fills in part" else "filled",
            "filled_quantity": "0.2" if self.fault == "fills in part" else quantity,
            "average_price": "100",
            "denials": [],
            "fills": [],
        }
        self.orders[asked["client_order_id"] + len(self.orders) * " "] = order
        order["fills"] = [{"trade_id": self._fill(order)}]
        for _ in range(self.busy):
            self._fill({**order, "order_id": "of-another-turn"})
        return order

    def _fill(self, order: dict[str, Any]) -> str:
        self.sequence += 1
        quantity, sign = float(order["filled_quantity"]), 1 if order["side"] == "sell" else -1
        self.cash += sign * PRICE * quantity - (0.0 if self.fault == "rounds the fee" else FEE)
        self.held -= sign * quantity
        trade = f"trade-{self.sequence}"
        self.fills.append(
            {
                "sequence": self.sequence,
                "trade_id": trade,
                "order_id": order["order_id"],
                "side": order["side"],
                "quote_currency": "TRY",
                "price": str(PRICE),
                "quantity": str(quantity),
                "fee": str(FEE),
            }
        )
        return trade


@contextmanager
def serving_ledger(ledger: LedgerServer) -> Iterator[str]:
    """Answers for the ledger on a free port of loopback until left; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*ledger.get(self.path))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ledger.tokens.append(self.headers["Authorization"])
            status, body = ledger.post(asked)
            if ledger.fault == "sends back what it was sent":
                body["sent"] = self.headers["Authorization"]
            self._send(status, body)

        def _send(self, status: int, body: Any) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if ledger.fault == "sends back what it was sent":
                self.send_header("X-Sent", self.headers["Authorization"] or "nothing")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            return

    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address
