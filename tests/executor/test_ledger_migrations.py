"""The owner's migrations make exactly the tables that the code uses; the executors wait for them and change none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from executor.errors import UnknownRevision
from executor.ledger.engine import reading
from executor.ledger.migrate import migrate
from executor.ledger.schema import metadata
from executor.ledger.timings import LEDGER_TIMINGS
from executor.ledger.verify import verify
from tests.executor import postgres
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Executor, Place

OLD_LEDGERS = Path(__file__).parent / "old_ledgers"
"""Tables as revision 0003 left them when it was the third of three, and rows of all kinds of events for them."""


def test_the_migrated_tables_are_the_ones_the_code_uses(make: MakeExecutor, place: Place) -> None:
    make(place)
    engine = place.engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        kinds = "SELECT DISTINCT data_type FROM information_schema.columns WHERE column_name IN ('amount', 'price')"
        assert connection.execute(sa.text(kinds)).scalars().all() == ["numeric"]
    engine.dispose()


def test_migrations_that_start_together_make_the_tables_once(
    make: MakeExecutor, postgres_server: postgres.Server, empty: Place
) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(postgres_server.migrate, [name_of(empty)] * 3))
    assert make(empty).order(client_order_id="first")[1]["status"] == "filled"


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


@pytest.fixture
def empty(postgres_server: postgres.Server) -> Place:
    """A database without any table."""
    return postgres_server.new_place(empty=True)


Run = Callable[[Place, list[str]], None]
"""Runs statements as the superuser, as the executors of older versions were."""
TakeOver = Callable[[Place], None]
"""Does what an update does with the ledger of an older version: the roles get their rights, the owner migrates."""


@pytest.fixture
def run(postgres_server: postgres.Server) -> Run:
    def statements(place: Place, done: list[str]) -> None:
        with postgres_server.connect(name_of(place)) as connection:
            for statement in done:
                connection.execute(statement.encode())

    return statements


@pytest.fixture
def take_over(postgres_server: postgres.Server) -> TakeOver:
    def update(place: Place) -> None:
        postgres_server.give_roles(name_of(place))
        postgres_server.migrate(name_of(place))

    return update


def name_of(place: Place) -> str:
    return place.url.rpartition("/")[2]


def statements_of(file: str) -> list[str]:
    """The statements of a file, none of which has a semicolon inside."""
    return [part.strip() for part in (OLD_LEDGERS / file).read_text().split(";\n") if part.strip()]


def test_tables_that_the_three_first_revisions_made_are_taken_over(
    make: MakeExecutor, empty: Place, run: Run, take_over: TakeOver
) -> None:
    run(empty, statements_of("postgresql_0003.sql"))
    take_over(empty)
    executor = make(empty)
    engine = empty.engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = [found for found in compare_metadata(context, metadata) if found[0] != "add_table_comment"]
    assert differences == []
    assert executor.order(client_order_id="new")[1]["status"] == "filled"
    with reading(engine) as connection:
        verify(lambda: nullcontext(connection))
    engine.dispose()


def test_a_ledger_that_the_version_before_wrote_goes_on_as_it_was(
    make: MakeExecutor, empty: Place, run: Run, take_over: TakeOver
) -> None:
    run(empty, [*statements_of("postgresql_0003.sql"), *statements_of("traded_0003.sql")])
    take_over(empty)
    executor = make(empty)
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
    engine = empty.engine()
    with reading(engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    engine.dispose()
    assert proof.orders == 6


def reason_of(executor: Executor) -> str:
    """The reason that readiness gives for a ledger that is not ready."""
    executor.parts.leading.step()
    part = executor.client.get("/readyz").get_json()["parts"]["ledger"]
    assert part["ready"] is False
    return str(part["reason"])


@pytest.mark.parametrize("revision", ["0001", "0002", "0099"])
def test_tables_of_another_version_are_refused_with_the_way_out(
    make: MakeExecutor, place: Place, run: Run, revision: str
) -> None:
    run(place, [f"UPDATE alembic_version SET version_num = '{revision}'"])  # noqa: S608 - of the test
    told = (
        f"the ledger's tables are of revision {revision}, which this version of Spark can't read: start the version of "
        "Spark that made them, or delete the ledger for good with `make clean`"
    )
    assert reason_of(make(place, ready=False)) == told
    engine = place.as_owner().engine()
    with pytest.raises(UnknownRevision) as caught:
        migrate(engine)
    engine.dispose()
    assert caught.value.message == told


def test_an_executor_is_ready_once_the_owner_has_migrated_and_says_what_it_waits_for(
    make: MakeExecutor, empty: Place, run: Run, take_over: TakeOver
) -> None:
    executor = make(empty, ready=False)
    assert reason_of(executor).startswith("the ledger has no tables yet, and this version of Spark needs revision 0005")
    run(empty, [*statements_of("postgresql_0003.sql"), "GRANT USAGE ON SCHEMA public TO spark_executor"])
    assert "InsufficientPrivilege" in reason_of(executor)
    run(empty, ["GRANT SELECT ON alembic_version TO spark_executor"])
    assert reason_of(executor).startswith("the ledger's tables are of revision 0003, and this version of Spark needs")
    take_over(empty)
    executor.start_writing()
    assert executor.order(client_order_id="now")[1]["status"] == "filled"
