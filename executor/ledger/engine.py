"""Connections to PostgreSQL: durable, and with a time limit on everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from executor.errors import LedgerUnavailable
from executor.ledger.timeouts import BoundedConnection
from executor.ledger.timings import LEDGER_TIMINGS, LedgerTimings

LASTING_CONNECTIONS, PASSING_CONNECTIONS = 8, 16
MOST_CONNECTIONS = LASTING_CONNECTIONS + PASSING_CONNECTIONS
"""An engine lends no more connections at a time; who asks for another one waits."""
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.PendingRollbackError)
"""The exceptions of SQLAlchemy for a database that is away, restarts, is too slow, or has no connection left."""


def make_engine(
    url: str, password: str, timings: LedgerTimings = LEDGER_TIMINGS, *, patient: bool = False
) -> sa.Engine:
    """Returns an engine for the ledger, which connects on first use.

    A `patient` engine puts no time limit on statements: it is for migrations and for reading the whole ledger.
    """
    options = {
        "lock_timeout": timings.lock * 1000,
        "statement_timeout": 0 if patient else timings.statement * 1000,
        "idle_in_transaction_session_timeout": 0 if patient else timings.idle * 1000,
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    engine = sa.create_engine(
        sa.make_url(url).set(password=password or None),
        pool_pre_ping=True,
        pool_size=LASTING_CONNECTIONS,
        max_overflow=PASSING_CONNECTIONS,
        pool_timeout=timings.lock,
        hide_parameters=True,
        connect_args={
            "gssencmode": "disable",  # it would take the place of the TLS that the address asks for
            "connect_timeout": timings.connect,
            "tcp_user_timeout": timings.statement * 1000,
            "application_name": "spark-executor",
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    if not patient:

        @sa.event.listens_for(engine, "do_connect")
        def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
            connection = BoundedConnection.connect(*arguments, **named)
            connection.silent = timings.silent
            return connection

    return engine


def tell_version(engine: sa.Engine, told: Callable[[str], None]) -> None:
    """Has `told` called with the server's version, as the server gives it, at each new connection."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        told(connection.info.parameter_status("server_version") or "unknown")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Lends a read-only transaction that sees one moment of the ledger. Raises `LedgerUnavailable`."""
    with _translated(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine, lock: str | None = None) -> Iterator[sa.Connection]:
    """Lends a transaction; with `lock` it holds the named lock until it ends.

    Raises `LedgerUnavailable`; then nothing was written, or, if only the answer to the commit was lost, all.
    """
    with _translated(), engine.connect() as connection, connection.begin():
        if lock is not None:
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
