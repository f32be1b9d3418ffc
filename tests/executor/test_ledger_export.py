"""The books as CSV files: exact, balanced, the same every time, safe in a spreadsheet, and never half there."""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from executor.ledger import schema
from executor.ledger.__main__ import main
from executor.ledger.engine import reading
from executor.ledger.export import SHEETS, cell
from executor.ledger.export import export as write_books
from tests.executor.books import Rows, environment_of, execute, export, read, sums, trade
from tests.executor.standin import BTCTRY, NOWHERE, Executor, MarketData, Place

pytestmark = pytest.mark.slow

NAMES = ["balances.csv", "fills.csv", "journal.csv", "orders.csv"]


@pytest.fixture
def environment(place: Place, tmp_path: Path) -> dict[str, str]:
    return environment_of(place, tmp_path)


def test_the_journal_has_every_posting_and_each_unit_adds_up_to_zero(
    executor: Executor, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trade(executor)
    assert export(tmp_path / "books", environment) == 0
    told = f"export: account=paper events=12 postings=20 orders=4 fills=3 to {tmp_path}/books\n"
    assert capsys.readouterr().out == told
    journal = read(tmp_path / "books/journal.csv")
    assert len(journal) == 20
    assert sums(journal) == {"TRY": 0, "USDT": 0, "BTC": 0}
    by_event: dict[str, Rows] = defaultdict(list)
    for row in journal:
        by_event[row["event_sequence"]].append(row)
    assert all(not any(sums(rows).values()) for rows in by_event.values())
    places = [(int(row["event_sequence"]), int(row["line"])) for row in journal]
    assert places == sorted(places)
    assert {row["event_kind"] for row in journal} == {"opened", "filled"}
    assert [row["trade_id"] for row in by_event["4"]] == ["paper-2-1"] * 5
    assert [row["order_id"] for row in by_event["4"]] == ["paper-2"] * 5
    assert {row["order_id"] + row["trade_id"] for row in by_event["1"]} == {""}
    datetime.strptime(journal[0]["time"], "%Y-%m-%dT%H:%M:%S.%f%z")


def test_the_trial_balance_is_balanced_and_says_what_the_api_says(
    executor: Executor, environment: dict[str, str], tmp_path: Path
) -> None:
    trade(executor)
    assert export(tmp_path, environment) == 0
    trial = read(tmp_path / "balances.csv")
    assert sums(trial) == {"TRY": 0, "USDT": 0, "BTC": 0}
    held = {
        (row["ledger_account"], row["unit"]): Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in trial
    }
    account = executor.get("/v1/account")
    cash = {unit: amount for (name, unit), amount in held.items() if name == "cash"}
    assert cash == {unit: Decimal(amount) for unit, amount in account["cash"].items()}
    [position] = executor.get("/v1/positions")["positions"]
    assert held["position", "BTC"] == Decimal(position["quantity"])
    assert held["fees", "TRY"] == Decimal(position["fees"])
    assert held["realised_pnl", "TRY"] == -Decimal(position["realised_pnl"]) != 0


def test_orders_and_fills_are_those_of_the_api(executor: Executor, environment: dict[str, str], tmp_path: Path) -> None:
    trade(executor)
    assert export(tmp_path, environment) == 0
    orders, fills = read(tmp_path / "orders.csv"), read(tmp_path / "fills.csv")
    shown = executor.get("/v1/orders?limit=10")["orders"][::-1]
    assert len(shown) == 4
    for row, order in zip(orders, shown, strict=True):
        same = ("order_id", "symbol", "side", "type", "time_in_force", "quantity", "status", "fees", "received_at")
        assert [row[name] for name in same] == [order[name] for name in same]
        assert row["average_price"] == (order["average_price"] or "")
        assert row["denials"].split() == [denial["code"] for denial in order["denials"]]
    expected = [(order, fill) for order in shown for fill in order["fills"]]
    for row, (order, fill) in zip(fills, expected, strict=True):
        assert (row["order_id"], row["trade_id"], row["side"]) == (order["order_id"], fill["trade_id"], order["side"])
        assert (row["price"], row["quantity"], row["fee"]) == (fill["price"], fill["quantity"], fill["fee"])
        assert Decimal(row["notional"]) == Decimal(fill["price"]) * Decimal(fill["quantity"])
        assert (row["symbol"], row["currency"], row["liquidity"]) == (BTCTRY, "TRY", "taker")


def test_the_same_ledger_gives_the_same_bytes(executor: Executor, environment: dict[str, str], tmp_path: Path) -> None:
    trade(executor)
    assert export(tmp_path / "first", environment) == 0
    assert export(tmp_path / "second", environment) == 0
    assert sorted(file.name for file in (tmp_path / "first").iterdir()) == NAMES
    for name in NAMES:
        first = (tmp_path / "first" / name).read_bytes()
        assert first == (tmp_path / "second" / name).read_bytes()
        assert first.count(b"\r\n") == first.count(b"\n") > 1


def test_what_is_traded_while_the_books_are_written_is_in_none_of_them(
    executor: Executor, marketdata: MarketData, place: Place, environment: dict[str, str], tmp_path: Path
) -> None:
    trade(executor)
    [first, *_] = [order for order in executor.get("/v1/orders")["orders"] if order["status"] == "filled"]
    resting = [executor.limit(f"rest-{number}", "buy", "0.5", "99.9")["order_id"] for number in range(3)]
    assert export(tmp_path / "before", environment) == 0
    begun: list[int] = []

    def reading_while_traded() -> AbstractContextManager[sa.Connection]:
        """Lends one moment, and before the next one everything that can happen to an order does."""
        begun.append(len(begun))
        match len(begun):
            case 2:
                executor.order(client_order_id="meanwhile", quantity="0.1")
                executor.post(f"/v1/orders/{resting[0]}/cancel")
            case 3:
                marketdata.put(BTCTRY, [("99", "1")], [("99.8", "0.7")])
                executor.matcher.pass_once()
            case 4:
                executor.post(f"/v1/fills/{first['fills'][0]['trade_id']}/reverse", {"reason": "a test"})
        return reading(engine)

    engine = place.engine()
    done = write_books(reading_while_traded, "paper", tmp_path / "meanwhile")
    engine.dispose()
    changed = {executor.get(f"/v1/orders/{order_id}")["status"] for order_id in resting}
    assert changed == {"cancelled", "filled", "partially_filled"}
    assert len(begun) > 4
    assert done.events < executor.get("/v1/account")["sequence"]
    for name in NAMES:
        assert (tmp_path / "meanwhile" / name).read_bytes() == (tmp_path / "before" / name).read_bytes(), name


def test_a_key_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    executor: Executor, environment: dict[str, str], tmp_path: Path
) -> None:
    trade(executor)
    assert export(tmp_path, environment) == 0
    assert [row["client_order_id"] for row in read(tmp_path / "orders.csv")] == ["buy", "denied", "rest", "'-1"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_begins_as_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_values_are_written_in_full_and_as_they_are() -> None:
    many = "1234567890123456789012345678901234567890.123456789012345678"
    assert cell(Decimal(many)) == many
    assert cell(Decimal("-0.000000000000000001")) == "-0.000000000000000001"
    assert [cell(value) for value in ("1=1", "", None, 7, True, False)] == ["1=1", "", "", "7", "true", "false"]
    assert cell(datetime(2026, 11, 25, 9, 5, tzinfo=UTC)) == "2026-11-25T09:05:00.000000Z"


def test_texts_with_commas_quotes_and_line_breaks_come_back_whole(
    executor: Executor, place: Place, environment: dict[str, str], tmp_path: Path
) -> None:
    trade(executor)
    awkward = 'a "b", çğı\r\nc'
    execute(place, "UPDATE orders SET client_order_id = :key WHERE client_order_id = 'buy'", key=awkward)
    assert export(tmp_path, environment) == 0
    assert read(tmp_path / "orders.csv")[0]["client_order_id"] == awkward


def test_long_amounts_are_exact(executor: Executor, place: Place, environment: dict[str, str], tmp_path: Path) -> None:
    trade(executor)
    price, quantity = "123456789012.123456789012345678", "0.123456789012345678"
    fills, postings = schema.fills, schema.postings
    longer = {"price": Decimal(price), "quantity": Decimal(quantity)}
    execute(place, sa.update(fills).where(fills.c.sequence == 4).values(longer))
    third = (postings.c.sequence == 4, postings.c.line == 3)
    execute(place, sa.update(postings).where(*third).values(amount=Decimal(f"-{price}")))
    assert export(tmp_path, environment) == 0
    row = read(tmp_path / "fills.csv")[0]
    assert (row["price"], row["quantity"]) == (price, quantity)
    assert row["notional"] == _product(price, quantity)
    assert [line["credit"] for line in read(tmp_path / "journal.csv") if line["credit"] == price] == [price]


def _product(first: str, second: str) -> str:
    """The exact product of two decimals with 18 digits after the point, by whole numbers."""
    whole = int(first.replace(".", "")) * int(second.replace(".", ""))
    digits = str(whole).rjust(37, "0")
    return f"{digits[:-36]}.{digits[-36:]}".rstrip("0")


def test_an_existing_file_is_refused_until_it_may_be_replaced(
    executor: Executor, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = tmp_path / "books"
    books.mkdir()
    (books / "fills.csv").write_text("mine")
    assert export(books, environment) == 2
    told = capsys.readouterr()
    assert told.err == f"export: not written: {books} has fills.csv already; --replace writes over it\n"
    assert told.out == ""
    assert [(file.name, file.read_text()) for file in books.iterdir()] == [("fills.csv", "mine")]
    assert export(books, environment, "--replace") == 0
    assert sorted(file.name for file in books.iterdir()) == NAMES
    assert (books / "fills.csv").read_text() != "mine"


def test_an_export_that_fails_half_way_leaves_nothing_and_what_was_there(
    executor: Executor, place: Place, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trade(executor)
    books = tmp_path / "books"
    assert export(books, environment) == 0
    before = {file.name: file.read_bytes() for file in books.iterdir()}
    execute(place, "UPDATE orders SET denials = 'nonsense' WHERE client_order_id = 'denied'")
    assert export(books, environment, "--replace") == 2
    assert "a row can't be read" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in books.iterdir()} == before


def test_what_can_not_be_exported_is_said_with_exit_code_2(
    executor: Executor, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tmp_path / "books", {**environment, "SPARK_ACCOUNT": "other"}) == 2
    assert capsys.readouterr().err == "export: not written: the ledger has no account other\n"
    assert export(tmp_path / "books", {**environment, "SPARK_LEDGER_URL": NOWHERE}) == 2
    assert "export: not written: the ledger does not answer" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert export(tmp_path / "file", environment) == 2
    assert capsys.readouterr().err.startswith("export: not written: ")
    for wrong in (["export"], ["export", "--replace"], ["export", "books", "--force"], ["verify", "books"]):
        assert main(wrong, environment) == 2
        assert capsys.readouterr().err.startswith("usage: ")
    assert not (tmp_path / "books").exists()


def test_every_file_has_the_columns_that_it_names(
    executor: Executor, environment: dict[str, str], tmp_path: Path
) -> None:
    trade(executor)
    assert export(tmp_path, environment) == 0
    for sheet in SHEETS:
        with (tmp_path / sheet.name).open(newline="") as lines:
            assert {len(row) for row in csv.reader(lines)} == {len(sheet.columns.split())}
