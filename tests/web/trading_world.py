"""A stand-in for an executor: orders, positions and cash, over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from common import wire
from common.answers import (
    CashValue,
    EquityAnchors,
    Orders,
    PositionValue,
    Unpriced,
    Valuation,
    ValuationSummary,
)
from tests.web.standin_server import Answer, Request, Server, json_answer

TOKEN = "the-operators-token"
CASH = {
    "TRY": CashValue(amount=Decimal(1_000_000), reserved=Decimal(0), value=Decimal(1_000_000)),
    "USDT": CashValue(amount=Decimal(5_000), reserved=Decimal(0), value=Decimal(210_025)),
}
EQUITY = Decimal(1_210_025)


class Executor:
    """The answers of an executor. Market orders fill at once, limit orders rest, large ones are denied."""

    def __init__(self, market: wire.Market = "simulated") -> None:
        self.market = market
        self._ended = threading.Event()
        self.server = Server(self._answer)
        self.reset()

    def reset(self) -> None:
        self.forget()
        self.server.reset()

    def forget(self) -> None:
        """Removes orders, positions, holds and kill switches, and ends the streams."""
        self._ended.set()
        self._ended = threading.Event()
        self.orders: list[wire.Order] = []
        self.positions: list[PositionValue] = []
        self.unpriced: tuple[Unpriced, ...] = ()
        self.refusal: Answer | None = None
        self.answers_only_by_stream = False
        self.kill_switch = False
        self.switches: dict[str, str] = {}
        self.state, self.holds = "ACTIVE", list[dict[str, Any]]()

    def stop(self) -> None:
        self._ended.set()
        self.server.stop()

    def _answer(self, asked: Request) -> Answer:
        if asked.method != "GET" and asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return json_answer({"error": {"code": "UNAUTHORIZED", "message": "wrong token", "retryable": False}}, 401)
        if asked.method == "POST" and self.refusal:
            return self.refusal
        if asked.method == "POST" and asked.path == "/v1/orders":
            return self._place(asked)
        if asked.method == "POST" and asked.path == "/v1/orders/cancel-all":
            return json_answer({"cancelled": [self._end(each) for each in self.orders if each.status == "accepted"]})
        if asked.method == "POST" and asked.path.endswith("/cancel"):
            return self._cancel(asked.path.split("/")[3])
        if asked.path == "/readyz":
            return json_answer({"ready": True, "service": "executor", "market": self.market, "parts": {}})
        if asked.path == "/v1/orders/stream":
            return Answer(self._stream(asked.headers.get("Last-Event-ID", "")), content_type="text/event-stream")
        if asked.path == "/v1/orders":
            orders = tuple(self.orders[: int(asked.query["limit"])])
            return json_answer(Orders(market=self.market, orders=orders, next=None))
        if asked.path == "/v1/valuation":
            return json_answer(self._valuation())
        return self._account_answer(asked)

    def _account_answer(self, asked: Request) -> Answer:
        if self.answers_only_by_stream:
            return json_answer({"error": {"code": "UNAVAILABLE", "message": "as told", "retryable": True}}, 503)
        if asked.path == "/v1/kill-switch":
            switches = self.switches | ({"account": "as told"} if self.kill_switch else {})
            return json_answer({"market": self.market, "engaged": self.kill_switch, "reason": "", "switches": switches})
        if asked.path != "/v1/trading-state":
            return json_answer(self._account_now())
        if asked.method == "PUT":
            wanted = msgspec.json.decode(asked.body)
            self.hold("TRADING_STATE", wanted["state"], wanted["reason"])
        anchors = EquityAnchors(day=date(2026, 11, 22), day_start=EQUITY, peak=EQUITY)
        answer = {"market": self.market, "state": self.state, "holds": self.holds, "currency": "TRY"}
        return json_answer({**answer, "anchors": anchors})

    def hold(self, code: str, state: str, reason: str) -> None:
        """Sets the trading state with one hold, or without any for ACTIVE; the stream sends it."""
        self.state = state
        hold = {"code": code, "state": state, "reason": reason, "since": datetime.now(UTC)}
        self.holds = [] if state == "ACTIVE" else [hold]

    def _stream(self, last_id: str) -> Iterator[bytes]:
        """Yields what changed, 20 times a second."""
        ended, known = self._ended, {each.order_id: each for each in self.orders}
        account = self._account_now()
        sequence = account["sequence"]
        if last_id and int(last_id) <= sequence:
            known = {}
            yield _event("resumed", {"market": self.market, "sequence": int(last_id)}, last_id)
            yield _event("account", account)
        else:
            body = {"market": self.market, "sequence": sequence, "orders": list(known.values()), "account": account}
            yield _event("snapshot", body, sequence)
        while not ended.wait(0.05):
            changed = [each for each in self.orders if known.get(each.order_id) != each]
            for each in changed:
                known[each.order_id] = each
                yield _event("order", each, each.sequence)
            if changed or account != self._account_now():
                account = self._account_now()
                yield _event("account", account)

    def _account_now(self) -> dict[str, Any]:
        return {"market": self.market, "trading_state": self.state, **msgspec.to_builtins(self._account())}

    def _valuation(self) -> Valuation:
        """Returns the sums of the positions, which tests set, and of cash that never moves."""
        exposure = sum((each.value or Decimal(0) for each in self.positions), Decimal(0))
        summary = ValuationSummary(
            currency="TRY",
            equity=None if self.unpriced else EQUITY + exposure,
            gross_exposure=exposure,
            net_exposure=exposure,
            realised_pnl=Decimal(0),
            unrealised_pnl=sum((each.unrealised_pnl or Decimal(0) for each in self.positions), Decimal(0)),
            fees=sum((each.fees or Decimal(0) for each in self.positions), Decimal(0)),
            open_orders=self._account().open_orders,
            oldest_quote_age_seconds=0.2,
            priced=not self.unpriced,
            unpriced=self.unpriced,
        )
        return Valuation(
            market=self.market,
            account="paper",
            sequence=self._account().sequence,
            valued_at=datetime.now(UTC),
            summary=summary,
            positions=tuple(self.positions),
            cash=CASH,
        )

    def _account(self) -> wire.Account:
        resting = [order for order in self.orders if order.status == "accepted"]
        return wire.Account(
            account="paper",
            cash={name: each.amount for name, each in CASH.items()},
            reserved={"TRY": sum((order.quantity * (order.limit_price or 0) for order in resting), Decimal(0))},
            open_orders=len(resting),
            kill_switch=self.kill_switch,
            sequence=max((order.sequence for order in self.orders), default=0),
        )

    def _place(self, asked: Request) -> Answer:
        request = wire.decode(wire.OrderRequest, asked.body)
        known = next((each for each in self.orders if each.client_order_id == request.client_order_id), None)
        if known:
            return json_answer(known)
        made = order(request, max((each.sequence for each in self.orders), default=0) + 1)
        self.orders.insert(0, made)
        return json_answer(made, 201)

    def _cancel(self, order_id: str) -> Answer:
        found = [each for each in self.orders if each.order_id == order_id]
        if not found:
            return json_answer({"error": {"code": "NOT_FOUND", "message": "no such order", "retryable": False}}, 404)
        return json_answer(self._end(found[0]))

    def _end(self, order: wire.Order) -> wire.Order:
        newest = max(each.sequence for each in self.orders)
        changes = {"status": "cancelled", "updated_at": datetime.now(UTC), "sequence": newest + 1}
        ended = msgspec.structs.replace(order, **changes)
        self.orders = [ended if each is order else each for each in self.orders]
        return ended


def _event(name: str, body: object, sequence: int | str = "") -> bytes:
    identity = f"id: {sequence}\n" if sequence != "" else ""
    return f"event: {name}\n{identity}data: ".encode() + wire.encode(body) + b"\n\n"


def order(request: wire.OrderRequest, number: int) -> wire.Order:
    """Returns the order that a request becomes."""
    price, now = Decimal("4125003"), datetime.now(UTC)
    status: wire.OrderStatus = "accepted"
    fills: tuple[wire.Fill, ...] = ()
    denials: tuple[wire.Denial, ...] = ()
    if request.quantity > 100:
        status = "denied"
        numbers = {"notional": str(request.quantity * price), "limit": "1000000"}
        denials = (wire.Denial(code="MAX_NOTIONAL", message="The order is larger than allowed.", numbers=numbers),)
    elif request.type == "market":
        status = "filled"
        fee = (request.quantity * price * Decimal("0.0012")).quantize(Decimal("0.01"))
        fills = (wire.Fill(trade_id=f"t{number}", price=price, quantity=request.quantity, fee=fee, filled_at=now),)
    filled = request.quantity if fills else Decimal(0)
    return wire.Order(
        order_id=f"order-{number}",
        client_order_id=request.client_order_id,
        account="paper",
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force or ("IOC" if request.type == "market" else "GTC"),
        post_only=request.post_only,
        quantity=request.quantity,
        limit_price=request.limit_price,
        status=status,
        filled_quantity=filled,
        average_price=price if fills else None,
        fees=sum((fill.fee for fill in fills), Decimal(0)),
        denials=denials,
        fills=fills,
        received_at=now,
        updated_at=now,
        sequence=number,
    )
