"""The file of an earlier version is taken over in place: names are filled in, nothing is lost, a way back is open."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from common import wire
from tests.web.alerts.test_inbox import ONE, START, later, put
from web.alerts import tables
from web.alerts.inbox import AlertInbox
from web.alerts.rows import text_of

BEFORE = """
CREATE TABLE alerts (
    fingerprint TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL, severity TEXT NOT NULL, updated_at TEXT NOT NULL,
    body BLOB NOT NULL
)
"""
"""The table of the version before names had a column, and its statement for a row."""
PUT_BEFORE = """
INSERT INTO alerts (fingerprint, status, severity, updated_at, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (fingerprint) DO UPDATE SET
    status = excluded.status, severity = excluded.severity, updated_at = excluded.updated_at, body = excluded.body
"""
HISTORY = tables.SCHEMA[1]
KEPT = [
    later(ONE, number, fingerprint=f"f{number}", name=("LedgerDown", "TapeOff")[number % 2], service="executor")
    for number in range(4)
]


def write(connection: sqlite3.Connection, *, broken: bool = False) -> None:
    for each in KEPT:
        body = b"{" if broken and each.fingerprint == "f3" else wire.encode(each)
        row = (each.fingerprint, each.status, each.severity, text_of(each.updated_at), body)
        connection.execute(PUT_BEFORE, row)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as the version before wrote it, with a row that can't be read."""
    file = tmp_path / "alerts.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute(BEFORE)
        connection.execute(HISTORY)
        write(connection, broken=True)
        at = text_of(datetime(2026, 11, 22, tzinfo=UTC))
        connection.execute(tables.PUT_HISTORY, ("f0", at, "fired", "", ""))
    connection.close()
    return file


def named(inbox: AlertInbox, name: str) -> list[str]:
    return [each.fingerprint for each, _ in inbox.named(name, 10).alerts]


def test_alerts_of_an_old_file_are_found_by_their_names_with_their_history(old: Path) -> None:
    inbox = AlertInbox(old)
    assert named(inbox, "LedgerDown") == ["f2", "f0"]
    assert named(inbox, "TapeOff") == ["f1"]
    assert named(inbox, "(unreadable)") == ["f3"]
    assert [(of, entry.what) for of, entry in inbox.named("LedgerDown", 10).history] == [("f0", "fired")]
    assert sorted(each.fingerprint for each in inbox.newest(10)) == ["f0", "f1", "f2", "f3"]


def test_an_old_file_is_taken_over_once_and_opened_as_often_as_one_likes(old: Path) -> None:
    first = AlertInbox(old).newest(10)
    assert AlertInbox(old).newest(10) == first
    assert named(AlertInbox(old), "LedgerDown") == ["f2", "f0"]


def test_what_an_earlier_version_writes_after_this_one_gets_its_name_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "alerts.sqlite"
    AlertInbox(file)
    with sqlite3.connect(file) as connection:
        write(connection)
    connection.close()
    assert named(AlertInbox(file), "TapeOff") == ["f3", "f1"]


def test_the_alerts_of_a_name_are_found_without_reading_the_others(tmp_path: Path) -> None:
    file = tmp_path / "alerts.sqlite"
    put(AlertInbox(file), *KEPT)
    with sqlite3.connect(file) as connection:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {tables.NAMED}", ("TapeOff", 10)))
    connection.close()
    assert "USING INDEX alerts_of (name=?)" in plan


def test_what_is_open_beside_an_alert_is_of_its_service_and_of_other_names(tmp_path: Path) -> None:
    inbox = AlertInbox(tmp_path / "alerts.sqlite")
    elsewhere = later(ONE, 9, fingerprint="elsewhere", name="Other", service="web")
    over = msgspec.structs.replace(KEPT[1], status="resolved", ends_at=START + timedelta(seconds=9))
    put(inbox, *KEPT, elsewhere, over)
    assert [each.fingerprint for each in inbox.named("LedgerDown", 10).beside] == ["f3"]
    assert inbox.named("LedgerDown", 1).alerts[0][0].fingerprint == "f2"
    assert inbox.named("Nothing", 10).beside == ()
