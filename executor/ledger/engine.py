"""Connections to PostgreSQL or SQLite that behave alike: durable, and with a time limit on everything."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from executor.errors import LedgerUnavailable
from executor.ledger.timeouts import BoundedConnection

CONNECT_SECONDS = 2
LOCK_SECONDS = 2
STATEMENT_SECONDS = 5
IDLE_SECONDS = 10
ASK_AGAIN_SECONDS = 0.001
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.PendingRollbackError)
"""The exceptions of SQLAlchemy for a database that is away, restarts, is too slow, or has no connection left."""


def make_engine(url: str, password: str, *, patient: bool = False) -> sa.Engine:
    """Returns an engine for the ledger, which connects on first use.

    A `patient` engine puts no time limit on statements: it is for migrations and for reading the whole ledger.
    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    options = {
        "lock_timeout": LOCK_SECONDS * 1000,
        "statement_timeout": 0 if patient else STATEMENT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": 0 if patient else IDLE_SECONDS * 1000,
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    engine = sa.create_engine(
        address.set(password=password or None),
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=16,
        pool_timeout=LOCK_SECONDS,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
            "application_name": "spark-executor",
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    if not patient:

        @sa.event.listens_for(engine, "do_connect")
        def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
            return BoundedConnection.connect(*arguments, **named)

    return engine


def _sqlite(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        address, hide_parameters=True, pool_timeout=LOCK_SECONDS, connect_args={"timeout": STATEMENT_SECONDS}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # SQLite doesn't wait by itself where two connections turn a new database to WAL at once.
        _patiently(lambda: connection.execute("PRAGMA journal_mode=WAL").close())
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(connection: sa.Connection) -> None:
    """Begins a transaction that holds the write lock, and asks for the lock once a millisecond until it is free.

    SQLite itself asks more and more seldom, down to ten times a second. It then never finds the lock free while another
    process writes one transaction after the other.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        _patiently(lambda: cursor.execute("BEGIN IMMEDIATE"))
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(why(error)) from error
    finally:
        cursor.execute(f"PRAGMA busy_timeout={STATEMENT_SECONDS * 1000}")
        cursor.close()


def _patiently(ask: Callable[[], object]) -> None:
    """Asks once a millisecond while another connection holds the database's lock, for `STATEMENT_SECONDS` at most.

    Raises SQLite's own error when that time is over, and at once for any other failure.
    """
    deadline = time.monotonic() + STATEMENT_SECONDS
    while True:
        try:
            ask()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(ASK_AGAIN_SECONDS)
        else:
            return


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Lends a read-only transaction that sees one moment of the ledger. Raises `LedgerUnavailable`."""
    with _translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine, lock: str | None = None) -> Iterator[sa.Connection]:
    """Lends a transaction; with `lock` it holds the named lock until it ends.

    Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the commit was lost, all.
    """
    with _translated(), engine.connect().execution_options(writes=True) as connection, connection.begin():
        if lock is not None and engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key(lock))))
        yield connection


def lock_key(name: str) -> int:
    """Returns the signed 64-bit number of a named lock."""
    return int.from_bytes(hashlib.sha256(f"spark:{name}".encode()).digest()[:8], "big", signed=True)


def why(error: BaseException) -> str:
    """Returns a failure as one short line, without addresses or statements."""
    cause = getattr(error, "orig", None) or error
    first_line = (str(cause).strip().splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first_line}"[:160]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except AWAY as error:
        raise LedgerUnavailable(why(error)) from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise LedgerUnavailable(why(error)) from error
        raise
