"""A ledger with some trades, the command that exports it, and what a test reads of its files."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from executor.ledger.__main__ import main
from executor.ledger.engine import writing
from tests.executor.standin import Executor, Place

Rows = list[dict[str, str]]


def environment_of(place: Place, folder: Path) -> dict[str, str]:
    """What the command needs to find the ledger; the password is written into `folder`."""
    password = folder / "password"
    password.write_text(place.password or "none")
    return {"SPARK_LEDGER_URL": place.url, "SPARK_LEDGER_PASSWORD_FILE": str(password)}


def trade(executor: Executor) -> None:
    """Two fills of one order, a denial, a resting order, a sale at a loss, and a key that looks like a formula."""
    executor.order(client_order_id="buy", quantity="3")
    executor.order(client_order_id="denied", quantity="9000")
    executor.limit("rest", "buy", "1", "99")
    executor.order(client_order_id="-1", side="sell", quantity="1")


def export(folder: Path, environment: dict[str, str], *options: str) -> int:
    return main(["export", str(folder), *options], environment)


def read(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def sums(rows: Rows) -> dict[str, Decimal]:
    """Debits less credits by unit; every row must have exactly one of the two."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        assert (row["debit"] == "") != (row["credit"] == ""), row
        found[row["unit"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
    return found


def execute(place: Place, statement: str | sa.Update, **values: object) -> None:
    engine = place.as_owner().engine()
    with writing(engine, "test") as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        asked = sa.text(statement) if isinstance(statement, str) else statement
        assert connection.execute(asked, values).rowcount > 0, statement
    engine.dispose()
