"""A fill that was wrong is taken back by the opposite postings: once, whole, and only when the account can bear it."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from executor.ledger.compare import LedgerFault
from executor.ledger.engine import reading, writing
from executor.ledger.verify import verify
from tests.executor.books import environment_of, export, read
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Executor, Place

WHY = {"reason": "the price was a mistake"}


def reverse(executor: Executor, trade_id: str) -> tuple[int, dict[str, Any]]:
    return executor.post(f"/v1/fills/{trade_id}/reverse", WHY)


def books(executor: Executor) -> tuple[Any, Any]:
    account = executor.get("/v1/account")
    return account["cash"], executor.get("/v1/positions")["positions"]


def checked(place: Place) -> None:
    engine = place.engine()
    with reading(engine) as connection:
        verify(lambda: nullcontext(connection))
    engine.dispose()


def test_a_reversed_purchase_gives_money_and_fee_back_and_the_books_still_prove_themselves(
    make: MakeExecutor, place: Place
) -> None:
    one, other = make(place), make(place)
    cash = one.get("/v1/account")["cash"]
    _, order = one.order(quantity="1")
    status, reversal = reverse(other, order["fills"][0]["trade_id"])
    assert (status, reversal["order_id"], reversal["reason"]) == (201, order["order_id"], WHY["reason"])
    assert reversal["sequence"] == reversal["reversed_sequence"] + 1
    found, [position] = books(one)
    assert found == cash
    assert [position[name] for name in ("quantity", "fees", "realised_pnl")] == ["0", "0", "0"]
    assert one.get(f"/v1/orders/{order['order_id']}") == order, "the order stays as it was"
    checked(place)


def test_a_reversed_sale_brings_the_position_its_cost_and_its_result_back(executor: Executor) -> None:
    executor.order(client_order_id="in", quantity="2")
    before = books(executor)
    _, sale = executor.order(client_order_id="out", side="sell", quantity="1.5")
    assert reverse(executor, sale["fills"][0]["trade_id"])[0] == 201
    assert books(executor) == before


def test_a_fill_is_reversed_once(executor: Executor) -> None:
    _, order = executor.order(quantity="1")
    trade_id = order["fills"][0]["trade_id"]
    assert reverse(executor, trade_id)[0] == 201
    status, body = reverse(executor, trade_id)
    assert (status, body["error"]["code"]) == (409, "NOT_REVERSIBLE")
    assert "already" in body["error"]["message"]


@pytest.mark.parametrize("trade_id", ["paper-99-1", "nope", "%00", "x" * 65])
def test_an_unknown_fill_is_told(door: Executor, trade_id: str) -> None:
    status, body = reverse(door, trade_id)
    assert (status, body["error"]["code"]) == (404, "UNKNOWN_TRADE")


def test_a_purchase_is_not_reversed_when_what_was_bought_is_gone_or_promised(executor: Executor) -> None:
    _, order = executor.order(client_order_id="in", quantity="1")
    executor.limit("rest", "sell", "0.4", "101")
    trade_id = order["fills"][0]["trade_id"]
    before = executor.get("/v1/account")["sequence"]
    status, body = reverse(executor, trade_id)
    assert (status, body["error"]["code"]) == (409, "NOT_REVERSIBLE")
    assert "0.4 BTC more would have to be free" in body["error"]["message"]
    assert executor.get("/v1/account")["sequence"] == before
    executor.post("/v1/orders/cancel-all", {})
    assert reverse(executor, trade_id)[0] == 201


def test_a_sale_is_not_reversed_when_its_money_is_spent(make: MakeExecutor, place: Place) -> None:
    executor = make(place, cash={"TRY": Decimal(105)}, fee="0")
    executor.order(client_order_id="in", quantity="1")
    _, sale = executor.order(client_order_id="out", side="sell", quantity="1")
    executor.order(client_order_id="again", quantity="1")
    status, body = reverse(executor, sale["fills"][0]["trade_id"])
    assert (status, body["error"]["code"]) == (409, "NOT_REVERSIBLE")
    assert "TRY more would have to be free" in body["error"]["message"]
    checked(place)


def test_the_books_for_the_accountant_name_the_event_that_reversed_a_fill(
    make: MakeExecutor, place: Place, tmp_path: Path
) -> None:
    executor = make(place)
    _, kept = executor.order(client_order_id="kept", quantity="1")
    _, order = executor.order(client_order_id="wrong", quantity="0.5")
    _, reversal = reverse(executor, order["fills"][0]["trade_id"])
    assert export(tmp_path / "books", environment_of(place, tmp_path)) == 0
    found = {fill["trade_id"]: fill["reversed_by"] for fill in read(tmp_path / "books" / "fills.csv")}
    assert found == {
        kept["fills"][0]["trade_id"]: "",
        order["fills"][0]["trade_id"]: str(reversal["sequence"]),
    }
    kinds = [row["event_kind"] for row in read(tmp_path / "books" / "journal.csv")]
    assert kinds.count("reversed") == 5


def test_a_reversal_of_what_is_no_longer_there_is_named(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    _, order = executor.order(quantity="1")
    reverse(executor, order["fills"][0]["trade_id"])
    engine = place.as_owner().engine()
    with writing(engine, "tampering") as connection:
        connection.execute(sa.text("UPDATE postings SET amount = '7' WHERE sequence = 5 AND line = 1"))
    with reading(engine) as connection, pytest.raises(LedgerFault, match="posting 5/1 is 7 BTC"):
        verify(lambda: nullcontext(connection))
    engine.dispose()
