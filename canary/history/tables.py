"""The tables of the history in SQLite, and the statements on them. Pure.

Times are whole microseconds since 1970 in UTC; an hour is whole hours since then, a day is whole days.
"""

from __future__ import annotations

VERSION = 1
SCHEMA = (
    """
    CREATE TABLE began (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), at INTEGER NOT NULL, note TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE runs (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        changed INTEGER NOT NULL,
        was TEXT,
        reasons TEXT NOT NULL,
        more_reasons INTEGER NOT NULL,
        p95 REAL,
        samples INTEGER NOT NULL
    )
    """,
    "CREATE INDEX runs_by_time ON runs (changed, at)",
    "CREATE INDEX runs_by_sequence ON runs (changed)",
    """
    CREATE TABLE hours (
        hour INTEGER PRIMARY KEY,
        pass INTEGER NOT NULL,
        fail INTEGER NOT NULL,
        inconclusive INTEGER NOT NULL,
        p95_worst REAL,
        p95_median REAL,
        metrics_bytes TEXT NOT NULL,
        restarts TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE uptime (
        day INTEGER NOT NULL,
        service TEXT NOT NULL,
        rounds INTEGER NOT NULL,
        rounds_up INTEGER NOT NULL,
        observed REAL NOT NULL,
        up REAL NOT NULL,
        PRIMARY KEY (day, service)
    ) WITHOUT ROWID
    """,
    f"PRAGMA user_version = {VERSION}",
)

BEGIN_HISTORY = "INSERT INTO began (only_row, at, note) VALUES (1, ?, ?)"
BEGAN = "SELECT at, note FROM began"

TABLES = frozenset({"began", "runs", "hours", "uptime"})
TABLE_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table'"
LAST_RUN = "SELECT verdict, at FROM runs ORDER BY sequence DESC LIMIT 1"
ADD_RUN = """
INSERT INTO runs (at, verdict, changed, was, reasons, more_reasons, p95, samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
RUNS = """
SELECT sequence, at, verdict, changed, was, reasons, more_reasons, p95, samples FROM runs
WHERE sequence < :before AND (:verdict IS NULL OR verdict = :verdict) AND changed >= :changed
ORDER BY sequence DESC LIMIT :limit
"""
LAST_CHANGE = "SELECT at FROM runs WHERE changed = 1 ORDER BY sequence DESC LIMIT 1"

RUNS_OF_HOUR = "SELECT verdict, p95 FROM runs WHERE changed IN (0, 1) AND at >= ? AND at < ?"
PUT_HOUR = "INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
HOURS = "SELECT * FROM hours WHERE hour < ? ORDER BY hour DESC LIMIT ?"

ADD_UPTIME = """
INSERT INTO uptime (day, service, rounds, rounds_up, observed, up) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (day, service) DO UPDATE SET
    rounds = rounds + excluded.rounds, rounds_up = rounds_up + excluded.rounds_up,
    observed = observed + excluded.observed, up = up + excluded.up
"""
UPTIME = "SELECT day, service, rounds, rounds_up, observed, up FROM uptime WHERE day > ? AND day <= ?"
UPTIME_OF_DAY = "SELECT service, rounds_up, rounds FROM uptime WHERE day = ? AND rounds > 0"

DROP_OLD_RUNS = """
DELETE FROM runs WHERE sequence IN
    (SELECT sequence FROM runs WHERE changed = ? AND at < ? ORDER BY at LIMIT ?)
"""
DROP_SURPLUS_RUNS = """
DELETE FROM runs WHERE sequence IN (
    SELECT sequence FROM runs WHERE changed = :changed AND sequence <=
        (SELECT sequence FROM runs WHERE changed = :changed ORDER BY sequence DESC LIMIT 1 OFFSET :most)
    ORDER BY sequence LIMIT :step
)
"""
DROP_OLD_HOURS = "DELETE FROM hours WHERE hour IN (SELECT hour FROM hours WHERE hour <= ? ORDER BY hour LIMIT ?)"
DROP_OLD_UPTIME = """
DELETE FROM uptime WHERE (day, service) IN
    (SELECT day, service FROM uptime WHERE day <= ? ORDER BY day, service LIMIT ?)
"""
