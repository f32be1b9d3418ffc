"""The alert inbox on disk: one row for each alert, its history, and the time of the last heartbeat."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from common.errors import NotFound, Unavailable
from common.sparing import Sparing
from web.alerts import rows, tables, upgrade
from web.alerts.acts import Change, KeptSilence, silenced
from web.alerts.alert import STATUSES, Alert, AlertStatus
from web.alerts.history import MAX_ENTRIES, HistoryEntry, entries
from web.alerts.judge import Missing, after_list, after_message, unexpired

log = logging.getLogger(__name__)

KEEP_ROWS = 1000
BUSY_SECONDS = 5.0
UNREADABLE_SECONDS = 3600.0
"""Rows that can't be read are logged once in so long."""
HISTORY_SHOWN = 6
NO_ALERT = "the inbox has no alert of this fingerprint"


@dataclass(frozen=True)
class InboxContents:
    """The inbox at one moment.

    alerts: those that fire or may fire, critical ones before others, then the resolved ones, each the last changed
        first; a bounded number.
    counts: how many alerts are kept in each status.
    heartbeat_at: when the last heartbeat of the alert path came, UTC; None before the first.
    awaited_since: when the first heartbeat began to be awaited, UTC: with the first start on this file.
    unreadable: how many of `alerts` stand for rows that can't be read.
    confirmed_at: when Alertmanager's own list was last compared, UTC; None before the first time.
    history: the latest of what happened to each of `alerts`, by fingerprint, the last first.
    critical: every critical alert that fires.
    silences: the silences that were made here, by their id.
    """

    alerts: tuple[Alert, ...]
    counts: dict[AlertStatus, int]
    heartbeat_at: datetime | None
    awaited_since: datetime | None = None
    unreadable: int = 0
    confirmed_at: datetime | None = None
    history: Mapping[str, tuple[HistoryEntry, ...]] = field(default_factory=dict)
    critical: tuple[Alert, ...] = ()
    silences: Mapping[str, KeptSilence] = field(default_factory=dict)


@dataclass(frozen=True)
class NamedAlerts:
    """The alerts of one name at one moment.

    alerts: each with the whole of its history, in the order of `InboxContents.alerts`; a bounded number.
    history: the latest of what happened to any of them, with its fingerprint, the last first.
    beside: the alerts of other names and the same service that fire or may fire; a bounded number.
    silences: the silences that were made here, by their id.
    """

    alerts: tuple[tuple[Alert, tuple[HistoryEntry, ...]], ...]
    history: tuple[tuple[str, HistoryEntry], ...]
    beside: tuple[Alert, ...]
    silences: Mapping[str, KeptSilence]


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
            upgrade.carry_over(connection)

    def take(self, sent: Sequence[Alert], missing: Missing, *, heartbeat_at: datetime | None = None) -> list[str]:
        """Takes what a message said, and the heartbeat where one came, in one transaction.

        Returns the status of each alert that was dropped, because the inbox was full.
        """
        with self._transaction() as connection:
            for each in sent:
                old = self._one(connection, each.fingerprint)
                if (new := after_message(old, each, missing)) is not None:
                    rows.put(connection, new, entries(old, new))
            if heartbeat_at is not None:
                connection.execute(tables.PUT_HEARTBEAT, (rows.text_of(heartbeat_at),))
            return self._trim(connection)

    def reconcile(self, listed: Sequence[Alert], missing: Missing, asked_at: datetime) -> list[str]:
        """Makes the inbox equal to Alertmanager's list of what fires, which was asked for then. Returns as `take`."""
        with self._transaction() as connection:
            kept = self._open(connection, asked_at)
            for each in listed:
                if each.fingerprint not in kept and (old := self._one(connection, each.fingerprint)) is not None:
                    kept[each.fingerprint] = old
            for new in after_list(tuple(kept.values()), listed, missing, asked_at):
                rows.put(connection, new, entries(kept.get(new.fingerprint), new))
            connection.execute(tables.LOOKED, (rows.text_of(asked_at),))
            connection.execute(tables.CONFIRMED)
            return self._trim(connection)

    def looked(self, at: datetime) -> None:
        """Writes that Alertmanager was asked in vain. It proves that the inbox can still be written."""
        with self._transaction() as connection:
            self._open(connection, at)
            connection.execute(tables.LOOKED, (rows.text_of(at),))

    def change(self, fingerprint: str, by: Callable[[Alert], Change]) -> Alert:
        """Changes an alert as somebody wants, and returns it. Raises `NotFound`, and what `by` raises."""
        with self._transaction() as connection:
            if (old := self._one(connection, fingerprint)) is None:
                raise NotFound(NO_ALERT)
            new, happened = by(old)
            if happened:
                rows.put(connection, new, happened)
            return new

    def keep_silence(self, made: KeptSilence, now: datetime, lost: str = "") -> bool:
        """Keeps a silence, and writes it into the history of its alert where that is kept.

        lost: the id that the silence had before Alertmanager lost it; empty for a new one. Returns false, and keeps
        nothing, when that one was ended meanwhile.
        """
        with self._transaction() as connection:
            if lost:
                before = rows.silences(connection.execute(tables.SILENCE, (lost,)))
                if not before or before[0].expired:
                    return False
                connection.execute(tables.DROP_SILENCE, (lost,))
            connection.execute(tables.DROP_OVER, (rows.text_of(now),))
            rows.put_silence(connection, made)
            if (alert := self._one(connection, made.fingerprint)) is not None:
                rows.put(connection, *silenced(alert, made, now, lost))
            return True

    def update_silences(self, changed: Sequence[KeptSilence]) -> None:
        """Writes silences that are kept already. One that was ended meanwhile stays ended."""
        with self._transaction() as connection:
            for each in changed:
                for kept in rows.silences(connection.execute(tables.SILENCE, (each.silence_id,))):
                    expired = each.expired or kept.expired
                    rows.put_silence(connection, msgspec.structs.replace(each, expired=expired))

    def end_silence(self, silence_id: str, now: datetime, by: Callable[[Alert], Change]) -> bool:
        """Notes that somebody has ended a silence. Returns true when one of that id is kept, or holds back an alert."""
        with self._transaction() as connection:
            kept = rows.silences(connection.execute(tables.SILENCE, (silence_id,)))
            for each in kept:
                rows.put_silence(connection, msgspec.structs.replace(each, expired=True))
            known = bool(kept)
            for alert in self._open(connection, now).values():
                new, happened = by(alert)
                if happened:
                    rows.put(connection, new, happened)
                    known = True
            return known

    def silences(self, now: datetime) -> list[KeptSilence]:
        """Returns the silences that were made here and whose time is not over, also those that were ended before."""
        with self._connection() as connection:
            return rows.silences(connection.execute(tables.SILENCES, (rows.text_of(now),)))

    def newest(self, limit: int) -> list[Alert]:
        """Returns at most `limit` alerts, the one that changed last first."""
        with self._connection() as connection:
            return self._alerts(connection.execute(tables.NEWEST, (limit,)))

    def one(self, fingerprint: str) -> tuple[Alert, tuple[HistoryEntry, ...]]:
        """Returns an alert and its whole history, the last first. Raises `NotFound`."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            if (alert := self._one(connection, fingerprint)) is None:
                raise NotFound(NO_ALERT)
            return alert, rows.history(connection, fingerprint, MAX_ENTRIES)

    def named(self, name: str, limit: int) -> NamedAlerts:
        """Returns at most `limit` alerts of a name, what happened to them, and what is open beside them."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alerts = self._alerts(connection.execute(tables.NAMED, (name, limit)))
            return NamedAlerts(
                alerts=tuple((each, rows.history(connection, each.fingerprint, MAX_ENTRIES)) for each in alerts),
                history=rows.history_named(connection, name, MAX_ENTRIES),
                beside=tuple(self._alerts(connection.execute(tables.BESIDE, (name, limit)))),
                silences=_by_id(rows.silences(connection.execute(tables.ALL_SILENCES))),
            )

    def contents(self, limit: int) -> InboxContents:
        """Returns the inbox with at most `limit` alerts."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            alerts = self._alerts(connection.execute(tables.WEIGHTIEST, (limit,)))
            counts = dict(connection.execute(tables.COUNTS).fetchall())
            return InboxContents(
                alerts=tuple(alerts),
                counts={status: counts.get(status, 0) for status in STATUSES},
                heartbeat_at=rows.moment(connection, tables.HEARTBEAT),
                awaited_since=rows.moment(connection, tables.AWAITED_SINCE),
                unreadable=sum("body" in alert.bounded for alert in alerts),
                confirmed_at=rows.moment(connection, tables.CONFIRMED_AT),
                history={one.fingerprint: rows.history(connection, one.fingerprint, HISTORY_SHOWN) for one in alerts},
                critical=tuple(self._alerts(connection.execute(tables.CRITICAL))),
                silences=_by_id(rows.silences(connection.execute(tables.ALL_SILENCES))),
            )

    def heard(self) -> tuple[datetime | None, datetime | None]:
        """Returns when the last heartbeat came, None before the first; and when the first began to be awaited."""
        with self._connection() as connection:
            return rows.moment(connection, tables.HEARTBEAT), rows.moment(connection, tables.AWAITED_SINCE)

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

    def _open(self, connection: sqlite3.Connection, now: datetime) -> dict[str, Alert]:
        """Returns what fires or may fire, by fingerprint, after the acknowledgements whose time is over have ended."""
        found = {}
        for old in self._alerts(connection.execute(tables.OPEN)):
            found[old.fingerprint] = new = unexpired(old, now)
            if new is not old:
                rows.put(connection, new, entries(old, new))
        return found

    def _one(self, connection: sqlite3.Connection, fingerprint: str) -> Alert | None:
        return next(iter(self._alerts(connection.execute(tables.ONE, (fingerprint,)))), None)

    def _alerts(self, found: sqlite3.Cursor) -> list[Alert]:
        alerts = [rows.alert(*row) for row in found]
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
                connection.text_factory = rows.decoded
                yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"the inbox can't be written or read ({error})") from error


def _by_id(silences: Sequence[KeptSilence]) -> dict[str, KeptSilence]:
    return {each.silence_id: each for each in silences}
