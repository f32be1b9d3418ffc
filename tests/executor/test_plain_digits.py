"""A pair whose prices are tiny is told in plain digits by every answer, stream, file and refusal of the executor."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from executor.guardrails import Holdings, MarketView, check
from executor.ledger import schema
from executor.ledger.compare import LedgerFault
from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.books import environment_of, execute, export, sums
from tests.executor.standin import TOKEN, Executor, Place, make_executor, market_data, serving
from tests.executor.test_guardrails import GOOD, LIMITS, MARKET

PEPE = "BTCTURK:PEPETRY"
EXPONENT = re.compile(r"[0-9]E[-+]?[0-9]")
ZEROS = re.compile(r'[": ,]-?[0-9]+\.[0-9]*0[",\n]')
NUMBER = re.compile(r'"-?[0-9.]+(?:E[-+]?[0-9]+)?"')
READS = ("orders?status=all", "events", "positions", "account", "valuation", "limits", "kill-switch", "trading-state")


@pytest.fixture
def desk(place: Place) -> Iterator[Executor]:
    """An executor that has bought, sold, rested, replaced and refused a coin that costs 0.00000012."""
    data = market_data()
    data.sizes = {"tick_size": "0.0000000001", "lot_size": "0.00000001", "min_notional": "0.0000001"}
    bids, asks = (
        [("0.00000012", "5000000"), ("0.0000001190", "1000000000")],
        [("0.0000001203", "2500000.50"), ("0.000000121", "1000000000")],
    )
    data.put(PEPE, bids, asks)
    with serving(data):
        executor = make_executor(place, data)
        executor.start_writing()
        executor.order(client_order_id="buy", symbol=PEPE, quantity="1000000.50")
        executor.order(client_order_id="sell", symbol=PEPE, side="sell", quantity="100000.0")
        executor.limit("rest", "buy", "1000.000", "0.000000120", symbol=PEPE)
        executor.limit("1E-8", "buy", "100.10", "0.0000001300", symbol=PEPE)
        executor.limit("grid", "buy", "0.000000001", "0.00000012001", symbol=PEPE)
        yield executor
        executor.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", READS)
def test_every_answer_has_plain_digits(desk: Executor, path: str) -> None:
    text = desk.client.get(f"/v1/{path}").get_data(as_text=True)
    assert NUMBER.search(text) or path in ("kill-switch", "trading-state")
    for quoted in NUMBER.findall(text):
        if quoted != '"1E-8"':
            assert not EXPONENT.search(quoted)
            assert not ZEROS.search(quoted)
    assert not EXPONENT.search(text.replace('"client_order_id":"1E-8"', ""))


def test_a_clients_own_key_is_not_taken_for_a_number(desk: Executor) -> None:
    keys = [order["client_order_id"] for order in desk.get("/v1/orders?status=all")["orders"]]
    assert "1E-8" in keys


def test_an_order_and_its_refusal_are_told_in_plain_digits(desk: Executor) -> None:
    orders = {order["client_order_id"]: order for order in desk.get("/v1/orders?status=all")["orders"]}
    assert (orders["rest"]["quantity"], orders["rest"]["limit_price"]) == ("1000", "0.00000012")
    assert orders["buy"]["average_price"] == "0.0000001203"
    assert orders["buy"]["quantity"] == orders["buy"]["fills"][0]["quantity"] == "1000000.5"
    refused = {denial["code"]: denial for denial in orders["grid"]["denials"]}
    assert refused["TICK_SIZE"]["numbers"] == {"limit_price": "0.00000012001", "tick_size": "0.0000000001"}
    assert refused["TICK_SIZE"]["message"] == (
        "limit_price 0.00000012001 is not a multiple of the tick size 0.0000000001"
    )
    assert "quantity 0.000000001 is not" in refused["LOT_SIZE"]["message"]


def test_the_stream_has_plain_digits(desk: Executor) -> None:
    answer = desk.client.get("/v1/orders/stream", buffered=False)
    text = next(iter(answer.iter_encoded())).decode().replace('"client_order_id":"1E-8"', "")
    answer.close()
    assert '"limit_price":"0.00000012"' in text
    assert not EXPONENT.search(text)


def test_limits_are_told_in_plain_digits_however_they_were_set(desk: Executor) -> None:
    body = {
        "limits": {"max_order_notional": {"TRY": "1500.0"}, "max_order_quantity": {PEPE: "0.000000010"}},
        "reason": "a",
    }
    answer = desk.client.put("/v1/limits", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.get_json()["limits"]["max_order_notional"] == {"TRY": "1500"}
    assert desk.get("/v1/limits")["limits"]["max_order_quantity"] == {PEPE: "0.00000001"}
    assert not EXPONENT.search(desk.client.get("/v1/events").get_data(as_text=True).replace('"1E-8"', ""))


def test_the_files_have_plain_digits_and_still_balance(desk: Executor, place: Place, tmp_path: Path) -> None:
    assert export(tmp_path / "books", environment_of(place, tmp_path)) == 0
    for file in (tmp_path / "books").iterdir():
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                numbers = {name: cell for name, cell in row.items() if name != "client_order_id"}
                assert not [cell for cell in numbers.values() if EXPONENT.search(cell) or ZEROS.search(f" {cell},")]
                assert "E" not in row.get("price", "")
    with (tmp_path / "books/journal.csv").open(encoding="utf-8", newline="") as lines:
        assert not any(sums(list(csv.DictReader(lines))).values())


def test_a_ledger_is_proved_by_values_however_its_terms_are_spelled(desk: Executor, place: Place) -> None:
    """An earlier version wrote 1E-8 and trailing zeros into the terms of its orders."""
    engine = desk.trading.ledger._engine
    orders = schema.orders
    with reading(engine) as connection:
        terms = connection.execute(sa.select(orders.c.terms).where(orders.c.client_order_id == "rest")).scalar_one()
    assert "E-" not in terms
    [price] = re.findall(r'"reserve_per_unit":"([^"]*)"', terms)
    for spelled, proved in ((f"{Decimal(price):E}", True), (f"{price}00", True), (f"{price}01", False), ("x", False)):
        changed = sa.update(orders).where(orders.c.client_order_id == "rest")
        execute(place, changed.values(terms=terms.replace(f'"{price}"', f'"{spelled}"')))
        with reading(engine) as connection:
            if proved:
                verify(lambda: nullcontext(connection))
            else:
                with pytest.raises(LedgerFault, match="terms is"):
                    verify(lambda: nullcontext(connection))


def test_every_guardrail_refuses_in_plain_digits() -> None:
    tiny = Decimal("1E-9")
    market = MarketView(
        **MARKET._asdict() | {"reference": 100 * tiny, "best_opposite": 99 * tiny, "floor": tiny, "ceiling": 2 * tiny}
    )
    limits = dataclasses.replace(
        LIMITS,
        price_collar_percent=Decimal("1E-7"),
        max_order_notional={"TRY": tiny},
        max_position_notional={"TRY": tiny},
        max_exposure={"TRY": tiny},
        max_order_quantity={GOOD.symbol: tiny},
    )
    order = replace(
        GOOD,
        quantity=Decimal("1.055E+1"),
        limit_price=Decimal("103.5E-9"),
        post_only=True,
        market=market,
        funds_needed=Decimal("5.00E-8"),
        funds_available=Decimal("1E-8"),
        holdings=Holdings(
            position=Decimal("1E+3"), open_buys=tiny, exposure=tiny, opposite=tiny, recent=10**6, executions=10**6
        ),
        reach=2 * tiny,
    )
    denials = check(order, limits)
    codes = {denial.code for denial in denials}
    assert codes >= {"TICK_SIZE", "LOT_SIZE", "MIN_NOTIONAL", "MAX_NOTIONAL", "MAX_QUANTITY", "PRICE_COLLAR"}
    assert codes >= {"PRICE_LIMIT", "POST_ONLY", "INSUFFICIENT_FUNDS", "MAX_POSITION", "MAX_EXPOSURE", "SELF_TRADE"}
    for denial in denials:
        for text in (denial.message, *denial.numbers.values()):
            assert not EXPONENT.search(text), denial
