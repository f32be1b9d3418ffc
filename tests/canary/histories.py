"""Histories for tests: entries and rounds at given times, and files that a test damages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from canary.history import reads
from canary.history.cursor import LAST
from canary.history.entries import RoundEntry, microseconds
from canary.history.keeper import HistoryKeeper
from canary.history.messages import HourSummary, RunRow, UptimeDay
from canary.history.store import FILE, HistoryFile
from canary.observation import Observation
from canary.observer import ProbeRound
from canary.verdict import judge
from tests.canary.build import LIMITS, check, observation

START = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
LONGEST = 90.0
WELL = observation()
BAD = observation(checks=(check(status=500),))


def after(**span: float) -> datetime:
    return START + timedelta(**span)


def entry(at: datetime = START, verdict: Any = "PASS", **changes: Any) -> RoundEntry:
    well: dict[str, Any] = {
        "at": microseconds(at),
        "verdict": verdict,
        "reasons": () if verdict == "PASS" else ("web page: [STATUS] (500) == 200",),
        "reasons_in_all": int(verdict != "PASS"),
        "p95_seconds": 0.01,
        "samples": 40,
        "up": {"web": verdict == "PASS"},
        "metrics_bytes": {"web": 5000},
        "restarts": {"web": 0},
    }
    return RoundEntry(**(well | changes))


def filled(folder: Path, *entries: RoundEntry) -> HistoryFile:
    file = HistoryFile(folder)
    for one in entries:
        file.write(one, LONGEST)
    return file


def runs(file: HistoryFile, limit: int = 1000, **wanted: Any) -> tuple[RunRow, ...]:
    found = file.read(lambda database: reads.runs(database, reads.RunFilter(**wanted), LAST, limit))
    return found[0] if found else ()


def hours(file: HistoryFile) -> tuple[HourSummary, ...]:
    found = file.read(lambda database: reads.hours(database, LAST, 10_000))
    return found[0] if found else ()


def uptime(file: HistoryFile, now: datetime, days: int = 400) -> tuple[UptimeDay, ...]:
    return file.read(lambda database: reads.uptime(database, microseconds(now), days)) or ()


def note(file: HistoryFile) -> str | None:
    found = file.read(reads.beginning)
    return found.note if found else None


def opened(folder: Path) -> closing[sqlite3.Connection]:
    """The file itself, as SQLite opens it."""
    return closing(sqlite3.connect(folder / FILE, isolation_level=None))


def keep(keeper: HistoryKeeper, *seen: Observation) -> None:
    """Has the rounds kept; one that is well when none is given."""
    for one in seen or (WELL,):
        keeper.keep(ProbeRound(one, (), ""), judge(one, LIMITS))
