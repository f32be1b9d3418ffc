"""The migrations make exactly the tables that the code uses, once, whichever executor starts first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from executor.ledger.engine import reading, writing
from executor.ledger.schema import metadata
from executor.ledger.timings import LEDGER_TIMINGS
from executor.ledger.verify import verify
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Place

OLD_LEDGERS = Path(__file__).parent / "old_ledgers"
"""Tables as revision 0003 left them when it was the third of three, and rows of all kinds of events for them."""


@pytest.fixture
def place(postgres_server: postgres.Server) -> Place:
    """A database without any table."""
    return postgres_server.new_place(empty=True)


def test_the_migrated_tables_are_the_ones_the_code_uses(make: MakeExecutor, place: Place) -> None:
    make(place)
    engine = place.engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        kinds = "SELECT DISTINCT data_type FROM information_schema.columns WHERE column_name IN ('amount', 'price')"
        assert connection.execute(sa.text(kinds)).scalars().all() == ["numeric"]
    engine.dispose()


def test_executors_that_start_together_open_the_account_once(make: MakeExecutor, place: Place) -> None:
    executors = [make(place, ready=False) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda executor: executor.start_writing(), executors))
    assert {executor.get("/v1/account")["sequence"] for executor in executors} == {1}


@pytest.mark.parametrize("timings", [LEDGER_TIMINGS])
def test_the_connections_are_durable_and_bounded_in_time(make: MakeExecutor, place: Place) -> None:
    engine = make(place).trading.ledger._engine
    with reading(engine) as connection:
        names = ("synchronous_commit", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        found = [connection.execute(sa.text(f"SHOW {name}")).scalar() for name in names]
        assert found == ["on", "2s", "5s", "10s"]


def test_starting_cash_counts_only_for_a_new_account(make: MakeExecutor, place: Place) -> None:
    make(place)
    assert make(place, cash={"TRY": Decimal(1)}).get("/v1/account")["cash"]["TRY"] == "5000000"


def run(place: Place, statements: list[str]) -> None:
    engine = place.engine()
    with writing(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def statements_of(file: str) -> list[str]:
    """The statements of a file, none of which has a semicolon inside."""
    return [part.strip() for part in (OLD_LEDGERS / file).read_text().split(";\n") if part.strip()]


def test_tables_that_the_three_first_revisions_made_are_taken_over(make: MakeExecutor, place: Place) -> None:
    run(place, statements_of("postgresql_0003.sql"))
    executor = make(place)
    engine = place.engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = [found for found in compare_metadata(context, metadata) if found[0] != "add_table_comment"]
    assert differences == []
    assert executor.order(client_order_id="new")[1]["status"] == "filled"
    with reading(engine) as connection:
        verify(lambda: nullcontext(connection))
    engine.dispose()


def test_a_ledger_that_the_version_before_wrote_goes_on_as_it_was(make: MakeExecutor, place: Place) -> None:
    run(place, [*statements_of("postgresql_0003.sql"), *statements_of("traded_0003.sql")])
    executor = make(place)
    orders = {order["client_order_id"]: order["status"] for order in executor.get("/v1/orders")["orders"]}
    assert orders == {
        "bought": "filled",
        "denied": "denied",
        "resting": "accepted",
        "sold": "filled",
        "cancelled": "cancelled",
        "again": "filled",
    }
    assert executor.get("/v1/kill-switch")["switches"] == {"BTCTURK:ETHTRY": "drill"}
    assert executor.get("/v1/limits")["set_by_operator"] == ["max_executions"]
    assert (
        executor.post("/v1/orders/" + executor.get("/v1/orders?status=open")["orders"][0]["order_id"] + "/cancel")[0]
        == 200
    )
    engine = place.engine()
    with reading(engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    engine.dispose()
    assert proof.orders == 6


@pytest.mark.parametrize("revision", ["0001", "0002", "0099"])
def test_tables_of_another_version_are_refused_with_the_way_out(
    make: MakeExecutor, place: Place, revision: str
) -> None:
    version = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"
    run(place, [version, f"INSERT INTO alembic_version VALUES ('{revision}')"])  # noqa: S608 - of the test
    executor = make(place, ready=False)
    executor.parts.leading.step()
    reason = executor.client.get("/readyz").get_json()["parts"]["ledger"]["reason"]
    assert reason == (
        f"the ledger's tables are of revision {revision}, which this version of Spark can't read: start the version of "
        "Spark that made them, or delete the ledger for good with `make clean`"
    )
