"""The alert inbox on disk: one row per alert instance, never more than a bound; beside it, the last heartbeat."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from common import wire
from web.messages import STATUSES, Alert, Status

KEEP_ROWS = 1000
BUSY_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    status TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (group_key, fingerprint, starts_at)
)
"""
HEARTBEAT_SCHEMA = """
CREATE TABLE IF NOT EXISTS heartbeat (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), received_at TEXT NOT NULL)
"""
BEAT = "INSERT OR REPLACE INTO heartbeat (only_row, received_at) VALUES (1, ?)"
LAST_BEAT = "SELECT received_at FROM heartbeat"
UPSERT = """
INSERT INTO alert (group_key, fingerprint, starts_at, status, updated_at, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (group_key, fingerprint, starts_at)
DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at, body = excluded.body
"""
TRIM = "DELETE FROM alert WHERE id NOT IN (SELECT id FROM alert ORDER BY updated_at DESC, id DESC LIMIT ?)"
NEWEST = "SELECT body FROM alert ORDER BY updated_at DESC, id DESC LIMIT ?"
PRESSING = "SELECT body FROM alert ORDER BY status = 'firing' DESC, updated_at DESC, id DESC LIMIT ?"
COUNTS = "SELECT status, count(*) FROM alert GROUP BY status"


class Inbox:
    """Alerts in SQLite (write-ahead log, synced at every commit), safe for threads, kept over restarts."""

    def __init__(self, file: Path, *, keep: int = KEEP_ROWS) -> None:
        self._file = file
        self._keep = keep
        self._writing = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)
            connection.execute(HEARTBEAT_SCHEMA)

    def store(self, alerts: Iterable[Alert], *, heartbeat_at: datetime | None = None) -> None:
        """Writes the alerts, and the heartbeat if there was one, in one transaction, on disk when this returns.

        The newest state of an instance replaces the older one.
        """
        rows = [
            (
                alert.group_key,
                alert.fingerprint,
                _text(alert.starts_at),
                alert.status,
                _text(alert.updated_at),
                wire.encode(alert),
            )
            for alert in alerts
        ]
        with self._writing, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(UPSERT, rows)
            connection.execute(TRIM, (self._keep,))
            if heartbeat_at is not None:
                connection.execute(BEAT, (_text(heartbeat_at),))
            connection.execute("COMMIT")

    def newest(self, limit: int) -> list[Alert]:
        """The alerts that changed last, newest first."""
        with self._connection() as connection:
            return [wire.decode(Alert, body) for (body,) in connection.execute(NEWEST, (limit,))]

    def pressing(self, limit: int) -> list[Alert]:
        """What fires, then what does not any more, each newest first."""
        with self._connection() as connection:
            return [wire.decode(Alert, body) for (body,) in connection.execute(PRESSING, (limit,))]

    def counts(self) -> dict[Status, int]:
        """How many instances are kept in each status."""
        with self._connection() as connection:
            found = dict(connection.execute(COUNTS).fetchall())
        return {status: found.get(status, 0) for status in STATUSES}

    def heartbeat(self) -> datetime | None:
        """When the last heartbeat came, or None before the first."""
        with self._connection() as connection:
            found = connection.execute(LAST_BEAT).fetchone()
        return datetime.fromisoformat(found[0]) if found else None

    def ready(self) -> str | None:
        """Why the inbox can't take alerts, or None when it can."""
        try:
            with self._writing, self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return f"the inbox can't be written ({error})"
        return None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of the thread's own; a transaction that was left open ends with it, undone."""
        with closing(sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
