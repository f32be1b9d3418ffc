"""Deposits, withdrawals and write-offs: once for their key, whole, balanced, and no profit and no loss."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.books import environment_of, export, read, sums
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, BTCUSDT, USDTTRY, Executor, MarketData, Place

START = Decimal(5_000_000)


def moved(executor: Executor, call: str, **changes: Any) -> tuple[int, dict[str, Any]]:
    body = {"client_key": "m1", "currency": "TRY", "amount": "1000", "reason": "more to trade with"} | changes
    return executor.post(f"/v1/{call}", body)


def write_off(executor: Executor, **changes: Any) -> tuple[int, dict[str, Any]]:
    body = {"client_key": "w1", "symbol": BTCTRY, "reason": "nobody buys it any more"} | changes
    return executor.post("/v1/write-offs", body)


def checked(place: Place) -> None:
    engine = place.engine()
    with reading(engine) as connection:
        verify(lambda: nullcontext(connection))
    engine.dispose()


def day_of(executor: Executor) -> dict[str, Any]:
    found: dict[str, Any] = executor.get("/v1/valuation")["day"]
    return found


@pytest.fixture
def priced(marketdata: MarketData) -> MarketData:
    """A market in which all cash has a rate."""
    marketdata.put(USDTTRY, [("40", "5000")], [("40.1", "5000")])
    return marketdata


def test_a_deposit_adds_cash_and_a_withdrawal_takes_it(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    status, answer = moved(executor, "deposits")
    assert (status, answer["direction"], answer["amount"], answer["rate"]["amount"]) == (201, "deposit", "1000", "1")
    assert executor.get("/v1/account")["cash"]["TRY"] == "5001000"
    assert moved(executor, "withdrawals", client_key="m2", amount="400.50")[0] == 201
    assert executor.get("/v1/account")["cash"]["TRY"] == "5000599.5"
    assert [event["kind"] for event in executor.get("/v1/events")["events"]] == ["withdrawn", "deposited", "opened"]
    checked(place)


def test_the_same_key_moves_money_once_at_either_executor_and_after_a_restart(make: MakeExecutor, place: Place) -> None:
    one, other = make(place), make(place)
    _, first = moved(one, "deposits")
    assert moved(other, "deposits") == (200, first)
    one.close()
    restarted = make(place)
    assert moved(restarted, "deposits") == (200, first)
    assert restarted.get("/v1/account")["cash"]["TRY"] == "5001000"


@pytest.mark.parametrize(
    ("call", "changes", "differs"),
    [
        ("deposits", {"amount": "1001"}, ["amount"]),
        ("deposits", {"currency": "USDT", "reason": "other"}, ["currency", "reason"]),
        ("withdrawals", {}, ["kind"]),
    ],
)
def test_a_key_of_another_request_is_refused(
    executor: Executor, call: str, changes: dict[str, str], differs: list[str]
) -> None:
    moved(executor, "deposits")
    status, body = moved(executor, call, **changes)
    assert (status, body["error"]["code"], body["error"]["details"]["differs"]) == (409, "CLIENT_KEY_REUSED", differs)
    assert executor.get("/v1/account")["cash"] == {"TRY": "5001000", "USDT": "100000"}


def test_money_that_open_orders_hold_back_can_not_be_withdrawn(make: MakeExecutor, place: Place) -> None:
    executor = make(place, fee="0", cash={"TRY": Decimal(1000)})
    executor.limit("rest", "buy", "6", "99")
    status, body = moved(executor, "withdrawals", amount="406.01")
    assert (status, body["error"]["code"]) == (409, "NOT_FREE")
    assert "0.01 TRY more would have to be free" in body["error"]["message"]
    assert moved(executor, "withdrawals", amount="406")[0] == 201
    checked(place)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "EUR"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e-19"}, "amount"),
        ({"amount": "1e12"}, "amount"),
        ({"reason": " "}, "reason"),
        ({"client_key": "a b"}, "client_key"),
        ({"client_key": ""}, "client_key"),
        ({"more": "x"}, "more"),
    ],
)
@pytest.mark.parametrize("call", ["deposits", "withdrawals"])
def test_a_bad_field_is_named_and_nothing_moves(door: Executor, call: str, changes: dict[str, str], field: str) -> None:
    status, body = moved(door, call, **changes)
    assert (status, body["error"]["details"]["field"]) == (422, field)
    assert door.get("/v1/account")["sequence"] == 1


def test_only_the_operator_moves_money_and_writes_off(executor: Executor) -> None:
    for call in ("deposits", "withdrawals", "write-offs"):
        assert executor.post(f"/v1/{call}", {}, token="wrong")[0] == 401


def test_profit_loss_and_drawdown_leave_money_out_that_came_or_went(
    make: MakeExecutor, place: Place, priced: MarketData
) -> None:
    executor = make(place)
    executor.order(quantity="5")
    executor.matcher.pass_once()
    priced.put(BTCTRY, [("90", "2")], [("90.1", "2")])
    executor.matcher.pass_once()
    before = day_of(executor)
    assert Decimal(before["pnl"]) < 0 < Decimal(before["drawdown_percent"])
    for number, (call, changes) in enumerate(
        [
            ("deposits", {"amount": "20000000"}),
            ("withdrawals", {"amount": "24000000"}),
            ("deposits", {"currency": "USDT", "amount": "12345.67"}),
            ("withdrawals", {"currency": "USDT", "amount": "110000"}),
        ]
    ):
        assert moved(executor, call, client_key=f"m{number}", **changes)[0] == 201
        executor.matcher.pass_once()
        after = day_of(executor)
        for name in ("pnl", "pnl_percent", "drawdown_percent", "day", "since"):
            assert after[name] == before[name], (call, name)
    assert executor.get("/v1/trading-state")["state"] == "ACTIVE"


def test_a_withdrawal_of_all_but_a_little_does_not_hold_the_account(
    make: MakeExecutor, place: Place, priced: MarketData
) -> None:
    executor = make(place, cash={"TRY": Decimal(1000)})
    executor.matcher.pass_once()
    moved(executor, "withdrawals", amount="999.99")
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["state"] == "ACTIVE"
    moved(executor, "withdrawals", client_key="m2", amount="0.01")
    executor.matcher.pass_once()
    assert executor.get("/v1/valuation")["summary"]["equity"] == "0"
    moved(executor, "deposits", client_key="m3", amount="50")
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["state"] == "ACTIVE"
    assert day_of(executor)["pnl"] == "0"


def test_a_look_from_before_a_withdrawal_judges_nothing_after_it(
    make: MakeExecutor, place: Place, priced: MarketData
) -> None:
    executor = make(place)
    executor.matcher.pass_once()
    ledger = executor.trading.ledger
    old = ledger.view()
    moved(executor, "withdrawals", amount="4900000")
    executor.matcher._losses.check(old)
    executor.matcher.pass_once()
    assert executor.get("/v1/trading-state")["state"] == "ACTIVE"
    assert day_of(executor)["drawdown_percent"] == "0"


def test_money_does_not_move_while_losses_could_not_be_told_from_it(
    make: MakeExecutor, place: Place, priced: MarketData
) -> None:
    executor = make(place)
    executor.matcher.pass_once()
    priced.status = 503
    executor.clock.now += 61
    for call in ("deposits", "withdrawals"):
        status, body = moved(executor, call, currency="USDT")
        assert (status, body["error"]["code"], body["error"]["retryable"]) == (409, "EQUITY_UNKNOWN", True)
    assert executor.get("/v1/account")["cash"]["USDT"] == "100000"
    priced.status = 200
    assert moved(executor, "deposits", currency="USDT")[0] == 201


def test_a_written_off_position_becomes_a_realised_loss_of_its_cost(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    executor.order(quantity="3")
    status, answer = write_off(executor, quantity="1")
    cost = Decimal("300.4") / 3
    assert (status, answer["quantity"]) == (201, "1")
    assert abs(Decimal(answer["loss"]) - cost) < Decimal("1e-11")
    [position] = executor.get("/v1/positions")["positions"]
    assert position["quantity"] == "2"
    assert Decimal(position["realised_pnl"]) == -Decimal(answer["loss"])
    assert write_off(executor, quantity="1") == (200, answer)
    _, rest = write_off(executor, client_key="w2")
    assert rest["quantity"] == "2"
    [position] = executor.get("/v1/positions")["positions"]
    assert (position["quantity"], position["realised_pnl"], position["average_cost"]) == ("0", "-300.4", "0")
    assert write_off(executor, client_key="w2") == (200, rest)
    checked(place)


def test_nothing_is_written_off_that_is_not_held_or_that_orders_sell(executor: Executor) -> None:
    assert write_off(executor)[0] == 404
    executor.order(quantity="1")
    executor.limit("rest", "sell", "0.4", "101")
    before = executor.get("/v1/account")["sequence"]
    for quantity in (None, "0.7"):
        status, body = write_off(executor, **({} if quantity is None else {"quantity": quantity}))
        assert (status, body["error"]["code"]) == (409, "NOT_FREE")
    assert executor.get("/v1/account")["sequence"] == before
    assert write_off(executor, quantity="0.6")[0] == 201
    assert write_off(executor, client_key="w2", symbol="BTCTURK:NOPE")[1]["error"]["code"] == "UNKNOWN_POSITION"
    assert write_off(executor, client_key="w2", symbol="nope")[1]["error"]["details"]["field"] == "symbol"
    assert write_off(executor, client_key="w2", quantity="0")[1]["error"]["details"]["field"] == "quantity"


def test_cash_is_withdrawn_and_not_written_off(make: MakeExecutor, place: Place, priced: MarketData) -> None:
    executor = make(place)
    priced.put(BTCUSDT, [("100", "2")], [("100.1", "2")])
    executor.order(symbol=USDTTRY, quantity="10")
    assert write_off(executor, symbol=USDTTRY)[1]["error"]["code"] == "UNKNOWN_POSITION"


def test_a_delisted_position_can_be_written_off_while_market_data_is_away(
    executor: Executor, marketdata: MarketData
) -> None:
    executor.order(quantity="1")
    marketdata.status = 503
    assert write_off(executor)[0] == 201


def test_the_books_for_the_accountant_have_what_moved(make: MakeExecutor, place: Place, tmp_path: Path) -> None:
    executor = make(place)
    executor.order(quantity="1")
    moved(executor, "deposits")
    moved(executor, "withdrawals", client_key="m2")
    write_off(executor)
    assert export(tmp_path / "books", environment_of(place, tmp_path)) == 0
    journal = read(tmp_path / "books" / "journal.csv")
    kinds = [row["event_kind"] for row in journal]
    assert [kinds.count(kind) for kind in ("deposited", "withdrawn", "written_off")] == [2, 2, 4]
    assert not any(sums(journal).values())
    balances = {(row["ledger_account"], row["unit"]) for row in read(tmp_path / "books" / "balances.csv")}
    assert ("written_off", "BTC") in balances
