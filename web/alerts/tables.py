"""The inbox's tables in SQLite, and the statements on them."""

from __future__ import annotations

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS alerts (
        fingerprint TEXT NOT NULL PRIMARY KEY,
        status TEXT NOT NULL,
        severity TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        body BLOB NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        service TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        fingerprint TEXT NOT NULL REFERENCES alerts (fingerprint) ON DELETE CASCADE,
        at TEXT NOT NULL,
        what TEXT NOT NULL,
        by TEXT NOT NULL,
        note TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS history_of ON history (fingerprint, id)",
    """
    CREATE TABLE IF NOT EXISTS heartbeat (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), received_at TEXT NOT NULL)
    """,
    "CREATE TABLE IF NOT EXISTS awaited (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), since TEXT NOT NULL)",
    "INSERT OR IGNORE INTO awaited (only_row, since) VALUES (1, strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'))",
    """
    CREATE TABLE IF NOT EXISTS looked (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), looked_at TEXT NOT NULL, confirmed_at TEXT
    )
    """,
    "CREATE TABLE IF NOT EXISTS silences (id TEXT NOT NULL PRIMARY KEY, ends_at TEXT NOT NULL, body BLOB NOT NULL)",
)
PUT_HEARTBEAT = "INSERT OR REPLACE INTO heartbeat (only_row, received_at) VALUES (1, ?)"
HEARTBEAT = "SELECT received_at FROM heartbeat"
AWAITED_SINCE = "SELECT since FROM awaited"
LOOKED = """
INSERT INTO looked (only_row, looked_at) VALUES (1, ?)
ON CONFLICT (only_row) DO UPDATE SET looked_at = excluded.looked_at
"""
CONFIRMED = "UPDATE looked SET confirmed_at = looked_at"
CONFIRMED_AT = "SELECT confirmed_at FROM looked"

ROW = "SELECT fingerprint, status, body FROM alerts"
ONE = f"{ROW} WHERE fingerprint = ?"
OPEN = f"{ROW} WHERE status != 'resolved'"
CRITICAL = f"{ROW} WHERE status = 'firing' AND severity = 'critical'"
UPSERT = """
INSERT INTO alerts (fingerprint, status, severity, updated_at, body, name, service) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (fingerprint) DO UPDATE SET
    status = excluded.status, severity = excluded.severity, updated_at = excluded.updated_at, body = excluded.body,
    name = excluded.name, service = excluded.service
"""
BY_WEIGHT = (
    "status != 'resolved' DESC, status != 'resolved' AND severity = 'critical' DESC, updated_at DESC, rowid DESC"
)
TRIM = f"""
DELETE FROM alerts WHERE fingerprint NOT IN (SELECT fingerprint FROM alerts ORDER BY {BY_WEIGHT} LIMIT ?)
RETURNING status
"""  # noqa: S608 - constants alone
NEWEST = f"{ROW} ORDER BY updated_at DESC, rowid DESC LIMIT ?"
WEIGHTIEST = f"{ROW} ORDER BY {BY_WEIGHT} LIMIT ?"
NAMED = f"{ROW} WHERE name = ? ORDER BY {BY_WEIGHT} LIMIT ?"
SERVICES = "SELECT DISTINCT service FROM alerts WHERE name = ? AND service != ''"
BESIDE = f"""
{ROW} WHERE status != 'resolved' AND name != ?1 AND service IN ({SERVICES.replace("?", "?1")})
ORDER BY {BY_WEIGHT} LIMIT ?2
"""
COUNTS = "SELECT status, count(*) FROM alerts GROUP BY status"

PUT_HISTORY = "INSERT INTO history (fingerprint, at, what, by, note) VALUES (?, ?, ?, ?, ?)"
TRIM_HISTORY = """
DELETE FROM history WHERE fingerprint = ?1
AND id NOT IN (SELECT id FROM history WHERE fingerprint = ?1 ORDER BY id DESC LIMIT ?2)
"""
HISTORY = "SELECT at, what, by, note FROM history WHERE fingerprint = ? ORDER BY id DESC LIMIT ?"

HISTORY_NAMED = """
SELECT alerts.fingerprint, at, what, by, note FROM history JOIN alerts USING (fingerprint)
WHERE alerts.name = ? ORDER BY history.id DESC LIMIT ?
"""

PUT_SILENCE = "INSERT OR REPLACE INTO silences (id, ends_at, body) VALUES (?, ?, ?)"
SILENCE = "SELECT body FROM silences WHERE id = ?"
ALL_SILENCES = "SELECT body FROM silences"
SILENCES = "SELECT body FROM silences WHERE ends_at > ?"
DROP_SILENCE = "DELETE FROM silences WHERE id = ?"
DROP_OVER = "DELETE FROM silences WHERE ends_at <= ?"

COLUMNS = "SELECT name FROM pragma_table_info('alerts')"
ADD_COLUMNS = (
    "ALTER TABLE alerts ADD COLUMN name TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE alerts ADD COLUMN service TEXT NOT NULL DEFAULT ''",
)
INDEX = "CREATE INDEX IF NOT EXISTS alerts_of ON alerts (name)"
WITHOUT_NAME = f"{ROW} WHERE name = ''"
SET_NAME = "UPDATE alerts SET name = ?, service = ? WHERE fingerprint = ?"
OLD_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alert'"
OLD_ROWS = "SELECT fingerprint, status, body FROM alert ORDER BY updated_at, id"
DROP_OLD = "DROP TABLE alert"
