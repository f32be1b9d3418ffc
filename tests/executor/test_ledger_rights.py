"""The database itself refuses what would change the past, and everything else that an executor has no need for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from executor.ledger.grants import RIGHTS, TABLES
from tests.executor import postgres
from tests.executor.standin import Place, having_traded

APPEND_ONLY = ("events", "postings", "fills")
NOTHING = "SELECT 1 WHERE false"
PAST = [
    statement.format(table)
    for table in APPEND_ONLY
    for statement in (
        "UPDATE {} SET account = account",
        "UPDATE {} SET sequence = sequence WHERE false",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE false",
        "TRUNCATE {}",
        "MERGE INTO {0} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO {0} USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET account = 'x'",
        "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT ON CONSTRAINT {0}_pkey DO UPDATE SET account = 'x'",
        "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT * FROM gone",
        "SELECT 1 FROM {} FOR UPDATE",
        "SELECT 1 FROM {} FOR KEY SHARE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} ADD COLUMN more text",
        "ALTER TABLE {} RENAME TO gone",
        "ALTER TABLE {} OWNER TO spark_executor",
        "ALTER TABLE {} ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {} SET UNLOGGED",
        "DROP TABLE {} CASCADE",
        "CREATE TRIGGER undo BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE undo AS ON INSERT TO {} DO INSTEAD NOTHING",
        "CREATE POLICY undo ON {} USING (false)",
        "CREATE INDEX slow ON {} (account)",
        "COMMENT ON TABLE {} IS 'changed'",
        "CLUSTER {}",
    )
]
PROJECTIONS = [
    "UPDATE orders SET quantity = 1",
    "UPDATE orders SET account = 'x'",
    "UPDATE orders SET client_order_id = 'x'",
    "UPDATE orders SET received_sequence = 1",
    "DELETE FROM orders",
    "TRUNCATE orders",
    "UPDATE leases SET account = 'x'",
    "DELETE FROM leases",
    "UPDATE accounts SET sequence = 0",
    "UPDATE balances SET amount = 0",
    "UPDATE anchors SET peak = 0",
    "UPDATE consumption SET taken = 0",
    "TRUNCATE accounts, balances, consumption, anchors, leases",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM alembic_version",
    "INSERT INTO alembic_version VALUES ('0001')",
    "UPDATE backups SET file = 'x'",
    "DELETE FROM backups",
    "TRUNCATE backups",
    "INSERT INTO backups VALUES ('2030-01-01', 'x')",
    "INSERT INTO backups (finished_at, file) VALUES (clock_timestamp(), 'x')",
    "INSERT INTO backups (file) SELECT 'x' ON CONFLICT (finished_at) DO UPDATE SET finished_at = '2030-01-01'",
]
THINGS = [
    "CREATE TABLE mine (number int)",
    "CREATE TABLE mine AS SELECT * FROM events",
    "CREATE TEMP TABLE mine (number int)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE SEQUENCE mine",
    "CREATE SCHEMA mine",
    "CREATE TYPE mine AS (number int)",
    "CREATE DOMAIN mine AS int",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION public.ledger_append() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION ledger_append SECURITY DEFINER",
    "ALTER FUNCTION ledger_append OWNER TO spark_executor",
    "DROP FUNCTION ledger_append",
    "DO 'BEGIN END'",
    "DROP EXTENSION plpgsql",
    "ALTER EXTENSION plpgsql UPDATE",
    "CREATE EVENT TRIGGER undo ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE FOREIGN DATA WRAPPER mine",
    "CREATE PUBLICATION mine",
    "CREATE SUBSCRIPTION mine CONNECTION 'host=nowhere' PUBLICATION it WITH (connect = false)",
    "CREATE LANGUAGE mine HANDLER plpgsql_call_handler",
    "CREATE CAST (text AS int) WITH INOUT",
    "CREATE DATABASE mine",
    "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public RENAME TO gone",
]
OUTSIDE = [
    "COPY events TO PROGRAM 'true'",
    "COPY events FROM PROGRAM 'true'",
    "COPY events TO '/tmp/events'",
    "COPY events FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_creat(-1)",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT lo_unlink(1)",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_get(1)",
    "SELECT lo_open(1, 131072)",
    "LOAD 'auto_explain'",
    "SELECT pg_notify('x', 'y')",
    "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "CHECKPOINT",
]
SERVER = [
    "SET session_replication_role = replica",
    "SET zero_damaged_pages = on",
    "SET log_statement = 'all'",
    "ALTER SYSTEM SET fsync = off",
    "ALTER DATABASE postgres SET fsync = off",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_stat_reset()",
    "SELECT pg_create_logical_replication_slot('x', 'pgoutput')",
    "SELECT pg_replication_origin_create('x')",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_lock_shared(1)",
    "SELECT pg_try_advisory_xact_lock(1, 2)",
]
ROLES = [
    "SET ROLE spark_owner",
    "SET ROLE spark",
    "SET ROLE spark_backup",
    "SET SESSION AUTHORIZATION spark_owner",
    "SET SESSION AUTHORIZATION spark",
    "GRANT spark_owner TO spark_executor",
    "GRANT pg_read_server_files TO spark_executor",
    "ALTER ROLE spark_executor SUPERUSER",
    "ALTER ROLE spark_executor CREATEDB",
    "ALTER ROLE spark_executor CONNECTION LIMIT -1",
    "ALTER ROLE spark_owner PASSWORD 'known'",
    "ALTER ROLE spark PASSWORD 'known'",
    "ALTER ROLE ALL SET search_path = pg_temp",
    "CREATE ROLE mine",
    "DROP ROLE spark_backup",
    "REASSIGN OWNED BY spark_owner TO spark_executor",
    "ALTER DEFAULT PRIVILEGES FOR ROLE spark_owner GRANT ALL ON TABLES TO spark_executor",
    "SELECT rolpassword FROM pg_authid",
    "SELECT passwd FROM pg_shadow",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT umoptions FROM pg_user_mapping",
]
ONLY_WARNED = [
    "GRANT UPDATE ON events TO spark_executor",
    "GRANT SELECT ON events TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "GRANT ALL ON SCHEMA public TO spark_executor",
    "VACUUM FULL events",
    "ANALYZE events",
]
"""Statements that the server answers with a warning when they may not be done, and that then do nothing."""
STATE = (
    "SELECT relname, relacl::text, relfilenode, reltuples, nspacl::text FROM pg_class JOIN pg_namespace n "
    "ON n.oid = relnamespace WHERE nspname = 'public' ORDER BY 1"
)


@pytest.fixture(scope="module")
def traded(postgres_server: postgres.Server) -> Place:
    """A ledger with rows."""
    place = postgres_server.new_place()
    with having_traded(place):
        pass
    return place


def connected(place: Place) -> psycopg.Connection[Any]:
    address = place.url.replace("+psycopg", "")
    return psycopg.connect(address, password=place.password, autocommit=True)


@pytest.fixture(scope="module")
def session(traded: Place) -> Iterator[psycopg.Connection[Any]]:
    """A session of the executors' role."""
    with connected(traded) as connection:
        yield connection


@pytest.mark.parametrize("statement", [*PAST, *PROJECTIONS, *THINGS, *OUTSIDE, *SERVER, *ROLES])
def test_an_executor_is_refused_what_it_has_no_need_for(session: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        session.execute(statement.encode())


@pytest.mark.parametrize("statement", ONLY_WARNED)
def test_what_the_server_only_warns_of_has_no_effect(session: psycopg.Connection[Any], statement: str) -> None:
    before = session.execute(STATE).fetchall()
    session.execute(statement.encode())
    assert session.execute(STATE).fetchall() == before


def test_an_executor_holds_up_no_other_session_by_a_lock_on_the_past(session: psycopg.Connection[Any]) -> None:
    for table in (*APPEND_ONLY, "orders", "alembic_version"):
        with pytest.raises(InsufficientPrivilege), session.transaction():
            session.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_an_executor_enters_no_other_database(traded: Place, database: str) -> None:
    other = traded.url.rpartition("/")[0] + f"/{database}"
    with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
        connected(Place(other, traded.password))


def test_an_executor_ends_no_session_but_those_of_executors(
    session: psycopg.Connection[Any], traded: Place, postgres_server: postgres.Server
) -> None:
    with postgres_server.connect() as superuser, connected(traded.as_owner()) as owner:
        for other in (superuser, owner):
            with pytest.raises(InsufficientPrivilege):
                session.execute("SELECT pg_terminate_backend(%s)", (other.info.backend_pid,))
            assert other.execute("SELECT 1").fetchone() == (1,)
    with connected(traded) as hung:
        session.execute("SELECT pg_terminate_backend(%s)", (hung.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            hung.execute("SELECT 1")


def test_every_table_of_the_ledger_has_its_rights_and_no_other_is_readable(session: psycopg.Connection[Any]) -> None:
    assert frozenset(RIGHTS) == TABLES
    readable = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
        "AND has_table_privilege(oid, 'SELECT')"
    )
    assert {name for (name,) in session.execute(readable)} == TABLES


def test_rights_that_somebody_gave_are_taken_back_by_the_next_start(
    place: Place, postgres_server: postgres.Server
) -> None:
    database = place.url.rpartition("/")[2]
    with postgres_server.connect(database) as superuser:
        superuser.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO spark_executor, PUBLIC")
        superuser.execute("GRANT pg_read_server_files, spark_owner TO spark_executor")
        superuser.execute("ALTER ROLE spark_executor SUPERUSER")
        superuser.execute("CREATE TABLE planted (number int)")
    postgres_server.give_roles(database)
    postgres_server.migrate(database)
    with connected(place) as session:
        for statement in (*PAST, "SELECT pg_read_file('/etc/passwd')", "SET ROLE spark_owner", "TABLE planted"):
            with pytest.raises(InsufficientPrivilege):
                session.execute(statement.encode())


def test_the_backups_role_reads_every_table_and_changes_nothing(
    traded: Place, postgres_server: postgres.Server
) -> None:
    with postgres_server.connect(traded.url.rpartition("/")[2]) as superuser:
        superuser.execute("SET SESSION AUTHORIZATION spark_backup")
        for table in TABLES:
            assert superuser.execute(f"TABLE {table} LIMIT 1".encode()).description
        for statement in (*PAST, *PROJECTIONS, *THINGS, *OUTSIDE):
            with pytest.raises((InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                superuser.execute(statement.encode())
        superuser.execute("SET default_transaction_read_only = off")
        for statement in (*PAST, *PROJECTIONS, *THINGS, *OUTSIDE, "SELECT pg_try_advisory_lock(1)"):
            with pytest.raises(InsufficientPrivilege):
                superuser.execute(statement.encode())


def test_the_owner_is_no_superuser(traded: Place) -> None:
    more = ("SET ROLE spark", "SELECT rolpassword FROM pg_authid", "CREATE ROLE mine", "CREATE DATABASE mine")
    with connected(traded.as_owner()) as owner:
        for statement in (*OUTSIDE, *SERVER, *more):
            with pytest.raises(InsufficientPrivilege):
                owner.execute(statement.encode())
