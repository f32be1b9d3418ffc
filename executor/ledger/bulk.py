"""Writes rows of several tables at once: the trip to the database costs more than the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from common import wire

Row = Mapping[str, Any]


class _Part(NamedTuple):
    """The rows of one table.

    table: the table.
    rows: the rows, which all have the same columns.
    conflict: SQL for rows whose primary key is there already; empty for none.
    """

    table: sa.Table
    rows: Sequence[Row]
    conflict: str


class Bulk:
    """Collects rows, at most once for each table, and writes them together: PostgreSQL takes all in one statement."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Adds rows, which all have the same columns."""
        self._parts.append(_Part(table, rows, ""))

    def upsert(self, table: sa.Table, rows: Sequence[Row], **changed: str) -> None:
        """Adds rows, or updates the rows whose primary key is there. No key may come twice.

        A column gets the new value, or that of its SQL expression in `changed`, in which the new row is `excluded`.
        """
        key = ", ".join(column.name for column in table.primary_key.columns)
        values = {column.name: f"excluded.{column.name}" for column in table.c if not column.primary_key}
        setting = ", ".join(f"{name} = {value}" for name, value in {**values, **changed}.items())
        self._parts.append(_Part(table, rows, f" ON CONFLICT ({key}) DO UPDATE SET {setting}"))

    def write(self, connection: sa.Connection) -> None:
        """Writes everything that was collected."""
        parts = [part for part in self._parts if part.rows]
        self._parts = []
        if connection.dialect.name != "postgresql":
            for part in parts:
                text, kinds = _from_values(part.table, tuple(part.rows[0]))
                values = [tuple(kind(row[name]) for name, kind in kinds) for row in part.rows]
                connection.exec_driver_sql(text + part.conflict, values)
        elif parts:
            texts = [_from_json(part.table, tuple(part.rows[0])) + part.conflict for part in parts]
            *others, last = texts
            ahead = ", ".join(f"{part.table.name}_ AS ({text})" for part, text in zip(parts, others, strict=False))
            encoded = {part.table.name: wire.encode(part.rows).decode() for part in parts}
            connection.exec_driver_sql(f"WITH {ahead} {last}" if ahead else last, encoded)


@cache
def _from_json(table: sa.Table, names: tuple[str, ...]) -> str:
    """Returns an INSERT that takes all rows as one JSON text: parameters for each row would cost a message each."""
    dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    columns = ", ".join(f"{name} {table.c[name].type.compile(dialect)}" for name in names)
    rows = f"json_to_recordset(%({table.name})s::json) AS row({columns})"
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM {rows}"  # noqa: S608 - names of our own


@cache
def _from_values(table: sa.Table, names: tuple[str, ...]) -> tuple[str, list[tuple[str, Callable[[Any], Any]]]]:
    """Returns an INSERT, and for each column what turns our values into the driver's. SQLite prepares it once."""
    dialect = sa.make_url("sqlite://").get_dialect()()
    makers = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608
    return text, [(name, maker or _unchanged) for name, maker in zip(names, makers, strict=True)]


def _unchanged(value: Any) -> Any:
    return value
