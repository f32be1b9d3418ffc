"""Several questions to the database at once: to PostgreSQL the way there and back costs more than most of them."""

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


class Question(NamedTuple):
    """A statement that is made once, and the values of its parameters."""

    statement: sa.Select[Any]
    values: Mapping[str, Any]


def ask(connection: sa.Connection, questions: Sequence[Question], lock: str | None = None) -> list[Sequence[Any]]:
    """The rows of each question; if a lock is named, as they are once it is held, which it is until the transaction
    ends. Raises `LedgerUnavailable`."""
    if connection.dialect.name != "postgresql":
        return [connection.execute(question.statement, question.values).all() for question in questions]
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.pipeline():
            # The snapshot of each statement is taken when its turn comes, which is after the lock was had.
            if lock is not None:
                driver.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(lock),))
            cursors = [driver.execute(_text(question.statement), question.values) for question in questions]
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if driver.closed:
            connection.invalidate(error)
        raise LedgerUnavailable(why(error)) from error
    return [_reader(asked.statement)(cursor.fetchall()) for asked, cursor in zip(questions, cursors, strict=True)]


@cache
def _text(statement: sa.Select[Any]) -> str:
    return str(statement.compile(dialect=sa.make_url("postgresql+psycopg://").get_dialect()()))


@cache
def _reader(statement: sa.Select[Any]) -> Callable[[Sequence[Sequence[Any]]], Sequence[Any]]:
    """Makes the driver's rows what SQLAlchemy would make of them: by name, and with the types of the schema."""
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
