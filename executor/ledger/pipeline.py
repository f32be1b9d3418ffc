"""Several queries in one trip to the database: with PostgreSQL the trip costs more than most queries."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from executor.errors import LedgerUnavailable
from executor.ledger.engine import lock_key, why


class Query(NamedTuple):
    """One query of a trip.

    statement: a statement that is built once and used again.
    values: the values of its parameters.
    """

    statement: sa.Select[Any]
    values: Mapping[str, Any]


def fetch(connection: sa.Connection, queries: Sequence[Query], lock: str | None = None) -> list[Sequence[Any]]:
    """Returns the rows of each query.

    With `lock`, the named lock is taken first and kept until the transaction ends; the rows are as of then.
    Raises `LedgerUnavailable`.
    """
    if connection.dialect.name != "postgresql":
        return [connection.execute(query.statement, query.values).all() for query in queries]
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.pipeline():
            # Each statement's snapshot is taken when its turn comes, which is after the lock was taken.
            if lock is not None:
                driver.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(lock),))
            cursors = [driver.execute(_text(query.statement), query.values) for query in queries]
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if driver.closed:
            connection.invalidate(error)
        raise LedgerUnavailable(why(error)) from error
    return [_reader(query.statement)(cursor.fetchall()) for query, cursor in zip(queries, cursors, strict=True)]


@cache
def _text(statement: sa.Select[Any]) -> str:
    return str(statement.compile(dialect=sa.make_url("postgresql+psycopg://").get_dialect()()))


@cache
def _reader(statement: sa.Select[Any]) -> Callable[[Sequence[Sequence[Any]]], Sequence[Any]]:
    """Returns what turns the driver's rows into SQLAlchemy's: with names, and with the types of the schema."""
    columns, dialect = list(statement.selected_columns), sa.make_url("postgresql+psycopg://").get_dialect()()
    row = namedtuple("row", [column.name for column in columns])  # type: ignore[misc]
    typed = [(place, column.type) for place, column in enumerate(columns) if isinstance(column.type, TypeDecorator)]

    def read(found: Sequence[Sequence[Any]]) -> Sequence[Any]:
        rows = [list(values) for values in found]
        for values in rows:
            for place, kind in typed:
                values[place] = kind.process_result_value(values[place], dialect)
        return [row(*values) for values in rows]

    return read
