"""The migrations make exactly the tables that the code uses, once, whoever starts first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from executor.ledger import rows
from executor.ledger.engine import make_engine, reading
from executor.ledger.migrate import migrate
from executor.ledger.schema import metadata
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Place


def test_the_migrated_tables_are_the_ones_the_code_uses(make: MakeExecutor, place: Place) -> None:
    make(place)
    engine = make_engine(place.url, place.password)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        if engine.dialect.name == "postgresql":
            kinds = "SELECT DISTINCT data_type FROM information_schema.columns WHERE column_name IN ('amount', 'price')"
            assert connection.execute(sa.text(kinds)).scalars().all() == ["numeric"]
        else:
            made = connection.execute(sa.text("SELECT type FROM pragma_table_info('postings') WHERE name = 'amount'"))
            assert made.scalar_one() == "TEXT"
    engine.dispose()


def test_executors_that_start_together_open_the_account_once(make: MakeExecutor, place: Place) -> None:
    executors = [make(place, ready=False) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda executor: executor.trading.ledger.prepare(), executors))
    assert {executor.get("/v1/account")["sequence"] for executor in executors} == {1}


def test_the_connections_are_durable_and_bounded_in_time(make: MakeExecutor, place: Place) -> None:
    engine = make(place).trading.ledger._engine
    with reading(engine) as connection:
        if engine.dialect.name == "sqlite":
            found = [connection.execute(sa.text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
            assert found == ["wal", 2]
            assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar() == 5000
            return
        names = ("synchronous_commit", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        found = [connection.execute(sa.text(f"SHOW {name}")).scalar() for name in names]
        assert found == ["on", "2s", "5s", "10s"]


def test_starting_cash_counts_only_for_a_new_account(make: MakeExecutor, place: Place) -> None:
    make(place)
    assert make(place, cash={"TRY": Decimal(1)}).get("/v1/account")["cash"]["TRY"] == "5000000"


def test_a_kill_switch_that_was_engaged_before_an_update_stays_engaged(place: Place) -> None:
    engine = make_engine(place.url, place.password)
    migrate(engine, "0002")
    insert = "INSERT INTO accounts (account, sequence, hash, kill_switch, kill_reason) VALUES (:a, 1, 'h', :on, :why)"
    with engine.begin() as connection:
        connection.execute(
            sa.text(insert), [{"a": "on", "on": True, "why": "drill"}, {"a": "off", "on": False, "why": ""}]
        )
    migrate(engine)
    with reading(engine) as connection:
        found = {name: rows.head(connection, name) for name in ("on", "off")}
    engine.dispose()
    assert {name: head and head.controls.switches for name, head in found.items()} == {
        "on": {"account": "drill"},
        "off": {},
    }
