"""Whatever is ordered, and however the market moves: no balance goes below zero, and the ledger proves itself."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, nullcontext
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor import postgres
from tests.executor.standin import BTCTRY, Executor, make_executor, market_data, serving

pytestmark = pytest.mark.slow

POOR = {"TRY": Decimal(500)}


class Act(NamedTuple):
    """One thing that happens: orders, a cancel of the latest one, money that comes or goes, a position that is given
    up, or a move of the market that is then matched."""

    kind: str
    side: str
    quantity: str
    price: int


acts = st.builds(
    Act,
    kind=st.sampled_from(["market", "limit", "limit", "batch", "cancel", "move", "deposit", "withdraw", "write off"]),
    side=st.sampled_from(["buy", "sell"]),
    quantity=st.sampled_from(["0.1", "0.7", "1.3333", "3", "4.9", "5"]),
    price=st.integers(9900, 10100),
)


def _do(executor: Executor, act: Act, number: int) -> str:
    if act.kind == "market":
        executor.order(client_order_id=f"c{number}", side=act.side, quantity=act.quantity)
    elif act.kind == "limit":
        executor.limit(f"c{number}", act.side, act.quantity, f"{act.price / 100:.2f}")
    elif act.kind == "batch":
        order = {"symbol": BTCTRY, "side": act.side, "type": "market", "quantity": act.quantity}
        orders = [{**order, "client_order_id": f"c{number}-{part}"} for part in range(3)]
        assert executor.post("/v1/orders/batch", {"orders": orders})[0] == 200
    elif act.kind in ("deposit", "withdraw"):
        amount = str(Decimal(act.price) / 100)
        moved = {"client_key": f"c{number}", "currency": "TRY", "amount": amount, "reason": "so it is"}
        path = "/v1/deposits" if act.kind == "deposit" else "/v1/withdrawals"
        assert executor.post(path, moved)[0] in (201, 409)
    elif act.kind == "write off":
        given = {"client_key": f"c{number}", "symbol": BTCTRY, "quantity": act.quantity, "reason": "dust"}
        assert executor.post("/v1/write-offs", given)[0] in (201, 404, 409)
    elif act.kind == "cancel":
        for order in executor.get("/v1/orders?limit=1")["orders"]:
            executor.post(f"/v1/orders/{order['order_id']}/cancel")
    return act.kind


@settings(max_examples=8, deadline=None)
@given(st.lists(acts, min_size=2, max_size=10))
def test_no_balance_ever_goes_below_zero(postgres_server: postgres.Server, script: list[Act]) -> None:
    with serving(market_data()) as data, ExitStack() as stack:
        executor = make_executor(postgres_server.new_place(), data, cash=POOR)
        stack.callback(executor.close)
        executor.start_writing()
        for number, act in enumerate(script):
            if _do(executor, act, number) == "move":
                bid, ask = f"{act.price / 100 - 0.05:.2f}", f"{act.price / 100 + 0.05:.2f}"
                data.put(BTCTRY, [(bid, act.quantity)], [(ask, act.quantity)])
                executor.matcher.pass_once()
            _assert_solvent(executor)
            _assert_balanced(executor)
        with reading(executor.trading.ledger._engine) as connection:
            verify(lambda: nullcontext(connection))


def _assert_balanced(executor: Executor) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry, amount in executor.trading.ledger.view().balances.items():
        sums[entry.unit] += amount
    assert not any(sums.values())


def _assert_solvent(executor: Executor) -> None:
    account = executor.get("/v1/account")
    assert Decimal(account["cash"]["TRY"]) >= Decimal(account["reserved"]["TRY"]) >= 0
    for position in executor.get("/v1/positions")["positions"]:
        assert Decimal(position["quantity"]) >= 0
        selling = [
            Decimal(order["quantity"]) - Decimal(order["filled_quantity"])
            for order in executor.get("/v1/orders?status=open")["orders"]
            if order["side"] == "sell"
        ]
        assert sum(selling) <= Decimal(position["quantity"])
