"""The alert inbox on disk: one row for each alert, its history, and the time of the last heartbeat."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from common import moments, wire
from common.codec import read
from common.errors import InvalidRequest, Unavailable
from common.sparing import Sparing
from web.alerts import tables
from web.alerts.alert import STATUSES, Alert, AlertStatus, healed, unreadable
from web.alerts.history import MAX_ENTRIES, HistoryEntry, entries
from web.alerts.judge import Missing, after_list, after_message

log = logging.getLogger(__name__)

KEEP_ROWS = 1000
BUSY_SECONDS = 5.0
UNREADABLE_SECONDS = 3600.0
"""Rows that can't be read are logged once in so long."""
HISTORY_SHOWN = 6


@dataclass(frozen=True)
class InboxContents:
    """The inbox at one moment.

    alerts: those that fire or may fire, critical ones before others, then the resolved ones, each the last changed
        first; a bounded number.
    counts: how many alerts are kept in each status.
    heartbeat_at: when the last heartbeat of the alert path came, UTC; None before the first.
    unreadable: how many of `alerts` stand for rows that can't be read.
    confirmed_at: when Alertmanager's own list was last compared, UTC; None before the first time.
    history: the latest of what happened to each of `alerts`, by fingerprint, the last first.
    """

    alerts: tuple[Alert, ...]
    counts: dict[AlertStatus, int]
    heartbeat_at: datetime | None
    unreadable: int = 0
    confirmed_at: datetime | None = None
    history: Mapping[str, tuple[HistoryEntry, ...]] = field(default_factory=dict)


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
        self._not_written: str | None = None
        self._sparing = Sparing(1, UNREADABLE_SECONDS)
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in tables.SCHEMA:
                connection.execute(statement)
            self._carry_over(connection)

    def take(self, sent: Sequence[Alert], missing: Missing, *, heartbeat_at: datetime | None = None) -> list[str]:
        """Takes what a message said, and the heartbeat where one came, in one transaction.

        Returns the status of each alert that was dropped, because the inbox was full.
        """
        with self._transaction() as connection:
            for each in sent:
                old = self._one(connection, each.fingerprint)
                if (new := after_message(old, each, missing)) is not None:
                    _put(connection, old, new)
            if heartbeat_at is not None:
                connection.execute(tables.PUT_HEARTBEAT, (_text(heartbeat_at),))
            return self._trim(connection)

    def reconcile(self, listed: Sequence[Alert], missing: Missing, asked_at: datetime) -> list[str]:
        """Makes the inbox equal to Alertmanager's list of what fires, which was asked for then. Returns as `take`."""
        with self._transaction() as connection:
            kept = {each.fingerprint: each for each in self._alerts(connection.execute(tables.OPEN))}
            for each in listed:
                if each.fingerprint not in kept and (old := self._one(connection, each.fingerprint)) is not None:
                    kept[each.fingerprint] = old
            for new in after_list(tuple(kept.values()), listed, missing, asked_at):
                _put(connection, kept.get(new.fingerprint), new)
            connection.execute(tables.LOOKED, (_text(asked_at),))
            connection.execute(tables.CONFIRMED)
            return self._trim(connection)

    def looked(self, at: datetime) -> None:
        """Writes that Alertmanager was asked in vain. It proves that the inbox can still be written."""
        with self._transaction() as connection:
            connection.execute(tables.LOOKED, (_text(at),))

    def newest(self, limit: int) -> list[Alert]:
        """Returns at most `limit` alerts, the one that changed last first."""
        with self._connection() as connection:
            return self._alerts(connection.execute(tables.NEWEST, (limit,)))

    def one(self, fingerprint: str) -> tuple[Alert, tuple[HistoryEntry, ...]] | None:
        """Returns an alert and its whole history, the last first; None for one that is not kept."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alert = self._one(connection, fingerprint)
            return None if alert is None else (alert, _history(connection, fingerprint, MAX_ENTRIES))

    def contents(self, limit: int) -> InboxContents:
        """Returns the inbox with at most `limit` alerts."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alerts = self._alerts(connection.execute(tables.WEIGHTIEST, (limit,)))
            counts = dict(connection.execute(tables.COUNTS).fetchall())
            return InboxContents(
                alerts=tuple(alerts),
                counts={status: counts.get(status, 0) for status in STATUSES},
                heartbeat_at=_moment(connection, tables.HEARTBEAT),
                unreadable=sum("body" in alert.bounded for alert in alerts),
                confirmed_at=_moment(connection, tables.CONFIRMED_AT),
                history={each.fingerprint: _history(connection, each.fingerprint, HISTORY_SHOWN) for each in alerts},
            )

    def heartbeat_at(self) -> datetime | None:
        """Returns when the last heartbeat came, or None before the first."""
        with self._connection() as connection:
            return _moment(connection, tables.HEARTBEAT)

    def trouble(self) -> str | None:
        """Returns the reason why the inbox can't take alerts, or None when it can. The last write decides."""
        if self._not_written is not None:
            return self._not_written
        try:
            with self._writing, self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except Unavailable as error:
            return error.message
        return None

    def _trim(self, connection: sqlite3.Connection) -> list[str]:
        dropped = [str(status) for (status,) in connection.execute(tables.TRIM, (self._keep,)).fetchall()]
        if dropped:
            told = {"dropped": len(dropped), "keeps": self._keep}
            log.warning("the inbox is full and has dropped alerts", extra=told)
        return dropped

    def _carry_over(self, connection: sqlite3.Connection) -> None:
        """Takes over the inbox of an earlier version, which had several rows of an alert: the last one counts."""
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute(tables.OLD_TABLE).fetchone():
            for fingerprint, status, body in connection.execute(tables.OLD_ROWS).fetchall():
                alert = _alert(fingerprint, status, body)
                _put(connection, self._one(connection, alert.fingerprint), alert)
            connection.execute(tables.DROP_OLD)
        connection.execute("COMMIT")

    def _one(self, connection: sqlite3.Connection, fingerprint: str) -> Alert | None:
        return next(iter(self._alerts(connection.execute(tables.ONE, (fingerprint,)))), None)

    def _alerts(self, rows: sqlite3.Cursor) -> list[Alert]:
        alerts = [_alert(*row) for row in rows]
        bad = [alert for alert in alerts if "body" in alert.bounded]
        if bad and self._sparing.passes() is not None:
            log.error("alerts of the inbox can't be read", extra={"count": len(bad), "first": bad[0].summary})
        return alerts

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Opens a connection for one write, which is on disk at the end, or undone."""
        try:
            with self._writing, self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except Unavailable as error:
            self._not_written = error.message
            raise
        self._not_written = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Opens a connection for one call. A transaction that is still open at its end is undone."""
        try:
            with closing(sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.text_factory = _decoded
                yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"the inbox can't be written or read ({error})") from error


def _put(connection: sqlite3.Connection, old: Alert | None, new: Alert) -> None:
    """Writes the new state of an alert, and what happened to it."""
    row = (new.fingerprint, new.status, new.severity, _text(new.updated_at), wire.encode(new))
    connection.execute(tables.UPSERT, row)
    happened = entries(old, new)
    for each in happened:
        connection.execute(tables.PUT_HISTORY, (new.fingerprint, _text(each.at), each.what, each.by, each.note))
    if happened:
        connection.execute(tables.TRIM_HISTORY, (new.fingerprint, MAX_ENTRIES))


def _history(connection: sqlite3.Connection, fingerprint: str, limit: int) -> tuple[HistoryEntry, ...]:
    rows = connection.execute(tables.HISTORY, (fingerprint, limit)).fetchall()
    return tuple(entry for row in rows if (entry := _entry(*row)) is not None)


def _entry(at: object, what: object, by: object, note: object) -> HistoryEntry | None:
    """Returns an entry; None for a row that can't be read."""
    try:
        return msgspec.convert({"at": at, "what": what, "by": by, "note": note}, HistoryEntry)
    except msgspec.ValidationError:
        return None


def _alert(fingerprint: object, status: object, body: object) -> Alert:
    try:
        return healed(read(Alert, body))  # type: ignore[arg-type]
    except InvalidRequest as error:
        reason = error.message
    except (TypeError, ValueError, AttributeError) as error:
        reason = f"it is no text ({type(error).__name__})"
    return unreadable(str(fingerprint), str(status), reason)


def _moment(connection: sqlite3.Connection, statement: str) -> datetime | None:
    """Returns a time that is kept; None also for one that can't be read, which the next one replaces."""
    found = connection.execute(statement).fetchone()
    try:
        return moments.bounded(datetime.fromisoformat(found[0])) if found and found[0] else None
    except (TypeError, ValueError):
        return None


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
