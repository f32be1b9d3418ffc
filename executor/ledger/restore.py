"""Puts the rows of a dump in the place of the ledger: beside it first, in tables of our own, and proved.

Only rows come from the dump. Tables, indexes, functions and rights are those of our migrations, so that a dump that
somebody prepared brings none of its own. All of it runs as the tables' owner, who is no superuser.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import msgspec
import psycopg
import sqlalchemy as sa

from executor.ledger.compare import LedgerFault
from executor.ledger.dump import VERSION_TABLE, Dump, DumpRefused, TableRows
from executor.ledger.engine import writing
from executor.ledger.grants import grant_rights
from executor.ledger.migrate import upgrade
from executor.ledger.verify import Progress, verify
from executor.ledger.walk import AccountProof
from executor.writer.load import load

BESIDE = "restored"
"""The schema that the ledger of a dump is made in."""
LOCK = "restore"
NOT_BOOKS = frozenset({VERSION_TABLE, "leases", "backups"})
"""Tables whose rows are not taken. The migrations write the revision, and nobody holds a lease of the past. A backup of
the ledger that was replaced is no backup of the one in its place."""
SENT_TOGETHER = 256 * 1024
_KNOWN = f"""
WITH ours AS (SELECT oid, relname AS name, relkind FROM pg_class WHERE relnamespace = '{BESIDE}'::regnamespace),
    tables AS (SELECT oid, name FROM ours WHERE relkind = 'r'),
    functions AS (
        SELECT proname || '(' || (
            SELECT string_agg(format_type(type, NULL), ', ' ORDER BY place)
            FROM unnest(proargtypes) WITH ORDINALITY AS argument (type, place)
        ) || ')' AS name FROM pg_proc WHERE pronamespace = '{BESIDE}'::regnamespace
    )
SELECT form || name FROM tables, unnest(
    ARRAY['TABLE public ', 'TABLE DATA public ', 'COMMENT public TABLE ']
) AS form
UNION ALL SELECT 'CONSTRAINT public ' || name || ' ' || conname FROM tables JOIN pg_constraint ON conrelid = tables.oid
UNION ALL SELECT 'INDEX public ' || name FROM ours WHERE relkind = 'i'
UNION ALL SELECT 'FUNCTION public ' || name FROM functions
UNION ALL VALUES ('SCHEMA - public'), ('COMMENT - SCHEMA public')
"""  # noqa: S608 - the name is ours
"""The entries that the list of a dump of our own tables may have."""


def load_beside(engine: sa.Engine, dump: Dump, progress: Progress) -> list[AccountProof]:
    """Makes a ledger of a dump beside the present one, and proves it; executors go on meanwhile.

    Raises `DumpRefused`, and then nothing has changed; `LedgerUnavailable` and `UnknownRevision` too.
    """
    with writing(engine, LOCK) as connection:
        _begin(connection)
        upgrade(connection, dump.revision())
        dump.refuse_others(connection.exec_driver_sql(_KNOWN).scalars())
        try:
            _fill(connection, dump)
            upgrade(connection)
            connection.exec_driver_sql("ANALYZE " + ", ".join(_columns(connection)))
            return _proved(connection, progress)
        except (sa.exc.DataError, sa.exc.IntegrityError, psycopg.DataError, psycopg.IntegrityError) as error:
            cause = getattr(error, "orig", None) or error
            raise DumpRefused(f"its rows are not those of a ledger: {str(cause).splitlines()[0]}") from error


def swap(engine: sa.Engine) -> list[AccountProof]:
    """Puts the ledger that `load_beside` made in the place of the present one, which is gone then; proves nothing anew.

    Raises `DumpRefused` when there is none, and `LedgerUnavailable` when the present one is in use: nothing changes.
    """
    with writing(engine, LOCK) as connection:
        beside = connection.execute(sa.select(sa.func.to_regnamespace(BESIDE))).scalar_one()
        if beside is None:
            raise DumpRefused("no dump was loaded")
        for statement in (
            "DROP SCHEMA public CASCADE",
            f"ALTER SCHEMA {BESIDE} RENAME TO public",
            "ALTER SCHEMA public OWNER TO pg_database_owner",
        ):
            connection.exec_driver_sql(statement)
        grant_rights(connection)
    return []


def _begin(connection: sa.Connection) -> None:
    for statement in (
        "SET LOCAL client_min_messages = warning",
        f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE",
        f"CREATE SCHEMA {BESIDE}",
        f"SET LOCAL search_path = {BESIDE}",
    ):
        connection.exec_driver_sql(statement)


def _fill(connection: sa.Connection, dump: Dump) -> None:
    """Copies the rows of all tables. Raises `DumpRefused` unless the dump has just the tables that are there."""
    missing = _columns(connection)
    driver = connection.connection.driver_connection
    for rows in dump.tables():
        columns = missing.pop(rows.table, None)
        if columns is None:
            raise DumpRefused(f"it has rows of the table {rows.table}, which is not known, or has them twice")
        if sorted(columns) != sorted(rows.columns):
            raise DumpRefused(f"its table {rows.table} has other columns: {', '.join(rows.columns)}")
        if rows.table not in NOT_BOOKS:
            _copy(driver, rows)  # type: ignore[arg-type]
    if missing:
        raise DumpRefused(f"it has no rows of {', '.join(sorted(missing))}")


def _copy(driver: psycopg.Connection[object], rows: TableRows) -> None:
    names = ", ".join(f'"{name}"' for name in rows.columns)
    with driver.cursor() as cursor, cursor.copy(f'COPY "{rows.table}" ({names}) FROM STDIN'.encode()) as copy:
        some, size = [], 0
        for line in rows.lines:
            some.append(line)
            size += len(line)
            if size >= SENT_TOGETHER:
                copy.write(b"".join(some))
                some, size = [], 0
        copy.write(b"".join(some))


def _columns(connection: sa.Connection) -> dict[str, list[str]]:
    """Returns the columns of each table of the new schema."""
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %(schema)s"
    found: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(query, {"schema": BESIDE}):
        found.setdefault(table, []).append(column)
    return found


def _proved(connection: sa.Connection, progress: Progress) -> list[AccountProof]:
    """Proves each account, and that an executor can load it. Raises `DumpRefused`."""
    try:
        proofs = verify(lambda: nullcontext(connection), progress)
        for proof in proofs:
            _try_loading(connection, proof.account)
    except LedgerFault as error:
        raise DumpRefused(f"it is not proved: {error}") from error
    if not proofs:
        raise DumpRefused("it has no account")
    return proofs


def _try_loading(connection: sa.Connection, account: str) -> None:
    try:
        loaded = load(connection, account, datetime.now(UTC), lambda _: 0.0)
        for _ in loaded.open_orders if loaded is not None else ():
            pass
    except (ValueError, LookupError, TypeError, ArithmeticError, msgspec.MsgspecError) as error:
        raise DumpRefused(f"{account}: an executor can't load it: {type(error).__name__}: {error}") from error
