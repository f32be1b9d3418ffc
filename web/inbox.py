"""The alert inbox on disk: one row for each alert, at most a fixed number, and the time of the last heartbeat."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common import moments, wire
from common.codec import read
from common.errors import InvalidRequest, Unavailable
from common.sparing import Sparing
from web.alertmanager import STATUSES, Alert, AlertStatus, healed, unreadable

log = logging.getLogger(__name__)

KEEP_ROWS = 1000
BUSY_SECONDS = 5.0
UNREADABLE_SECONDS = 3600.0
"""Rows that can't be read are logged once in so long."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    status TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    body BLOB NOT NULL,
    severity TEXT NOT NULL DEFAULT '',
    UNIQUE (group_key, fingerprint, starts_at)
)
"""
ADD_SEVERITY = "ALTER TABLE alert ADD COLUMN severity TEXT NOT NULL DEFAULT ''"
COLUMNS = "SELECT name FROM pragma_table_info('alert')"
IDS = "SELECT id FROM alert"
ROW = "SELECT group_key, fingerprint, status, body FROM alert WHERE id = ?"
HEAL = "UPDATE OR REPLACE alert SET starts_at = ?, updated_at = ?, severity = ?, body = ? WHERE id = ?"
HEARTBEAT_SCHEMA = """
CREATE TABLE IF NOT EXISTS heartbeat (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), received_at TEXT NOT NULL)
"""
PUT_HEARTBEAT = "INSERT OR REPLACE INTO heartbeat (only_row, received_at) VALUES (1, ?)"
HEARTBEAT = "SELECT received_at FROM heartbeat"
UPSERT = """
INSERT INTO alert (group_key, fingerprint, starts_at, status, updated_at, severity, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (group_key, fingerprint, starts_at)
DO UPDATE SET
    status = excluded.status, updated_at = excluded.updated_at, severity = excluded.severity, body = excluded.body
"""
BY_WEIGHT = "status = 'firing' DESC, status = 'firing' AND severity = 'critical' DESC, updated_at DESC, id DESC"
TRIM = f"DELETE FROM alert WHERE id NOT IN (SELECT id FROM alert ORDER BY {BY_WEIGHT} LIMIT ?) RETURNING status"  # noqa: S608 - constants alone
NEWEST = "SELECT group_key, fingerprint, status, body FROM alert ORDER BY updated_at DESC, id DESC LIMIT ?"
WEIGHTIEST = f"SELECT group_key, fingerprint, status, body FROM alert ORDER BY {BY_WEIGHT} LIMIT ?"  # noqa: S608 - constants alone
COUNTS = "SELECT status, count(*) FROM alert GROUP BY status"


@dataclass(frozen=True)
class InboxContents:
    """The inbox at one moment.

    alerts: the firing ones, critical ones before others, then the resolved ones, each newest first; a bounded number.
    counts: how many alerts are kept in each status.
    unreadable: how many of `alerts` stand for rows that can't be read.
    heartbeat_at: when the last heartbeat of the alert path came, UTC; None before the first.
    """

    alerts: tuple[Alert, ...]
    counts: dict[AlertStatus, int]
    heartbeat_at: datetime | None
    unreadable: int = 0


class AlertInbox:
    """Keeps alerts in SQLite, over restarts. Every write is on disk when it returns. Any thread may call it.

    When it is full, the resolved ones go first, then the firing ones that are not critical; the oldest of each first.
    The heartbeat has its own place. A row that can't be read is shown as such, and the others are read all the same.

    Every method but `trouble` raises `Unavailable` when the file can't be used.
    """

    def __init__(self, file: Path, *, keep: int = KEEP_ROWS) -> None:
        self._file = file
        self._keep = keep
        self._writing = threading.Lock()
        self._sparing = Sparing(1, UNREADABLE_SECONDS)
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)
            connection.execute(HEARTBEAT_SCHEMA)
            self._heal(connection)

    def store(self, alerts: Iterable[Alert], *, heartbeat_at: datetime | None = None) -> list[str]:
        """Writes the alerts, and the heartbeat where one came, in one transaction.

        The newest state of an alert replaces the older one. Returns the status of each alert that was dropped, because
        the inbox was full.
        """
        rows = [
            (
                alert.group_key,
                alert.fingerprint,
                _text(alert.starts_at),
                alert.status,
                _text(alert.updated_at),
                alert.severity,
                wire.encode(alert),
            )
            for alert in alerts
        ]
        with self._writing, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(UPSERT, rows)
            dropped = [str(status) for (status,) in connection.execute(TRIM, (self._keep,)).fetchall()]
            if heartbeat_at is not None:
                connection.execute(PUT_HEARTBEAT, (_text(heartbeat_at),))
            connection.execute("COMMIT")
        if dropped:
            log.warning(
                "the inbox is full and has dropped alerts", extra={"dropped": len(dropped), "keeps": self._keep}
            )
        return dropped

    def newest(self, limit: int) -> list[Alert]:
        """Returns at most `limit` alerts, the one that changed last first."""
        with self._connection() as connection:
            return self._alerts(connection.execute(NEWEST, (limit,)))

    def contents(self, limit: int) -> InboxContents:
        """Returns the inbox with at most `limit` alerts."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alerts = self._alerts(connection.execute(WEIGHTIEST, (limit,)))
            counts = dict(connection.execute(COUNTS).fetchall())
            return InboxContents(
                alerts=tuple(alerts),
                counts={status: counts.get(status, 0) for status in STATUSES},
                heartbeat_at=_heartbeat_at(connection),
                unreadable=sum("body" in alert.bounded for alert in alerts),
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

    def _heal(self, connection: sqlite3.Connection) -> None:
        """Brings rows of an earlier version up to this one: with their severity, and times that can all be told."""
        connection.execute("BEGIN IMMEDIATE")
        if "severity" not in {name for (name,) in connection.execute(COLUMNS)}:
            connection.execute(ADD_SEVERITY)
        for (number,) in connection.execute(IDS).fetchall():
            row = connection.execute(ROW, (number,)).fetchone()
            alert = None if row is None else _alert(*row)
            if alert is not None and "body" not in alert.bounded and (body := wire.encode(alert)) != row[3]:
                healed_row = (_text(alert.starts_at), _text(alert.updated_at), alert.severity, body, number)
                connection.execute(HEAL, healed_row)
        connection.execute("COMMIT")

    def _alerts(self, rows: sqlite3.Cursor) -> list[Alert]:
        alerts = [_alert(*row) for row in rows]
        bad = [alert for alert in alerts if "body" in alert.bounded]
        if bad and self._sparing.passes() is not None:
            log.error("alerts of the inbox can't be read", extra={"count": len(bad), "first": bad[0].summary})
        return alerts

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Opens a connection for one call. A transaction that is still open at its end is undone."""
        try:
            with closing(sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.text_factory = _decoded
                yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"the inbox can't be written or read ({error})") from error


def _alert(group_key: object, fingerprint: object, status: object, body: object) -> Alert:
    try:
        return healed(read(Alert, body))  # type: ignore[arg-type]
    except InvalidRequest as error:
        reason = error.message
    except (TypeError, ValueError, AttributeError) as error:
        reason = f"it is no text ({type(error).__name__})"
    return unreadable(str(group_key), str(fingerprint), str(status), reason)


def _heartbeat_at(connection: sqlite3.Connection) -> datetime | None:
    """Returns the last heartbeat; None also for a time that can't be read, which the next heartbeat replaces."""
    found = connection.execute(HEARTBEAT).fetchone()
    try:
        return moments.bounded(datetime.fromisoformat(found[0])) if found else None
    except (TypeError, ValueError):
        return None


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
