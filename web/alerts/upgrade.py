"""Takes over the file of an inbox that an earlier version wrote, in place and in one transaction."""

from __future__ import annotations

import sqlite3

from web.alerts import rows, tables
from web.alerts.history import entries


def carry_over(connection: sqlite3.Connection) -> None:
    """Brings the tables of an earlier version to this one, and loses none of their rows."""
    connection.execute("BEGIN IMMEDIATE")
    _add_columns(connection)
    _name(connection)
    _take_old_rows(connection)
    connection.execute("COMMIT")


def _add_columns(connection: sqlite3.Connection) -> None:
    """Adds the name and the service of an alert, which were in its body alone."""
    if ("name",) not in connection.execute(tables.COLUMNS).fetchall():
        for statement in tables.ADD_COLUMNS:
            connection.execute(statement)
    connection.execute(tables.INDEX)


def _name(connection: sqlite3.Connection) -> None:
    """Fills in the names that are missing. An earlier version that runs again after this one writes rows without."""
    for fingerprint, status, body in connection.execute(tables.WITHOUT_NAME).fetchall():
        alert = rows.alert(fingerprint, status, body)
        connection.execute(tables.SET_NAME, (alert.name, alert.service, fingerprint))


def _take_old_rows(connection: sqlite3.Connection) -> None:
    """Takes the rows of a version that had several of an alert: the last one counts."""
    if not connection.execute(tables.OLD_TABLE).fetchone():
        return
    for fingerprint, status, body in connection.execute(tables.OLD_ROWS).fetchall():
        alert = rows.alert(fingerprint, status, body)
        found = connection.execute(tables.ONE, (alert.fingerprint,)).fetchone()
        rows.put(connection, alert, entries(rows.alert(*found) if found else None, alert))
    connection.execute(tables.DROP_OLD)
