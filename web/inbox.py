"""The alert inbox on disk: one row for each alert, at most a fixed number, and the time of the last heartbeat."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common import wire
from common.codec import read
from common.errors import Unavailable
from web.alertmanager import STATUSES, Alert, AlertStatus

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
PUT_HEARTBEAT = "INSERT OR REPLACE INTO heartbeat (only_row, received_at) VALUES (1, ?)"
HEARTBEAT = "SELECT received_at FROM heartbeat"
UPSERT = """
INSERT INTO alert (group_key, fingerprint, starts_at, status, updated_at, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (group_key, fingerprint, starts_at)
DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at, body = excluded.body
"""
TRIM = "DELETE FROM alert WHERE id NOT IN (SELECT id FROM alert ORDER BY updated_at DESC, id DESC LIMIT ?)"
NEWEST = "SELECT body FROM alert ORDER BY updated_at DESC, id DESC LIMIT ?"
FIRING_FIRST = "SELECT body FROM alert ORDER BY status = 'firing' DESC, updated_at DESC, id DESC LIMIT ?"
COUNTS = "SELECT status, count(*) FROM alert GROUP BY status"


@dataclass(frozen=True)
class InboxContents:
    """The inbox at one moment.

    alerts: the firing ones, then the others, each newest first; a bounded number.
    counts: how many alerts are kept in each status.
    heartbeat_at: when the last heartbeat of the alert path came, UTC; None before the first.
    """

    alerts: tuple[Alert, ...]
    counts: dict[AlertStatus, int]
    heartbeat_at: datetime | None


class AlertInbox:
    """Keeps alerts in SQLite, over restarts. Every write is on disk when it returns. Any thread may call it.

    Every method but `trouble` raises `Unavailable` when the file can't be used.
    """

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
        """Writes the alerts, and the heartbeat where one came, in one transaction.

        The newest state of an alert replaces the older one.
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
                connection.execute(PUT_HEARTBEAT, (_text(heartbeat_at),))
            connection.execute("COMMIT")

    def newest(self, limit: int) -> list[Alert]:
        """Returns at most `limit` alerts, the one that changed last first."""
        with self._connection() as connection:
            return _alerts(connection.execute(NEWEST, (limit,)))

    def contents(self, limit: int) -> InboxContents:
        """Returns the inbox with at most `limit` alerts."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alerts = _alerts(connection.execute(FIRING_FIRST, (limit,)))
            counts = dict(connection.execute(COUNTS).fetchall())
            return InboxContents(
                alerts=tuple(alerts),
                counts={status: counts.get(status, 0) for status in STATUSES},
                heartbeat_at=_heartbeat_at(connection),
            )

    def heartbeat_at(self) -> datetime | None:
        """Returns when the last heartbeat came, or None before the first."""
        with self._connection() as connection:
            return _heartbeat_at(connection)

    def trouble(self) -> str | None:
        """Returns the reason why the inbox can't take alerts, or None when it can."""
        try:
            with self._writing, self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except Unavailable as error:
            return error.message
        return None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Opens a connection for one call. A transaction that is still open at its end is undone."""
        try:
            with closing(sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"the inbox can't be written or read ({error})") from error


def _alerts(rows: sqlite3.Cursor) -> list[Alert]:
    return [read(Alert, body) for (body,) in rows]


def _heartbeat_at(connection: sqlite3.Connection) -> datetime | None:
    found = connection.execute(HEARTBEAT).fetchone()
    return datetime.fromisoformat(found[0]) if found else None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
