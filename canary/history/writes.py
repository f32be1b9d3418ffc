"""Writes one round into an open history, within its transaction, and removes what is too old in small steps."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import cast

from canary.history import tables
from canary.history.entries import DAY, HOUR, MOST_REASONS_OF_A_ROUND, RoundEntry, spans
from canary.percentile import nearest_rank
from canary.verdict import VERDICTS, Verdict
from common import wire

KEEP_ROUNDS, MOST_ROUNDS = 48 * HOUR, 20_000
KEEP_CHANGES, MOST_CHANGES = 366 * DAY, 10_000
KEEP_HOURS = 366 * 24
KEEP_DAYS = 400
STEP = 50
"""Rows of one kind that one round removes at most, so that no round takes long."""
MEDIAN = 50


@dataclass(frozen=True)
class Kept:
    """The outcome of one write.

    before: the verdict of the round before it; None for the first round of a history.
    uptime_today: the uptime of each service on the day of the round, from 0 to 1.
    """

    before: Verdict | None
    uptime_today: dict[str, float]


def add(database: sqlite3.Connection, entry: RoundEntry, longest_seconds: float) -> Kept:
    """Adds a round. It stands for the time since the round before it, unless that was over `longest_seconds` ago."""
    last = database.execute(tables.LAST_RUN).fetchone()
    before, before_at = (cast(Verdict, last[0]), int(last[1])) if last else (None, None)
    _add_run(database, entry, before)
    _put_hour(database, entry)
    _add_uptime(database, entry, before_at, longest_seconds)
    _drop(database, entry.at)
    today = database.execute(tables.UPTIME_OF_DAY, (entry.at // DAY,))
    return Kept(before, {service: up / rounds for service, up, rounds in today})


def _add_run(database: sqlite3.Connection, entry: RoundEntry, before: Verdict | None) -> None:
    changed = before != entry.verdict
    reasons = entry.reasons if changed else entry.reasons[:MOST_REASONS_OF_A_ROUND]
    row = (
        entry.at,
        entry.verdict,
        int(changed),
        before if changed else None,
        wire.encode(reasons).decode(),
        entry.reasons_in_all - len(reasons),
        entry.p95_seconds,
        entry.samples,
    )
    database.execute(tables.ADD_RUN, row)


def _put_hour(database: sqlite3.Connection, entry: RoundEntry) -> None:
    """Writes the row of the hour anew, from its rounds."""
    hour = entry.at // HOUR
    rounds = database.execute(tables.RUNS_OF_HOUR, (hour * HOUR, (hour + 1) * HOUR)).fetchall()
    counts = [sum(verdict == one for verdict, _ in rounds) for one in VERDICTS]
    p95 = [seconds for _, seconds in rounds if seconds is not None]
    worst, median = (max(p95), nearest_rank(p95, MEDIAN)) if p95 else (None, None)
    sizes, restarts = wire.encode(entry.metrics_bytes).decode(), wire.encode(entry.restarts).decode()
    database.execute(tables.PUT_HOUR, (hour, *counts, worst, median, sizes, restarts))


def _add_uptime(database: sqlite3.Connection, entry: RoundEntry, before_at: int | None, longest_seconds: float) -> None:
    today = entry.at // DAY
    seconds = {today: 0.0, **dict(spans(before_at, entry.at, longest_seconds))}
    database.executemany(
        tables.ADD_UPTIME,
        [
            (day, service, int(day == today), int(day == today and up), observed, observed * up)
            for service, up in entry.up.items()
            for day, observed in seconds.items()
        ],
    )


def _drop(database: sqlite3.Connection, now: int) -> None:
    for changed, keep, most in ((0, KEEP_ROUNDS, MOST_ROUNDS), (1, KEEP_CHANGES, MOST_CHANGES)):
        database.execute(tables.DROP_OLD_RUNS, (changed, now - keep, STEP))
        database.execute(tables.DROP_SURPLUS_RUNS, {"changed": changed, "most": most, "step": STEP})
    database.execute(tables.DROP_OLD_HOURS, (now // HOUR - KEEP_HOURS, STEP))
    database.execute(tables.DROP_OLD_UPTIME, (now // DAY - KEEP_DAYS, STEP))
