"""The rows of the inbox's tables: how an alert, an entry of its history, a silence and a time are read and written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import msgspec

from common import moments, wire
from common.codec import read
from common.errors import InvalidRequest
from web.alerts import tables
from web.alerts.acts import KeptSilence
from web.alerts.alert import Alert, healed, unreadable
from web.alerts.history import MAX_ENTRIES, HistoryEntry


def put(connection: sqlite3.Connection, new: Alert, happened: Sequence[HistoryEntry]) -> None:
    """Writes the new state of an alert, and what happened to it."""
    row = (new.fingerprint, new.status, new.severity, text_of(new.updated_at), wire.encode(new), new.name, new.service)
    connection.execute(tables.UPSERT, row)
    for each in happened:
        connection.execute(tables.PUT_HISTORY, (new.fingerprint, text_of(each.at), each.what, each.by, each.note))
    if happened:
        connection.execute(tables.TRIM_HISTORY, (new.fingerprint, MAX_ENTRIES))


def history(connection: sqlite3.Connection, fingerprint: str, limit: int) -> tuple[HistoryEntry, ...]:
    """Returns the latest of what happened to an alert, the last first."""
    rows = connection.execute(tables.HISTORY, (fingerprint, limit)).fetchall()
    return tuple(entry for row in rows if (entry := _entry(*row)) is not None)


def history_named(connection: sqlite3.Connection, name: str, limit: int) -> tuple[tuple[str, HistoryEntry], ...]:
    """Returns the latest of what happened to all alerts of a name, each with its fingerprint, the last first."""
    found = connection.execute(tables.HISTORY_NAMED, (name, limit)).fetchall()
    return tuple((of, entry) for of, *row in found if (entry := _entry(*row)) is not None)


def _entry(at: object, what: object, by: object, note: object) -> HistoryEntry | None:
    """Returns an entry; None for a row that can't be read."""
    try:
        return msgspec.convert({"at": at, "what": what, "by": by, "note": note}, HistoryEntry)
    except msgspec.ValidationError:
        return None


def alert(fingerprint: object, status: object, body: object) -> Alert:
    """Returns the alert of a row, or what stands for one that can't be read."""
    try:
        return healed(read(Alert, body))  # type: ignore[arg-type]
    except InvalidRequest as error:
        reason = error.message
    except (TypeError, ValueError, AttributeError) as error:
        reason = f"it is no text ({type(error).__name__})"
    return unreadable(str(fingerprint), str(status), reason)


def put_silence(connection: sqlite3.Connection, silence: KeptSilence) -> None:
    """Writes a silence."""
    row = (silence.silence_id, text_of(silence.ends_at), wire.encode(silence))
    connection.execute(tables.PUT_SILENCE, row)


def silences(found: sqlite3.Cursor) -> list[KeptSilence]:
    """Returns the silences of rows; those that can't be read are left out."""
    return [each for (body,) in found.fetchall() if (each := _silence(body)) is not None]


def _silence(body: object) -> KeptSilence | None:
    try:
        return read(KeptSilence, body)  # type: ignore[arg-type]
    except (InvalidRequest, TypeError, ValueError, AttributeError):
        return None


def moment(connection: sqlite3.Connection, statement: str) -> datetime | None:
    """Returns a time that is kept; None also for one that can't be read, which the next one replaces."""
    found = connection.execute(statement).fetchone()
    try:
        return moments.bounded(datetime.fromisoformat(found[0])) if found and found[0] else None
    except (TypeError, ValueError):
        return None


def decoded(text: bytes) -> str:
    """Returns the text of a column; bytes that are no UTF-8 become the replacement character."""
    return text.decode("utf-8", "replace")


def text_of(moment: datetime) -> str:
    """Returns a time in UTC as it is kept: such texts are in the order of their times."""
    return moment.isoformat(timespec="microseconds")
